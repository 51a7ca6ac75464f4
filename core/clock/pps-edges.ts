/** The rising edges of a GNSS receiver's pulse per second on a channel of the sound card, to a fraction of a sample. */
export class PpsEdges {
  readonly #rateHz: number;
  #peak = 0;
  #last = 0;
  /** Above half the height. At first it is: the first pulse only sets the height. */
  #high = true;
  #lastEdge: bigint | undefined;

  constructor(sampleRateHz: number) {
    this.#rateHz = sampleRateHz;
  }

  /** @returns edges in this block: sample and fraction at which the pulse crossed half its height. At most one in 0.9 s is believed. */
  push(samples: Float32Array, firstTick: bigint): { tick: bigint; fraction: number }[] {
    const edges: { tick: bigint; fraction: number }[] = [];
    // The height of the pulse follows a change of gain within a minute.
    const decay = Math.exp(-samples.length / (20 * this.#rateHz));
    this.#peak *= decay;
    for (let i = 0; i < samples.length; i++) {
      const x = samples[i]!;
      if (x > this.#peak) this.#peak = x;
      const half = this.#peak / 2;
      if (!this.#high && x >= half && this.#last < half && this.#peak > 0.02) {
        const tick = firstTick + BigInt(i) - 1n;
        this.#high = true;
        if (this.#lastEdge === undefined || Number(tick - this.#lastEdge) > 0.9 * this.#rateHz) {
          edges.push({ tick, fraction: (half - this.#last) / (x - this.#last) });
          this.#lastEdge = tick;
        }
      } else if (x < half / 2) this.#high = false;
      this.#last = x;
    }
    return edges;
  }
}
