/** Recordings that could not be closed because the disk took nothing: tried again together, each once a round, ever more seldom while it fails. */

export interface Closing {
  id: string;
  stream: string;
  incident: string;
  /** When its last picture was, as far as is known. */
  sinceMs: number;
  /** Of what is not to be kept, because it will come a second time: called where hashes of it stay on the record. */
  discard?: () => void;
}

/** Between two rounds at first; it doubles with each round in which something fails again. */
const AGAIN_MS = 3_000;
const AGAIN_MOST_MS = 300_000;

export class LateClosings {
  readonly #close: (which: Closing) => Promise<unknown>;
  readonly #againMs: number;
  readonly #waiting = new Map<string, Closing>();
  #waitMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;

  /** @param close throws nothing; it says `add` again where it fails. */
  constructor(close: (which: Closing) => Promise<unknown>, againMs = AGAIN_MS) {
    this.#close = close;
    this.#againMs = this.#waitMs = againMs;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  add(which: Closing): void {
    this.#waiting.set(which.id, which);
    if (this.#round) return;
    this.#waitMs = this.#againMs;
    this.#later();
  }

  /** Nothing is tried any more; what waits is on disk, and the next start closes it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#round = Promise.resolve().then(() => this.#tryAll());
    }, this.#waitMs).unref();
  }

  async #tryAll(): Promise<void> {
    // Whoever fails again is back in the map meanwhile, and stays for the next round.
    const round = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const which of round) if (!this.#stopped) await this.#close(which);
    const failed = round.some(({ id }) => this.#waiting.has(id));
    this.#waitMs = failed ? Math.min(2 * this.#waitMs, AGAIN_MOST_MS) : this.#againMs;
    this.#round = undefined;
    if (this.#waiting.size > 0) this.#later();
  }
}
