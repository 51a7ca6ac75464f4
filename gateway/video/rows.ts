/** Rows of the video part's tables that a full disk does not take yet: written in order, and tried again every few seconds. What is in memory counts. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Logger } from "pino";

/** Of more the oldest are given up, and counted. */
const WAITING_MAX = 1_000;
const AGAIN_MS = 2_000;
/** SQLITE_CONSTRAINT, without what extends it: the disk is innocent, and no other time takes this row. */
const CONSTRAINT = 19;

export class Rows {
  readonly counters = { dropped: 0 };
  readonly #db: DatabaseSync;
  readonly #log: Logger;
  readonly #againMs: number;
  readonly #waiting: { sql: string; values: SQLInputValue[] }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: DatabaseSync, log: Logger, againMs = AGAIN_MS) {
    this.#db = db;
    this.#log = log;
    this.#againMs = againMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  save(sql: string, ...values: SQLInputValue[]): void {
    this.#waiting.push({ sql, values });
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift();
      this.counters.dropped++;
    }
    this.#write();
  }

  /** What waits is tried once more. */
  close(): void {
    this.#closed = true;
    this.#write();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      try {
        this.#db.prepare(first.sql).run(...first.values);
      } catch (error) {
        const { errcode, message } = error as Error & { errcode?: number };
        const never = ((errcode ?? 0) & 0xff) === CONSTRAINT;
        this.#log.error(
          { waiting: this.waiting, sql: first.sql, error: message },
          never ? "never taken" : "not on disk yet",
        );
        if (!never) {
          if (this.#closed) return;
          this.#timer = setTimeout(() => this.#write(), this.#againMs);
          this.#timer.unref();
          return;
        }
        this.counters.dropped++;
      }
      this.#waiting.shift();
    }
  }
}
