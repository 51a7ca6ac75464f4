/**
 * What the broker has acknowledged and may not lose. Aedes sends PUBACK before it queues a message for absent
 * subscribers (aedes 1.2, lib/handlers/publish.js), and its store does not wait for the disk: a kill or a power cut in
 * between would lose what a node was told is safe. So each record is written here first, many in one transaction, and
 * said again after a start. QoS 1 permits the repeat; every consumer drops it by the message's key.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Fault } from "#contract/errors.ts";

export interface Journalled {
  topic: string;
  payload: Uint8Array;
}

/**
 * How long a message stays: longer than the operating system keeps the broker's own writes from the disk (30 s). Counted in time that the gateway
 * ran: a machine without a battery boots in the past, and what was said before its clock was set would be years old at once.
 */
const KEEP_MS = 120_000;
const PRUNE_MS = 10_000;
/** Messages that wait for one commit; beyond it the broker refuses, and the sender's outbox keeps them. */
const MAX_WAITING = 10_000;
/** A disk that takes nothing is tried again. */
const AGAIN_MS = 1000;
/**
 * Then a message is refused, which closes its sender's connection. Longer than the 2 s within which a node takes that for a refusal of this one
 * message (edge-agent/devices/mqtt-bus.ts): after five such ends it would keep it back until its next start.
 */
const REFUSE_AFTER_MS = 5000;

interface Waiting extends Journalled {
  sinceMs: number;
  done: (error?: Error) => void;
}

export class Journal {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  #waiting: Waiting[] = [];
  /** While the disk takes nothing. */
  #again: NodeJS.Timeout | undefined;
  readonly #nowMs: () => number;
  /** At 0 of `nowMs` the gateway had run for so long, over all its starts, as far as messages tell of it. */
  readonly #ranMs: number;
  #prunedMs = Number.NEGATIVE_INFINITY;
  /** True from a commit that the disk refused to the next that it took. */
  failing = false;
  readonly counters = { written: 0, commits: 0, refused: 0 };

  /** @param nowMs goes on evenly, whatever happens to the clock */
  constructor(file: string, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#db = new DatabaseSync(file);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS said (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, ran_ms INTEGER, topic TEXT NOT NULL, payload BLOB NOT NULL)`);
    this.#ranMs = ranMsOf(this.#db) - nowMs();
    this.#insert = this.#db.prepare("INSERT INTO said (at_ms, ran_ms, topic, payload) VALUES (?, ?, ?, ?)");
  }

  /** Calls back once the message is on disk, or with why it is not after some seconds; messages that arrive together share one commit. */
  write(topic: string, payload: Uint8Array, done: (error?: Error) => void): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.counters.refused++;
      done(new Fault("failed", `${MAX_WAITING} messages wait for the disk`));
      return;
    }
    const count = this.#waiting.push({ topic, payload, done, sinceMs: this.#nowMs() });
    if (count === 1 && !this.#again) setImmediate(() => this.#commit());
  }

  #commit(): void {
    if (!this.#db.isOpen) return;
    clearTimeout(this.#again);
    this.#again = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    const nowMs = this.#nowMs();
    const ranMs = Math.round(this.#ranMs + nowMs);
    const isTime = nowMs - this.#prunedMs > PRUNE_MS;
    try {
      this.#db.exec("BEGIN");
      for (const { topic, payload } of batch) this.#insert.run(Date.now(), ranMs, topic, payload);
      if (isTime) this.#prune(ranMs - KEEP_MS);
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.failing = true;
      const untilMs = this.#nowMs() - REFUSE_AFTER_MS;
      this.#waiting = batch.filter(({ sinceMs }) => sinceMs > untilMs);
      this.#again = setTimeout(() => this.#commit(), AGAIN_MS);
      for (const { sinceMs, done } of batch) if (sinceMs <= untilMs) done(error as Error);
      return;
    }
    this.failing = false;
    if (isTime) this.#prunedMs = nowMs;
    this.counters.written += batch.length;
    this.counters.commits++;
    for (const { done } of batch) done();
  }

  /** Looks no further than the first that stays: `ran_ms` never falls from one message to the next. */
  #prune(untilMs: number): void {
    const first = "SELECT seq FROM said WHERE ran_ms > ? ORDER BY seq LIMIT 1";
    this.#db.prepare(`DELETE FROM said WHERE seq < (${first})`).run(untilMs);
  }

  /** Everything of the last minutes, in the order it was acknowledged. */
  said(): Journalled[] {
    return this.#db.prepare("SELECT topic, payload FROM said ORDER BY seq").all() as unknown as Journalled[];
  }

  close(): void {
    if (this.#waiting.length > 0) this.#commit();
    clearTimeout(this.#again);
    this.#db.close();
    for (const { done } of this.#waiting) done(new Fault("failed", "the gateway stops"));
  }
}

/** How long the gateway had run when the last message was kept. A gateway from before this was counted left none with its messages: they are as new as can be. */
function ranMsOf(db: DatabaseSync): number {
  const columns = db.prepare("SELECT name FROM pragma_table_info('said')").all();
  if (!columns.some(({ name }) => name === "ran_ms")) db.exec("ALTER TABLE said ADD COLUMN ran_ms INTEGER");
  const { ms } = db.prepare("SELECT ifnull(max(ran_ms), 0) AS ms FROM said").get() as { ms: number };
  if (db.prepare("SELECT 1 FROM said WHERE ran_ms IS NULL LIMIT 1").get())
    db.prepare("UPDATE said SET ran_ms = ? WHERE ran_ms IS NULL").run(ms);
  return ms;
}
