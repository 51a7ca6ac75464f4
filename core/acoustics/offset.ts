/** Takes a converter's offset off one channel's sound while it runs: its mean since the start, then of the last seconds (a high-pass at 0.08 Hz). */

const MEMORY_S = 2;
/** At the start the first block's median counts as so much sound. */
const START_S = 0.1;
/** So many seconds of exact zeros are a muted converter, padding or silence. */
export const PADDING_S = 0.001;
/** What is no converter's offset goes in silence, slowly enough to be no impulse, seconds. */
const FADE_S = 0.05;
const NOTHING = 1e-6;
/** Median deviations by which the first values after padding must stand off zero to be an offset and not an impulse out of silence. */
const CLEAR = 4;

export class OffsetFilter {
  readonly #rate: number;
  readonly #padding: number;
  readonly #fade: number;
  #out = new Float32Array(0);
  #offset = 0;
  /** Samples of sound since the start; undefined before. */
  #age: number | undefined;
  /** Exact zeros at the end of the last block; the last sample before them and what it became. */
  #zeros = 0;
  #lastIn = 0;
  #lastOut = 0;

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz;
    this.#padding = Math.max(4, Math.round(PADDING_S * sampleRateHz));
    this.#fade = Math.exp(-1 / (FADE_S * sampleRateHz));
  }

  /** The next block is not the last one's continuation: its own median is its offset, so that it does not begin with a step. */
  restart(): void {
    this.#age = undefined;
    this.#offset = 0;
    this.#zeros = 0;
    this.#lastIn = 0;
    this.#lastOut = 0;
  }

  /** The block without its offset, valid until the next one; a muted converter's zeros stay exactly zero. Allocates only where the length changes. */
  take(samples: Float32Array): Float32Array {
    if (this.#out.length !== samples.length) this.#out = new Float32Array(samples.length);
    for (let i = 0; i < samples.length; ) {
      let to = i;
      while (to < samples.length && samples[to] === 0) to++;
      this.#zeros += to - i;
      const silent = this.#zeros >= this.#padding;
      // Zeros that the block ends in are silence until the next one tells.
      if (silent || to === samples.length) {
        this.#silence(i, to);
        i = to;
      }
      if (i === samples.length) break;
      this.#zeros = 0;
      for (to++; to < samples.length && samples[to] !== 0; ) to++;
      if (this.#age === undefined) {
        const sound = samples.subarray(i).filter((x) => x !== 0);
        this.#offset = clearMedian(sound, silent ? CLEAR : 0);
      }
      this.#sound(samples, i, to);
      i = to;
    }
    return this.#out;
  }

  /** Sound about an offset falls to zero when it is muted; sound about zero stays there, whatever low sound has left of an offset. */
  #silence(from: number, to: number): void {
    if (Math.abs(this.#lastOut) <= Math.abs(this.#lastIn)) {
      this.#out.fill(0, from, to);
      return;
    }
    for (let i = from; i < to; i++) {
      this.#offset = Math.abs(this.#offset) < NOTHING ? 0 : this.#fade * this.#offset;
      this.#out[i] = 0 - this.#offset;
    }
  }

  #sound(samples: Float32Array, from: number, to: number): void {
    const out = this.#out;
    const age = this.#age ?? 0;
    const share = 1 / Math.min(MEMORY_S * this.#rate, START_S * this.#rate + age);
    let offset = this.#offset;
    for (let i = from; i < to; i++) {
      const y = samples[i]! - offset;
      offset += share * y;
      out[i] = y;
    }
    this.#offset = offset;
    this.#age = age + to - from;
    this.#lastIn = samples[to - 1]!;
    this.#lastOut = out[to - 1]!;
  }
}

/** Median of values, or 0 where it is within `clear` median deviations of it. */
export function clearMedian(values: Float32Array, clear: number): number {
  const sorted = values.toSorted();
  const middle = sorted[sorted.length >> 1] ?? 0;
  const deviations = sorted.map((x) => Math.abs(x - middle)).sort();
  return Math.abs(middle) > clear * (deviations[deviations.length >> 1] ?? 0) ? middle : 0;
}
