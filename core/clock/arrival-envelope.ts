/**
 * Blocks of sound reach a program late by what the scheduler makes of it, never early. The earliest of a second, against the line of the
 * nominal rate, is nearly free of that: it is the observation that a `SampleClock` gets.
 */
export interface Arrival {
  tick: bigint;
  ns: bigint;
}

export class ArrivalEnvelope {
  readonly #rateHz: number;
  readonly #window: bigint;
  #from: Arrival | undefined;
  #earliest: Arrival | undefined;
  #earliestS = 0;

  constructor(sampleRateHz: number, windowS = 1) {
    this.#rateHz = sampleRateHz;
    this.#window = BigInt(Math.round(windowS * sampleRateHz));
  }

  /** The sample `tick` was there at `ns`. Once a second, the earliest of that second. */
  add(tick: bigint, ns: bigint): Arrival | undefined {
    this.#from ??= { tick, ns };
    const lateS = Number(ns - this.#from.ns) / 1e9 - Number(tick - this.#from.tick) / this.#rateHz;
    if (!this.#earliest || lateS < this.#earliestS) {
      this.#earliest = { tick, ns };
      this.#earliestS = lateS;
    }
    if (tick - this.#from.tick < this.#window) return undefined;
    const earliest = this.#earliest;
    this.reset();
    return earliest;
  }

  /** After lost samples: what was gathered does not go with what comes. */
  reset(): void {
    this.#from = undefined;
    this.#earliest = undefined;
  }
}
