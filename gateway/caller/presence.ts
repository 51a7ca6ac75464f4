/** Whether each phone's page was heard of lately. In memory: after a restart a phone is away until it speaks. */

/** A page speaks every 5 s at least; three of those missing are no accident. */
export const LOST_AFTER_MS = 15_000;

export interface Presence {
  live: boolean;
  /** UTC ms. */
  sinceMs: number;
}

export class Phones {
  readonly #phones = new Map<string, Presence & { heardMs: number }>();

  get(id: string): Presence | undefined {
    return this.#phones.get(id);
  }

  /** A sign of life. @returns what it ends: `away` for how long, or undefined where it was there all along. */
  heard(id: string, nowMs: number): { kind: "first" } | { kind: "back"; awayMs: number } | undefined {
    const phone = this.#phones.get(id);
    if (phone) phone.heardMs = nowMs;
    if (phone?.live) return undefined;
    this.#phones.set(id, { live: true, sinceMs: nowMs, heardMs: nowMs });
    return phone ? { kind: "back", awayMs: nowMs - phone.sinceMs } : { kind: "first" };
  }

  /** Those that have fallen silent since the last call; away since they were last heard. */
  lost(nowMs: number): string[] {
    const lost: string[] = [];
    for (const [id, phone] of this.#phones) {
      if (!phone.live || nowMs - phone.heardMs < LOST_AFTER_MS) continue;
      Object.assign(phone, { live: false, sinceMs: phone.heardMs });
      lost.push(id);
    }
    return lost;
  }

  forget(id: string): void {
    this.#phones.delete(id);
  }
}
