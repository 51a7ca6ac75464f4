/** What the phone has to say and the gateway does not have yet. Survives a dead link and a reload; gone when it is taken or the tab closes. */
import type { PhoneSay } from "#contract/caller-phone.ts";

/** A thing to say, less what the queue adds. */
export type Saying = PhoneSay extends infer S ? (S extends PhoneSay ? Omit<S, "id" | "agoS"> : never) : never;

interface Waiting {
  id: string;
  /** The phone's own clock, ms. */
  atMs: number;
  say: Saying;
}

/** Beyond it the oldest words are given up, and counted; consent never is. */
const MOST_WAITING = 400;
const KEY = "waiting";
/** Only the newest of these is worth sending. */
const newestOnly = new Set<Saying["kind"]>(["position", "able", "setting", "language"]);

type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class SayQueue {
  readonly counters = { dropped: 0 };
  readonly #nowMs: () => number;
  readonly #newId: () => string;
  readonly #keep: Keep | undefined;
  #waiting: Waiting[] = [];

  /** @param keep absent where the browser has no storage. */
  constructor(nowMs: () => number, newId: () => string, keep?: Keep) {
    this.#nowMs = nowMs;
    this.#newId = newId;
    this.#keep = keep;
    try {
      this.#waiting = JSON.parse(keep?.getItem(KEY) ?? "[]") as Waiting[];
    } catch {
      keep?.removeItem(KEY);
    }
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Of them, what a person said: not positions and settings. */
  get words(): number {
    return this.#waiting.filter(({ say }) => !newestOnly.has(say.kind)).length;
  }

  add(say: Saying): string {
    if (newestOnly.has(say.kind)) this.#waiting = this.#waiting.filter((other) => other.say.kind !== say.kind);
    const id = this.#newId();
    this.#waiting.push({ id, atMs: this.#nowMs(), say });
    if (this.#waiting.length > MOST_WAITING) {
      const oldest = this.#waiting.findIndex((other) => other.say.kind !== "consent");
      this.#waiting.splice(Math.max(0, oldest), 1);
      this.counters.dropped++;
    }
    this.#store();
    return id;
  }

  /** Consent before all, then in the order it was said. */
  batch(most: number): PhoneSay[] {
    const nowMs = this.#nowMs();
    const isConsent = ({ say }: Waiting) => say.kind === "consent";
    const ordered = [...this.#waiting.filter(isConsent), ...this.#waiting.filter((each) => !isConsent(each))];
    return ordered.slice(0, most).map(({ id, atMs, say }) => {
      const agoS = Math.min(86_400, Math.max(0, (nowMs - atMs) / 1000));
      return { id, agoS, ...say } as PhoneSay;
    });
  }

  taken(ids: readonly string[]): void {
    const gone = new Set(ids);
    this.#waiting = this.#waiting.filter(({ id }) => !gone.has(id));
    this.#store();
  }

  holds(kind: Saying["kind"]): boolean {
    return this.#waiting.some(({ say }) => say.kind === kind);
  }

  isWaiting(id: string): boolean {
    return this.#waiting.some((other) => other.id === id);
  }

  /** What waits of a kind is no longer to be said, as positions after their consent was withdrawn. */
  forget(kind: Saying["kind"]): void {
    this.#waiting = this.#waiting.filter(({ say }) => say.kind !== kind);
    this.#store();
  }

  clear(): void {
    this.#waiting = [];
    this.#store();
  }

  #store(): void {
    try {
      if (this.#waiting.length === 0) this.#keep?.removeItem(KEY);
      else this.#keep?.setItem(KEY, JSON.stringify(this.#waiting));
    } catch {
      // A full or forbidden storage: the memory still holds it.
    }
  }
}
