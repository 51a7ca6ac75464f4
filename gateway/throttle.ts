/** Slows a sender down instead of dropping what it says: its acknowledgements come later, its connection is read later. */
export class Throttle {
  readonly #perMessageMs: number;
  readonly #burst: number;
  /** When the last message let through would have been due at the sustained rate. */
  #dueMs = Number.NEGATIVE_INFINITY;

  /** @param burst messages that pass at once after a quiet time. */
  constructor(perSecond: number, burst: number) {
    this.#perMessageMs = 1_000 / perSecond;
    this.#burst = burst;
  }

  /** Milliseconds that this message has to wait (generic cell rate algorithm, ITU-T I.371). */
  delayMs(nowMs: number): number {
    const dueMs = Math.max(this.#dueMs, nowMs) + this.#perMessageMs;
    this.#dueMs = dueMs;
    return Math.max(0, dueMs - nowMs - this.#burst * this.#perMessageMs);
  }
}
