/**
 * Proves the microphones: a chirp goes out through the node's speaker and must come back in, well above the noise; between tests, what
 * else is known to be wrong with them (a dead one, one that hears nothing of what the others hear) is told when it changes. The chirp
 * swells and fades, so that no ear takes it for an impulse, and nothing else is kept from being heard meanwhile.
 */
import type { Speaker } from "../ports.ts";
import { ChirpHearing, type FoundChirp, testChirp } from "./chirp.ts";

/** Of noise alone, the best of a window's 20000 lags stands 13 dB above their mean. */
export const DEFAULT_MIN_SNR_DB = 20;

export interface TestResult {
  passed: boolean;
  detail: string;
}

/** A block of all channels. */
interface Sound {
  channels: readonly Float32Array[];
  sampleRateHz: number;
}

export interface MicrophoneTestOptions {
  /** Absent: only faults are told. */
  speaker: Speaker | undefined;
  everyS: number;
  /** The first test comes so long after the start. */
  firstS?: number;
  minSnrDb: number;
  /** So many channels, from the first, carry a microphone that must hear the chirp; the one listened on always. */
  microphones: number;
  onResult: (result: TestResult) => void;
}

/** Fed with all sound; its time is that of the samples. */
export class MicrophoneTest {
  readonly #options: MicrophoneTestOptions;
  readonly #firstS: number;
  #hearing: ChirpHearing | undefined;
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
    this.#hearing = undefined;
    // Of what was unplugged nothing is known any more; what is plugged in again is proved soon.
    this.#chirp = undefined;
    if (this.#options.speaker) this.#untilTestS = this.#firstS;
    this.#tell();
  }

  /** @param faults what is wrong with the microphones now; a new list where that changed. */
  push({ channels, sampleRateHz }: Sound, listened: number, faults: readonly string[]): void {
    if (faults !== this.#faults) {
      const had = this.#faults.length > 0;
      this.#faults = faults;
      if (had || faults.length > 0) this.#tell();
    }
    const found = this.#hearing?.push(channels);
    if (found) this.#judge(found);
    this.#untilTestS -= channels[listened]!.length / sampleRateHz;
    if (this.#untilTestS > 0 || this.#hearing !== undefined) return;
    this.#untilTestS = this.#options.everyS;
    const microphones = Math.min(this.#options.microphones, channels.length);
    const tested = microphones > 1 ? Array.from({ length: microphones }, (_, i) => i) : [listened];
    this.#hearing = new ChirpHearing(sampleRateHz, tested);
    this.#options.speaker?.play(testChirp(sampleRateHz), sampleRateHz).catch((error: Error) => {
      this.#hearing = undefined;
      this.#chirp = { passed: false, detail: `the test sound could not be played: ${error.message}` };
      this.#tell();
    });
  }

  #judge(found: readonly FoundChirp[]): void {
    this.#hearing = undefined;
    const count = found.length;
    const deaf = found.flatMap(({ snrDb }, i) => (snrDb < this.#options.minSnrDb ? [i] : []));
    const best = found.toSorted((a, b) => b.snrDb - a.snrDb)[0]!;
    const heard = `${best.snrDb.toFixed(0)} dB above the noise, ${(best.atS * 1000).toFixed(0)} ms after it was played`;
    const by = count > 1 ? ` by ${deaf.length === 0 ? `all ${count}` : count - deaf.length} microphones, best` : "";
    const details = deaf.map((i) => `microphone ${i + 1} of ${count} has not heard the chirp`);
    if (deaf.length === count)
      this.#chirp = {
        passed: false,
        detail: `the chirp was not heard (best match ${heard}): look at speaker and microphone`,
      };
    else
      this.#chirp = { passed: deaf.length === 0, detail: [...details, `the chirp was heard${by} ${heard}`].join("; ") };
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
