/** Counts refusals by address, so that whoever tries out tokens waits, and a hundred cameras behind one address do not. */

const PER_MINUTE = 60;
const WINDOW_MS = 60_000;
/** Addresses remembered; beyond it the oldest are forgotten. */
const ADDRESSES_MAX = 10_000;

export class Failures {
  readonly #by = new Map<string, { count: number; sinceMs: number }>();

  /** Has this address failed too often in the last minute? */
  tooMany(address: string, nowMs = Date.now()): boolean {
    const known = this.#by.get(address);
    if (!known || nowMs - known.sinceMs >= WINDOW_MS) return false;
    return known.count >= PER_MINUTE;
  }

  add(address: string, nowMs = Date.now()): void {
    const known = this.#by.get(address);
    if (known && nowMs - known.sinceMs < WINDOW_MS) {
      known.count++;
      return;
    }
    this.#by.delete(address);
    this.#by.set(address, { count: 1, sinceMs: nowMs });
    const [oldest] = this.#by.keys();
    if (this.#by.size > ADDRESSES_MAX && oldest !== undefined) this.#by.delete(oldest);
  }
}
