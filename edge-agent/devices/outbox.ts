/**
 * Messages that wait for the broker, on disk, so that neither a dead link nor a power cut loses one.
 *
 * Journal: write-ahead log with `synchronous=FULL`. Each commit is one sequential append and one fsync, where a rollback journal
 * needs three or four scattered ones; an SD card is slow at, and worn by, scattered writes. A torn last frame fails its checksum and is
 * ignored on the next start (sqlite.org/wal.html section 2.3). Exclusive locking keeps the index in memory (no -shm file) and turns a
 * second agent on the same folder away. Removals are not made durable by themselves: a message sent again after a power cut is a
 * repeat that every consumer drops by its key.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Fault } from "#contract/errors.ts";

export interface OutboxEntry {
  channel: string;
  topic: string;
  payload: Uint8Array;
  retain: boolean;
  /** 0 to 9: the highest is sent first and dropped last. */
  priority: number;
}

export interface OutboxRow extends OutboxEntry {
  /** Grows with every entry; rows of one priority are sent in its order. */
  seq: number;
}

export interface OutboxLimits {
  maxRows: number;
  maxBytes: number;
  /** Rows held in memory while the disk takes none (full or broken). */
  maxMemoryRows: number;
}

export const defaultOutboxLimits: OutboxLimits = { maxRows: 50_000, maxBytes: 256 * 2 ** 20, maxMemoryRows: 2_000 };

/** What an operator should know; each is reported once at its change. */
export type OutboxReport =
  | { kind: "disk-failed"; why: string }
  | { kind: "disk-works" }
  | { kind: "corrupt"; movedTo: string; why: string }
  | { kind: "dropping"; channel: string };

const schema = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, priority INTEGER NOT NULL, channel TEXT NOT NULL,
    topic TEXT NOT NULL, retain INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS outbox_order ON outbox (priority DESC, seq);`;

// Result codes that mean the file is no database any more: SQLITE_CORRUPT, SQLITE_NOTADB (sqlite.org/rescode.html).
const corrupt = new Set([11, 26]);
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

export class Outbox {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #order: StatementSync;
  readonly #load: StatementSync;
  readonly #victims: StatementSync;
  readonly #limits: OutboxLimits;
  readonly #report: (report: OutboxReport) => void;
  /** Rows that the disk did not take, oldest first. */
  #memory: OutboxRow[] = [];
  /** Sent, and to be removed from disk with the next commit: seq -> payload bytes. */
  readonly #sent = new Map<number, number>();
  #nextSeq: number;
  #rows: number;
  #bytes: number;
  #diskFailed = false;
  #dropping = false;
  readonly #dropped: Record<string, number> = {};

  /** Opens or makes the file. A damaged file is moved aside and reported; `Fault` (config) where the folder can't be used at all, (failed) where the disk is full. */
  constructor(file: string, limits: OutboxLimits, report: (report: OutboxReport) => void) {
    this.#limits = limits;
    this.#report = report;
    this.#db = open(file, report);
    this.#insert = this.#db.prepare(
      "INSERT INTO outbox (seq, priority, channel, topic, retain, payload) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#remove = this.#db.prepare("DELETE FROM outbox WHERE seq = ?");
    this.#order = this.#db.prepare("SELECT seq, priority FROM outbox ORDER BY priority DESC, seq LIMIT ?");
    this.#load = this.#db.prepare("SELECT seq, priority, channel, topic, retain, payload FROM outbox WHERE seq = ?");
    this.#victims = this.#db.prepare(
      "SELECT seq, channel, length(payload) AS bytes FROM outbox ORDER BY priority, seq LIMIT ?",
    );
    const sums = this.#db
      .prepare("SELECT count(*) AS rows, total(length(payload)) AS bytes, ifnull(max(seq), 0) AS seq FROM outbox")
      .get() as { rows: number; bytes: number; seq: number };
    this.#rows = sums.rows;
    this.#bytes = sums.bytes;
    this.#nextSeq = sums.seq + 1;
  }

  /** Takes entries in their order, as one commit. After it they are safe on disk, or, where the disk refused, in memory (`onDisk` false). */
  add(entries: readonly OutboxEntry[]): { onDisk: boolean } {
    const rows = entries.map((entry) => ({ ...entry, seq: this.#nextSeq++ }));
    this.#memory.push(...rows);
    return { onDisk: this.sync() };
  }

  /** Brings the disk up to date: rows still in memory are written, sent ones removed, the bounds kept. False where the disk refuses. */
  sync(): boolean {
    if (this.#memory.length === 0 && this.#sent.size === 0 && !this.#diskFailed) return true;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        // Writes a page also where nothing waits: a disk that failed is known to work once it takes something.
        if (this.#diskFailed) this.#db.exec("PRAGMA user_version = 1");
        let rows = this.#rows;
        let bytes = this.#bytes;
        for (const [seq, size] of this.#sent) {
          // It may have been dropped while it was on its way.
          if (this.#remove.run(seq).changes === 0) continue;
          rows -= 1;
          bytes -= size;
        }
        for (const row of this.#memory) {
          this.#insert.run(row.seq, row.priority, row.channel, row.topic, row.retain ? 1 : 0, row.payload);
          rows += 1;
          bytes += row.payload.length;
        }
        const drops = this.#evict(rows, bytes);
        this.#db.exec("COMMIT");
        this.#rows = drops.rows;
        this.#bytes = drops.bytes;
        for (const channel of drops.channels) this.#countDrop(channel);
        if (drops.channels.length === 0) this.#dropping = false;
      } catch (error) {
        // A full disk may have rolled back by itself already.
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
      this.#memory = [];
      this.#sent.clear();
      if (this.#diskFailed) this.#report({ kind: "disk-works" });
      this.#diskFailed = false;
      return true;
    } catch (error) {
      if (!this.#diskFailed) this.#report({ kind: "disk-failed", why: (error as Error).message });
      this.#diskFailed = true;
      while (this.#memory.length > this.#limits.maxMemoryRows) this.#dropFromMemory();
      return false;
    }
  }

  /** The next rows to send, highest priority first, then oldest; those in `inFlight` are left out. */
  next(limit: number, inFlight: ReadonlySet<number>): OutboxRow[] {
    const skip = (seq: number) => inFlight.has(seq) || this.#sent.has(seq);
    const waiting = this.#order.all(limit + inFlight.size + this.#sent.size) as { seq: number; priority: number }[];
    const byMemory = new Map(this.#memory.map((row) => [row.seq, row]));
    return [...waiting, ...this.#memory]
      .filter((row) => !skip(row.seq))
      .sort((a, b) => b.priority - a.priority || a.seq - b.seq)
      .slice(0, limit)
      .map((row) => byMemory.get(row.seq) ?? rowOf(this.#load.get(row.seq)!));
  }

  /** The broker has it. It leaves the disk with the next commit. */
  sent(row: OutboxRow): void {
    const at = this.#memory.findIndex(({ seq }) => seq === row.seq);
    if (at >= 0) this.#memory.splice(at, 1);
    else this.#sent.set(row.seq, row.payload.length);
  }

  /** Messages waiting, bytes on disk, and what was dropped by channel since start. */
  get counters(): { rows: number; bytes: number; inMemory: number; dropped: Readonly<Record<string, number>> } {
    return {
      rows: this.#rows - this.#sent.size + this.#memory.length,
      bytes: this.#bytes,
      inMemory: this.#memory.length,
      dropped: this.#dropped,
    };
  }

  /** What sqlite says of this connection: the journal, and 2 where every commit is forced to the disk (`synchronous=FULL`). */
  get durability(): { journal: string; synchronous: number } {
    const journal = this.#db.prepare("PRAGMA journal_mode").get() as { journal_mode: string };
    const { synchronous } = this.#db.prepare("PRAGMA synchronous").get() as { synchronous: number };
    return { journal: journal.journal_mode, synchronous };
  }

  get diskFailed(): boolean {
    return this.#diskFailed;
  }

  close(): void {
    this.sync();
    this.#db.close();
  }

  #evict(rows: number, bytes: number): { rows: number; bytes: number; channels: string[] } {
    const channels: string[] = [];
    while (rows > this.#limits.maxRows || bytes > this.#limits.maxBytes) {
      const victims = this.#victims.all(64) as { seq: number; channel: string; bytes: number }[];
      if (victims.length === 0) break;
      for (const victim of victims) {
        if (rows <= this.#limits.maxRows && bytes <= this.#limits.maxBytes) break;
        this.#remove.run(victim.seq);
        rows -= 1;
        bytes -= victim.bytes;
        channels.push(victim.channel);
      }
    }
    return { rows, bytes, channels };
  }

  #dropFromMemory(): void {
    let victim = 0;
    for (let i = 1; i < this.#memory.length; i++) {
      if (this.#memory[i]!.priority < this.#memory[victim]!.priority) victim = i;
    }
    this.#countDrop(this.#memory.splice(victim, 1)[0]!.channel);
  }

  #countDrop(channel: string): void {
    this.#dropped[channel] = (this.#dropped[channel] ?? 0) + 1;
    if (!this.#dropping) this.#report({ kind: "dropping", channel });
    this.#dropping = true;
  }
}

function rowOf(row: Record<string, unknown>): OutboxRow {
  const { seq, priority, channel, topic, retain, payload } = row as Omit<OutboxRow, "retain"> & { retain: number };
  return { seq, priority, channel, topic, retain: retain === 1, payload };
}

function open(file: string, report: (report: OutboxReport) => void): DatabaseSync {
  try {
    mkdirSync(dirname(file), { recursive: true });
    try {
      return prepared(file);
    } catch (error) {
      if (!corrupt.has((error as { errcode?: number }).errcode ?? 0)) throw error;
      const movedTo = `${file}.corrupt`;
      renameSync(file, movedTo);
      for (const rest of [`${file}-wal`, `${file}-shm`]) if (existsSync(rest)) rmSync(rest);
      report({ kind: "corrupt", movedTo, why: (error as Error).message });
      return prepared(file);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const { errcode, code } = cause as { errcode?: number; code?: string };
    // Not 78: the service manager tries again, and starts it once there is room.
    if (errcode === SQLITE_FULL || code === "ENOSPC" || code === "EDQUOT")
      throw new Fault("failed", `outbox ${file}: ${why}; free the disk`, { cause });
    const hint =
      errcode === SQLITE_BUSY
        ? "another agent uses this data directory"
        : "give the agent a data directory it can write";
    throw new Fault("config", `outbox ${file}: ${why}; ${hint}`, { cause });
  }
}

function prepared(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 500 });
  try {
    db.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    // A megabyte of log before its pages go to their places; the log file itself is cut back after a burst.
    db.exec("PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-1024;");
    db.exec(schema);
    db.prepare("SELECT count(*), total(length(payload)) FROM outbox").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
