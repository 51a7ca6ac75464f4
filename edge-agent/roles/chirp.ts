/** The sound that proves a microphone: how it goes out, and how it is found again in what the microphones hear. */
import { MODEL_RATE_HZ, resampleClip } from "#core/acoustics/clip-resampler.ts";

const CHIRP_S = 0.3;
const FROM_HZ = 600;
const TO_HZ = 3000;
/** Listened to after the speaker was asked: the chirp, and the time it takes to come out. */
const WINDOW_S = 2;

/** How far the chirp stood above the noise, and when it came. */
export interface FoundChirp {
  snrDb: number;
  atS: number;
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
export function findChirp(sound: Float32Array, sampleRateHz: number): FoundChirp {
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

/** One test: what each of some channels hears in the two seconds after the speaker was asked. */
export class ChirpHearing {
  readonly #rateHz: number;
  readonly #channels: readonly number[];
  readonly #windows: Float32Array[];
  readonly #found: FoundChirp[] = [];
  #filled = 0;

  constructor(sampleRateHz: number, channels: readonly number[]) {
    this.#rateHz = sampleRateHz;
    this.#channels = channels;
    this.#windows = channels.map(() => new Float32Array(Math.round(WINDOW_S * sampleRateHz)));
  }

  /** @returns one for each channel, when all are judged: one a call, since that takes as long as several frames. */
  push(channels: readonly Float32Array[]): FoundChirp[] | undefined {
    const length = this.#windows[0]!.length;
    if (this.#filled < length) {
      const taken = Math.min(channels[this.#channels[0]!]!.length, length - this.#filled);
      for (const [i, channel] of this.#channels.entries())
        this.#windows[i]!.set(channels[channel]!.subarray(0, taken), this.#filled);
      this.#filled += taken;
      return undefined;
    }
    this.#found.push(findChirp(this.#windows[this.#found.length]!, this.#rateHz));
    return this.#found.length === this.#channels.length ? this.#found : undefined;
  }
}
