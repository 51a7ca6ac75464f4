/** The last samples of one microphone, addressed by their index since the first `push` (up to 2^53). Allocates nothing after the start. */
export class Ring {
  readonly #samples: Float32Array;
  readonly #mask: number;
  /** Index of the next sample to come. */
  end = 0;

  /** Holds at least `samples`, rounded up to a power of two. */
  constructor(samples: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, samples)));
    this.#samples = new Float32Array(size);
    this.#mask = size - 1;
  }

  get size(): number {
    return this.#mask + 1;
  }

  /** Index of the oldest sample still held. */
  get start(): number {
    return Math.max(0, this.end - this.size);
  }

  put(sample: number): void {
    this.#samples[this.end % (this.#mask + 1)] = sample;
    this.end++;
  }

  /** Appends samples `from` to `to` of a block of at most `size`. */
  append(block: Float32Array, from: number, to: number): void {
    const size = this.#mask + 1;
    let at = this.end % size;
    for (let i = from; i < to; i++) {
      this.#samples[at] = block[i]!;
      at = (at + 1) & this.#mask;
    }
    this.end += to - from;
  }

  /** Stands zeros in for samples that were lost. */
  skip(count: number): void {
    for (let i = 0; i < Math.min(count, this.size); i++) this.#samples[(this.end + count - 1 - i) % this.size] = 0;
    this.end += count;
  }

  /** Fills `out` with the samples from `from` on; zero where the ring no longer or not yet holds them. Returns how many were held. */
  copy(from: number, out: Float32Array | Float64Array): number {
    const start = this.start;
    let held = 0;
    for (let i = 0; i < out.length; i++) {
      const at = from + i;
      const has = at >= start && at < this.end;
      out[i] = has ? this.#samples[at % this.size]! : 0;
      if (has) held++;
    }
    return held;
  }
}
