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
 * How long a message stays: longer than the operating system keeps the broker's own writes from the disk (30 s). Counted in this process's own
 * time: a machine without a battery boots in the past, and what was said before its clock was set would be years old at once.
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
  /** Messages up to `seq` were there by then, the oldest first; one for each `PRUNE_MS`. */
  #marks: { seq: number; atMs: number }[] = [];
  /** True from a commit that the disk refused to the next that it took. */
  failing = false;
  readonly counters = { written: 0, commits: 0, refused: 0 };

  /** @param nowMs goes on evenly, whatever happens to the clock */
  constructor(file: string, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#db = new DatabaseSync(file);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS said (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL)`);
    this.#insert = this.#db.prepare("INSERT INTO said (at_ms, topic, payload) VALUES (?, ?, ?)");
    this.#mark();
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
    const saidMs = Date.now();
    try {
      const due = this.#due();
      this.#db.exec("BEGIN");
      for (const { topic, payload } of batch) this.#insert.run(saidMs, topic, payload);
      if (due !== undefined) this.#db.prepare("DELETE FROM said WHERE seq <= ?").run(due);
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
    this.counters.written += batch.length;
    this.counters.commits++;
    for (const { done } of batch) done();
  }

  #mark(): void {
    const { seq } = this.#db.prepare("SELECT ifnull(max(seq), 0) AS seq FROM said").get() as { seq: number };
    this.#marks.push({ seq, atMs: this.#nowMs() });
  }

  /** The last message that has been there for long enough, each time that it is looked for; outside of a commit, which may come to nothing. */
  #due(): number | undefined {
    const nowMs = this.#nowMs();
    if (nowMs - this.#marks.at(-1)!.atMs <= PRUNE_MS) return undefined;
    this.#mark();
    const due = this.#marks.findLast(({ atMs }) => nowMs - atMs >= KEEP_MS);
    if (due) this.#marks = this.#marks.slice(this.#marks.indexOf(due) + 1);
    return due?.seq;
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
