/**
 * Proves the microphones: a chirp goes out through the node's speaker and must come back in, well above the noise; between tests, what
 * else is known to be wrong with them (a dead one, one that hears nothing of what the others hear) is told when it changes. The chirp
 * swells and fades, so that no ear takes it for an impulse, and nothing else is kept from being heard meanwhile.
 */
import { MODEL_RATE_HZ, resampleClip } from "#core/acoustics/clip-resampler.ts";
import type { Speaker } from "../ports.ts";

const CHIRP_S = 0.3;
const FROM_HZ = 600;
const TO_HZ = 3000;
/** Listened to after the speaker was asked: the chirp, and the time it takes to come out. */
const WINDOW_S = 2;
/** Of noise alone, the best of a window's 20000 lags stands 13 dB above their mean. */
export const DEFAULT_MIN_SNR_DB = 20;

export interface TestResult {
  passed: boolean;
  detail: string;
}

/** The test sound: 0.3 s from 600 to 3000 Hz, swelling and fading. */
export function testChirp(sampleRateHz: number): Float32Array {
  return Float32Array.from({ length: Math.round(CHIRP_S * sampleRateHz) }, (_, i) => {
    const s = i / sampleRateHz;
    const phase = 2 * Math.PI * (FROM_HZ * s + ((TO_HZ - FROM_HZ) * s * s) / (2 * CHIRP_S));
    return 0.5 * Math.sin(phase) * Math.sin((Math.PI * s) / CHIRP_S) ** 2;
  });
}

/** Where the chirp is in a recording, and how far its matched filter stands above the filter's mean. */
export function findChirp(sound: Float32Array, sampleRateHz: number): { snrDb: number; atS: number } {
  const at12 = new Float32Array(Math.floor((sound.length / sampleRateHz) * MODEL_RATE_HZ));
  resampleClip(sound, sampleRateHz, 0, at12, 0);
  const chirp = testChirp(MODEL_RATE_HZ);
  let best = 0;
  let bestAt = 0;
  let sum = 0;
  let count = 0;
  for (let lag = 0; lag + chirp.length <= at12.length; lag++) {
    let dot = 0;
    for (let i = 0; i < chirp.length; i++) dot += chirp[i]! * at12[lag + i]!;
    const power = dot * dot;
    sum += power;
    count += 1;
    if (power > best) {
      best = power;
      bestAt = lag;
    }
  }
  // The chirp's own lags are few among thousands, but as strong as they are: they do not belong to the noise.
  const noise = Math.max(1e-20, (sum - best) / Math.max(1, count - 1));
  return { snrDb: 10 * Math.log10(Math.max(best, 1e-20) / noise), atS: bestAt / MODEL_RATE_HZ };
}

export interface MicrophoneTestOptions {
  /** Absent: only faults are told. */
  speaker: Speaker | undefined;
  everyS: number;
  /** The first test comes so long after the start. */
  firstS?: number;
  minSnrDb: number;
  onResult: (result: TestResult) => void;
}

/** Fed with all sound of the microphone that is listened on; its time is that of the samples. */
export class MicrophoneTest {
  readonly #options: MicrophoneTestOptions;
  readonly #firstS: number;
  #window = new Float32Array(0);
  #filled: number | undefined;
  #untilTestS: number;
  #chirp: TestResult | undefined;
  #faults: readonly string[] = [];
  /** Of the sound itself: there is none, or not what was asked for. */
  #soundFault: string | undefined;

  constructor(options: MicrophoneTestOptions) {
    const { speaker, firstS = 10 } = options;
    this.#options = options;
    this.#firstS = firstS;
    this.#untilTestS = speaker ? firstS : Number.POSITIVE_INFINITY;
  }

  /** @param fault of the sound itself; while there is one, nothing else is known of the microphones. */
  noteSound(fault: string | undefined): void {
    if (fault === this.#soundFault) return;
    this.#soundFault = fault;
    this.#filled = undefined;
    // What was plugged in again is proved soon.
    if (this.#options.speaker) this.#untilTestS = this.#firstS;
    this.#tell();
  }

  /** @param faults what is wrong with the microphones now; a new list where that changed. */
  push(samples: Float32Array, sampleRateHz: number, faults: readonly string[]): void {
    if (faults !== this.#faults) {
      const had = this.#faults.length > 0;
      this.#faults = faults;
      if (had || faults.length > 0) this.#tell();
    }
    if (this.#filled !== undefined) this.#take(samples, sampleRateHz);
    this.#untilTestS -= samples.length / sampleRateHz;
    if (this.#untilTestS > 0 || this.#filled !== undefined) return;
    this.#untilTestS = this.#options.everyS;
    this.#filled = 0;
    this.#window = new Float32Array(Math.round(WINDOW_S * sampleRateHz));
    this.#options.speaker?.play(testChirp(sampleRateHz), sampleRateHz).catch((error: Error) => {
      this.#filled = undefined;
      this.#chirp = { passed: false, detail: `the test sound could not be played: ${error.message}` };
      this.#tell();
    });
  }

  #take(samples: Float32Array, sampleRateHz: number): void {
    const part = samples.subarray(0, this.#window.length - this.#filled!);
    this.#window.set(part, this.#filled!);
    this.#filled! += part.length;
    if (this.#filled! < this.#window.length) return;
    const window = this.#window;
    this.#filled = undefined;
    this.#window = new Float32Array(0);
    const { snrDb, atS } = findChirp(window, sampleRateHz);
    const passed = snrDb >= this.#options.minSnrDb;
    const heard = `${snrDb.toFixed(0)} dB above the noise, ${(atS * 1000).toFixed(0)} ms after it was played`;
    const detail = passed
      ? `the chirp was heard ${heard}`
      : `the chirp was not heard (best match ${heard}): look at speaker and microphone`;
    this.#chirp = { passed, detail };
    this.#tell();
  }

  #tell(): void {
    if (this.#soundFault !== undefined) {
      this.#options.onResult({ passed: false, detail: this.#soundFault });
      return;
    }
    const { passed = true, detail = "every microphone gives sound" } = this.#chirp ?? {};
    const well = this.#faults.length === 0;
    const details = [...this.#faults, ...(well || this.#chirp ? [detail] : [])];
    this.#options.onResult({ passed: well && passed, detail: details.join("; ") });
  }
}
