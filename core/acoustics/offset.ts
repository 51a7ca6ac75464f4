/** Takes a converter's offset off one channel's sound while it runs: a first-order high-pass at 0.5 Hz, far below all that a shot has. */

const CORNER_HZ = 0.5;
/** So many seconds of exact zeros are a muted converter or padding, not sound with an offset. */
const PADDING_S = 0.001;
/** Median deviations by which the first values after padding must stand off zero to be an offset and not an impulse out of silence. */
const CLEAR = 4;

export class OffsetFilter {
  /** Part of what is left of the offset that one sample takes off. */
  readonly #share: number;
  readonly #padding: number;
  #out = new Float32Array(0);
  #offset = 0;
  #started = false;
  /** Exact zeros at the end of the last block. */
  #zeros = 0;

  constructor(sampleRateHz: number) {
    this.#share = 1 - Math.exp((-2 * Math.PI * CORNER_HZ) / sampleRateHz);
    this.#padding = Math.max(4, Math.round(PADDING_S * sampleRateHz));
  }

  /** The next block is not the last one's continuation: its own median is its offset, so that it does not begin with a step. */
  restart(): void {
    this.#started = false;
    this.#zeros = 0;
  }

  /** The block without its offset, valid until the next one; padding stays exactly zero. Allocates only where the length changes. */
  take(samples: Float32Array): Float32Array {
    if (this.#out.length !== samples.length) this.#out = new Float32Array(samples.length);
    const out = this.#out;
    const share = this.#share;
    let offset = this.#offset;
    let zeros = this.#zeros;
    for (let i = 0; i < samples.length; ) {
      let to = i;
      while (to < samples.length && samples[to] === 0) to++;
      zeros += to - i;
      // Zeros that the block ends in are padding until the next one tells.
      const from = zeros >= this.#padding || to === samples.length ? to : i;
      out.fill(0, i, from);
      if (from < samples.length && !this.#started) {
        offset = offsetOf(samples.subarray(from), zeros >= this.#padding ? CLEAR : 0);
        this.#started = true;
      }
      if (to < samples.length) zeros = 0;
      // The zeros that are none, and sound up to the next zero.
      for (i = from; i < samples.length && (i <= to || samples[i] !== 0); i++) {
        const y = samples[i]! - offset;
        offset += share * y;
        out[i] = y;
      }
    }
    this.#offset = offset;
    this.#zeros = zeros;
    return out;
  }
}

/** Median of what is not zero, or 0 where it is within `clear` median deviations of it. */
function offsetOf(samples: Float32Array, clear: number): number {
  const sound = samples.filter((x) => x !== 0).sort();
  const middle = sound[sound.length >> 1] ?? 0;
  const deviations = sound.map((x) => Math.abs(x - middle)).sort();
  return Math.abs(middle) > clear * (deviations[deviations.length >> 1] ?? 0) ? middle : 0;
}
