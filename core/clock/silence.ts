/**
 * How long another has been silent, in time in which it could have been heard: a process that a busy machine held still heard nobody, and reads
 * what came meanwhile only after its timers.
 */
export class Silence {
  readonly #everyMs: number;
  #lookedMs: number;
  #forgivenMs = 0;

  /** @param everyMs how often `lastsMs` is called from `nowMs` on; what a call comes later is not counted. */
  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#lookedMs = nowMs;
  }

  /** @param heardMs when it was heard last, of the same clock as `nowMs`. */
  lastsMs(heardMs: number, nowMs: number): number {
    const lateMs = Math.max(0, nowMs - this.#lookedMs - this.#everyMs);
    if (heardMs >= this.#lookedMs) this.#forgivenMs = 0;
    this.#forgivenMs += Math.min(lateMs, nowMs - heardMs);
    this.#lookedMs = nowMs;
    return nowMs - heardMs - this.#forgivenMs;
  }
}
