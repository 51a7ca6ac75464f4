/** Rows of the video part's tables that a full disk does not take yet: written in order, and tried again with the next one. What is in memory counts. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Logger } from "pino";

/** Of more the oldest are given up, and counted. */
const WAITING_MAX = 1_000;

export class Rows {
  readonly counters = { dropped: 0 };
  readonly #db: DatabaseSync;
  readonly #log: Logger;
  readonly #waiting: { sql: string; values: SQLInputValue[] }[] = [];

  constructor(db: DatabaseSync, log: Logger) {
    this.#db = db;
    this.#log = log;
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
    try {
      for (let [first] = this.#waiting; first; [first] = this.#waiting) {
        this.#db.prepare(first.sql).run(...first.values);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#log.error({ waiting: this.waiting, error: (error as Error).message }, "not on disk yet");
    }
  }
}
