/**
 * LevelDB takes nothing any more once it could not write a table, and loses what it writes behind a torn piece of its log (a full disk, both): until it
 * is opened anew. So that is done, as soon as the disk takes what opening writes.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClassicLevel } from "classic-level";
import type { Logger } from "pino";

const AGAIN_MS = 2000;
/** Opening writes the log's content, 4 MB at most, to a table, beside the log. */
const ROOM_BYTES = 8 * 2 ** 20;

export class LevelAgain {
  /** From a write that failed until it is open anew. */
  failing = false;
  readonly #db: ClassicLevel<string, Buffer>;
  readonly #folder: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  /** Looks at the writes of a store that is open. */
  constructor(db: ClassicLevel<string, Buffer>, folder: string, log: Logger) {
    this.#db = db;
    this.#folder = folder;
    this.#log = log;
    for (const name of ["put", "del", "batch"] as const) {
      const write = db[name].bind(db) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]) => {
        // What it still took would be lost behind the torn piece.
        if (this.failing) return Promise.reject(new Error("the broker's store cannot be written"));
        const written = write(...args);
        if (written instanceof Promise) written.catch((error: Error) => this.#failed(error));
        return written;
      };
      Object.assign(db, { [name]: watched });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#opening;
    await this.#db.close();
  }

  #failed(error: Error): void {
    if (this.failing || this.#closed) return;
    this.failing = true;
    const why = (error.cause as Error | undefined)?.message ?? error.message;
    this.#log.error({ why }, "the broker's store cannot be written: no node gets in; free or replace the disk");
    this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#opening = this.#open();
    }, AGAIN_MS);
  }

  async #open(): Promise<void> {
    const probe = join(this.#folder, "room.tmp");
    try {
      await writeFile(probe, new Uint8Array(ROOM_BYTES), { flush: true }).finally(() => rm(probe, { force: true }));
      await this.#db.close();
      await this.#db.open();
      this.failing = false;
      this.#log.info("the broker's store is written again");
    } catch {
      this.#later();
    }
  }
}
