/** Caller links on disk: their facts, what was said, stills, and text messages that are still to be sent. */
import { DatabaseSync } from "node:sqlite";
import type { CallerMessage, CallerView, StillView } from "#contract/caller.ts";
import { atomically } from "../incidents/schema.ts";
import type { Link } from "./link.ts";
import type { Fix } from "./whereabouts.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS caller (
  id TEXT PRIMARY KEY, made INTEGER NOT NULL, incident TEXT NOT NULL, token_sha256 TEXT NOT NULL UNIQUE,
  link TEXT NOT NULL, facts TEXT NOT NULL, url BLOB) STRICT;
CREATE INDEX IF NOT EXISTS caller_by_incident ON caller (incident, made DESC);
CREATE TABLE IF NOT EXISTS message (
  caller TEXT NOT NULL, seq INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (caller, seq)) STRICT;
-- Ids of everything that a phone has said: it says again what it is not sure of.
CREATE TABLE IF NOT EXISTS said (caller TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (caller, id)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS still (
  caller TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, stored_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL, sealed BLOB, PRIMARY KEY (caller, seq)) STRICT;
CREATE INDEX IF NOT EXISTS still_by_age ON still (stored_ms);
CREATE TABLE IF NOT EXISTS sms (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
`;

/** What a view holds besides what follows from link, time and connection. */
export type Facts = Omit<CallerView, "id" | "state" | "expiresAt" | "link" | "talking" | "streams"> & {
  /** `seq` of the newest operator's message that reached the phone. */
  heard: number;
  /** What the record has: the last fix, and stills up to this number. */
  recordedFix?: Fix;
  recordedStills?: number;
};

export interface CallerRow {
  id: string;
  link: Link;
  facts: Facts;
}

export interface WaitingSms {
  id: string;
  caller: string;
  dueMs: number;
  attempts: number;
  sealed: Uint8Array;
}

interface RawCaller {
  id: string;
  link: string;
  facts: string;
}

const parsed = ({ id, link, facts }: RawCaller): CallerRow => ({
  id,
  link: JSON.parse(link) as Link,
  facts: JSON.parse(facts) as Facts,
});

export class CallerStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000",
    );
    this.#db.exec(SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  /** @param url sealed; kept until the link is opened or over. */
  add({ id, link, facts }: CallerRow, tokenSha256: string, url: Uint8Array): void {
    this.#db
      .prepare("INSERT INTO caller VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(
        id,
        Date.parse(facts.createdAt),
        facts.incident,
        tokenSha256,
        JSON.stringify(link),
        JSON.stringify(facts),
        url,
      );
  }

  save({ id, link, facts }: CallerRow): void {
    this.#db
      .prepare("UPDATE caller SET link = ?, facts = ?, url = CASE WHEN ? THEN NULL ELSE url END WHERE id = ?")
      .run(JSON.stringify(link), JSON.stringify(facts), link.device || link.endedAs ? 1 : 0, id);
  }

  /** Changes the facts and remembers what the phone said as one; false where it was said before. */
  saveOnce(row: CallerRow, saidId: string): boolean {
    return atomically(this.#db, () => {
      const first = this.#db.prepare("INSERT OR IGNORE INTO said VALUES (?, ?)").run(row.id, saidId).changes === 1;
      if (first) this.save(row);
      return first;
    });
  }

  wasSaid(caller: string, id: string): boolean {
    return this.#db.prepare("SELECT 1 FROM said WHERE caller = ? AND id = ?").get(caller, id) !== undefined;
  }

  get(id: string): CallerRow | undefined {
    const row = this.#db.prepare("SELECT id, link, facts FROM caller WHERE id = ?").get(id);
    return row && parsed(row as unknown as RawCaller);
  }

  byToken(tokenSha256: string): CallerRow | undefined {
    const row = this.#db.prepare("SELECT id, link, facts FROM caller WHERE token_sha256 = ?").get(tokenSha256);
    return row && parsed(row as unknown as RawCaller);
  }

  urlOf(id: string): Uint8Array | undefined {
    const row = this.#db.prepare("SELECT url FROM caller WHERE id = ?").get(id) as
      | { url: Uint8Array | null }
      | undefined;
    return row?.url ?? undefined;
  }

  /** Newest first. */
  list(incident: string | undefined, most: number): CallerRow[] {
    return this.#db
      .prepare(
        "SELECT id, link, facts FROM caller WHERE ?1 IS NULL OR incident = ?1 ORDER BY made DESC, id DESC LIMIT ?2",
      )
      .all(incident ?? null, most)
      .map((row) => parsed(row as unknown as RawCaller));
  }

  /** Takes the next number of the conversation. */
  addMessage(caller: string, message: Omit<CallerMessage, "seq">): CallerMessage {
    return atomically(this.#db, () => {
      const { n } = this.#db.prepare("SELECT coalesce(max(seq), 0) AS n FROM message WHERE caller = ?").get(caller) as {
        n: number;
      };
      const whole = { seq: n + 1, ...message };
      this.#db.prepare("INSERT INTO message VALUES (?, ?, ?)").run(caller, whole.seq, JSON.stringify(whole));
      return whole;
    });
  }

  messages(caller: string, after = 0): CallerMessage[] {
    return this.#db
      .prepare("SELECT message FROM message WHERE caller = ? AND seq > ? ORDER BY seq")
      .all(caller, after)
      .map((row) => JSON.parse((row as { message: string }).message) as CallerMessage);
  }

  /** Keeps a still and the facts that count it as one. @returns its number, or undefined where it came before. */
  addStillOnce(row: CallerRow, saidId: string, still: Omit<StillView, "seq">, sealed: Uint8Array): number | undefined {
    return atomically(this.#db, () => {
      if (this.#db.prepare("INSERT OR IGNORE INTO said VALUES (?, ?)").run(row.id, saidId).changes === 0)
        return undefined;
      const seq = row.facts.stills + 1;
      this.#db
        .prepare("INSERT INTO still VALUES (?, ?, ?, ?, ?, ?, ?)")
        .run(row.id, seq, still.at, Date.now(), still.bytes, still.sha256, sealed);
      this.save({ ...row, facts: { ...row.facts, stills: seq } });
      return seq;
    });
  }

  stills(caller: string): StillView[] {
    return this.#db
      .prepare("SELECT seq, at, bytes, sha256 FROM still WHERE caller = ? AND sealed IS NOT NULL ORDER BY seq")
      .all(caller) as unknown as StillView[];
  }

  still(caller: string, seq: number): { sealed: Uint8Array; sha256: string } | undefined {
    return this.#db
      .prepare("SELECT sealed, sha256 FROM still WHERE caller = ? AND seq = ? AND sealed IS NOT NULL")
      .get(caller, seq) as { sealed: Uint8Array; sha256: string } | undefined;
  }

  /** Deletes stills, conversations and whereabouts of before. @returns callers that lost something, with the number of stills. */
  expire(beforeMs: number): { caller: string; incident: string; stills: number }[] {
    return atomically(this.#db, () => {
      const lost = this.#db
        .prepare(
          `SELECT still.caller, incident, count(*) AS stills FROM still JOIN caller ON caller.id = still.caller
           WHERE stored_ms < ? AND sealed IS NOT NULL GROUP BY still.caller`,
        )
        .all(beforeMs) as { caller: string; incident: string; stills: number }[];
      this.#db.prepare("UPDATE still SET sealed = NULL WHERE stored_ms < ?").run(beforeMs);
      for (const table of ["message", "said"])
        this.#db.prepare(`DELETE FROM ${table} WHERE caller IN (SELECT id FROM caller WHERE made < ?)`).run(beforeMs);
      this.#db
        .prepare(
          "UPDATE caller SET facts = json_remove(facts, '$.position', '$.lastSaid', '$.recordedFix', '$.sms') WHERE made < ?",
        )
        .run(beforeMs);
      return lost;
    });
  }

  addSms({ id, caller, dueMs, attempts, sealed }: WaitingSms): void {
    this.#db.prepare("INSERT INTO sms VALUES (?, ?, ?, ?, ?)").run(id, caller, dueMs, attempts, sealed);
  }

  waitingSms(): WaitingSms[] {
    return this.#db
      .prepare("SELECT id, caller, due_ms AS dueMs, attempts, sealed FROM sms ORDER BY due_ms")
      .all() as unknown as WaitingSms[];
  }

  againSms(id: string, attempts: number, dueMs: number): void {
    this.#db.prepare("UPDATE sms SET attempts = ?, due_ms = ? WHERE id = ?").run(attempts, dueMs, id);
  }

  dropSms(id: string): void {
    this.#db.prepare("DELETE FROM sms WHERE id = ?").run(id);
  }
}
