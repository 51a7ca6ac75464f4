/**
 * What follows from a state is done once that state is on disk, in the order of the states; the disk is waited for beside the event loop. In the air
 * a disk that hangs or is full holds nothing up for long: a vehicle needs its orders more than its journal.
 */
import type { Log } from "../../ports.ts";
import type { Journal, Kept } from "./journal.ts";

/** A sound disk takes milliseconds, a busy one some tenths of a second. */
export const airPatienceMs = 500;

export class WriteFirst {
  readonly counters = { journalFailures: 0, journalLate: 0 };
  readonly #journal: Journal;
  readonly #log: Log;
  readonly #failed: (error: unknown) => void;
  #doing: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param failed gets what a consequence throws. */
  constructor(journal: Journal, log: Log, failed: (error: unknown) => void) {
    this.#journal = journal;
    this.#log = log;
    this.#failed = failed;
  }

  /** States whose consequences are still to come: what is told of them now might be told of something that a power cut takes back. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @returns whether it is on disk, when that is known. */
  async write(kept: Kept): Promise<boolean> {
    try {
      await this.#journal.write(kept);
      return true;
    } catch (err) {
      if (this.counters.journalFailures++ === 0)
        this.#log.error({ err }, "the flight's journal can't be written; free or replace the disk");
      return false;
    }
  }

  /** Writes, then does. @returns as `write`. */
  thenDo(kept: Kept, airborne: boolean, consequences: () => void): Promise<boolean> {
    const written = this.write(kept);
    this.#waiting++;
    this.#doing = this.#doing
      .then(async () => void (await (airborne ? this.#patiently(written) : written)))
      .then(() => {
        this.#waiting--;
        consequences();
      })
      .catch(this.#failed);
    return written;
  }

  async #patiently(written: Promise<boolean>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), airPatienceMs);
    });
    if ((await Promise.race([written, late])) === "late") this.counters.journalLate++;
    clearTimeout(timer);
  }
}
