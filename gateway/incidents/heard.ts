/** Log of what every lamppost said it heard, also of what never became a shot: evidence, and food for later study. */
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import type { ShotHeard } from "#contract/shot.ts";
import { atomically } from "./schema.ts";

const FLUSH_MS = 200;
/** A disk that takes nothing is tried again. */
const AGAIN_MS = 1000;
/** What may wait for the disk; the oldest go first, counted. The alarm does not hang on this log. */
const MAX_WAITING = 5_000;

export class HeardLog {
  readonly #db: DatabaseSync;
  #waiting: ShotHeard[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #log: Pick<Logger, "error" | "info"> | undefined;
  #diskFailed = false;
  readonly counters = { written: 0, dropped: 0 };

  constructor(db: DatabaseSync, log?: Pick<Logger, "error" | "info">) {
    this.#db = db;
    this.#log = log;
  }

  add(heard: ShotHeard): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.counters.dropped++;
    }
    this.#waiting.push(heard);
    this.#timer ??= setTimeout(() => this.#flushOrAgain(), FLUSH_MS);
  }

  /** A full disk must end neither the gateway nor the trying: what was heard waits, as much of it as may. */
  #flushOrAgain(): void {
    try {
      this.flush();
      if (this.#diskFailed) this.#log?.info("arrivals are logged again");
      this.#diskFailed = false;
    } catch (err) {
      if (!this.#diskFailed) this.#log?.error({ err }, "arrivals cannot be logged and wait; free or replace the disk");
      this.#diskFailed = true;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#flushOrAgain(), AGAIN_MS);
    }
  }

  /** @throws where the disk takes nothing; what waits stays, and so does its timer. */
  flush(): void {
    const batch = this.#waiting;
    if (batch.length > 0) {
      const insert = this.#db.prepare("INSERT OR IGNORE INTO heard VALUES (?, ?, ?, ?)");
      const nowMs = Date.now();
      atomically(this.#db, () => {
        for (const heard of batch) insert.run(heard.id, heard.node, nowMs, JSON.stringify(heard));
      });
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.counters.written += batch.length;
  }

  /** What was heard of these arrivals; what the disk does not take is in memory still. */
  of(arrivals: readonly string[]): ShotHeard[] {
    this.#flushOrAgain();
    const get = this.#db.prepare("SELECT message FROM heard WHERE id = ?");
    const waiting = new Map(this.#waiting.map((heard) => [heard.id, heard]));
    return arrivals.flatMap((id) => {
      const row = get.get(id) as { message: string } | undefined;
      const heard = row ? (JSON.parse(row.message) as ShotHeard) : waiting.get(id);
      return heard ? [heard] : [];
    });
  }

  /** @throws as `flush`; it is tried no more then. */
  close(): void {
    try {
      this.flush();
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  expire(beforeMs: number): number {
    return Number(this.#db.prepare("DELETE FROM heard WHERE stored_ms < ?").run(beforeMs).changes);
  }
}
