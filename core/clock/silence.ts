/**
 * How long another has been silent, in time in which it could have been heard: a process that a busy machine held still heard nobody, and reads
 * what came meanwhile only after its timers. Not more is forgiven than one silence that is lost, or than the longest standing still: on a machine
 * where every timer is late, a loss would else go untold for long.
 */
export class Silence {
  readonly #everyMs: number;
  readonly #lostAfterMs: number;
  #lookedMs: number;
  #lateMs = 0;
  #longestMs = 0;

  /**
   * @param everyMs how often `lastsMs` is called from `nowMs` on; what a call comes later is not counted.
   * @param lostAfterMs the silence after which the other is lost.
   */
  constructor(everyMs: number, lostAfterMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#lostAfterMs = lostAfterMs;
    this.#lookedMs = nowMs;
  }

  /** @param heardMs when it was heard last, of the same clock as `nowMs`. */
  lastsMs(heardMs: number, nowMs: number): number {
    const lateMs = Math.min(Math.max(0, nowMs - this.#lookedMs - this.#everyMs), nowMs - heardMs);
    const isHeard = heardMs >= this.#lookedMs;
    this.#lateMs = lateMs + (isHeard ? 0 : this.#lateMs);
    this.#longestMs = Math.max(lateMs, isHeard ? 0 : this.#longestMs);
    this.#lookedMs = nowMs;
    return nowMs - heardMs - Math.max(this.#longestMs, Math.min(this.#lateMs, this.#lostAfterMs));
  }
}
