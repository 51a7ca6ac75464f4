/** Who looked at what, and how lately: what a renewal goes on from. */

/** A token lives two minutes and is renewed before its end; later than this it is a new look. */
const SAME_LOOK_MS = 180_000;

export class Looks {
  readonly #atMs = new Map<string, number>();

  /**
   * Notes a look, or that it goes on.
   * @param incident empty where the look is for none.
   * @returns whether it goes on from one of the same person at the same stream for the same incident.
   */
  note(user: string, stream: string, incident: string, nowMs = Date.now()): boolean {
    const key = JSON.stringify([user, stream, incident]);
    for (const [old, atMs] of this.#atMs) if (nowMs - atMs > SAME_LOOK_MS) this.#atMs.delete(old);
    const goesOn = this.#atMs.has(key);
    this.#atMs.set(key, nowMs);
    return goesOn;
  }
}
