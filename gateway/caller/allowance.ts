/** How often somebody may do something: a bucket for each key (generic cell rate algorithm, ITU-T I.371). What is too much is refused. */
export class Allowance {
  readonly #count: number;
  readonly #perMs: number;
  readonly #mostKeys: number;
  /** Key -> when its bucket is full again. */
  readonly #fullAtMs = new Map<string, number>();
  readonly counters = { refused: 0 };

  /** @param count at once, and within each `perMs` on average. */
  constructor(count: number, perMs: number, mostKeys = 10_000) {
    this.#count = count;
    this.#perMs = perMs;
    this.#mostKeys = mostKeys;
  }

  /** Milliseconds to wait before the next try, or 0 where it may be done now. */
  take(key: string, nowMs: number): number {
    const eachMs = this.#perMs / this.#count;
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? 0);
    const waitMs = fullAtMs + eachMs - this.#perMs - nowMs;
    if (waitMs > 0) {
      this.counters.refused++;
      return waitMs;
    }
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs + eachMs);
    if (this.#fullAtMs.size > this.#mostKeys) this.#forget(nowMs);
    return 0;
  }

  /** Full buckets need no memory; were all in use, the one longest unused goes. */
  #forget(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    if (this.#fullAtMs.size > this.#mostKeys) this.#fullAtMs.delete(this.#fullAtMs.keys().next().value as string);
  }
}
