/** Calls for backup on disk: each step is there before anybody is told of it, so that a restarted gateway goes on where it stood. */
import { DatabaseSync } from "node:sqlite";
import type { Backup } from "#core/dispatch/backup.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS call (
  id TEXT PRIMARY KEY, incident TEXT NOT NULL, status TEXT NOT NULL, opened INTEGER NOT NULL, known TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS call_by_opened ON call (opened DESC);
CREATE INDEX IF NOT EXISTS call_by_incident ON call (incident, opened DESC);
CREATE INDEX IF NOT EXISTS call_by_status ON call (status);
-- Robots' events that opened an incident or joined one.
CREATE TABLE IF NOT EXISTS event (
  id TEXT PRIMARY KEY, incident TEXT NOT NULL, robot TEXT NOT NULL, rule TEXT NOT NULL, lat REAL, lon REAL, at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_by_rule ON event (robot, rule, at_ms DESC);
`;

interface EventRow {
  id: string;
  incident: string;
  robot: string;
  rule: string;
  lat: number | null;
  lon: number | null;
  at_ms: number;
}

export class BackupStore {
  readonly #db: DatabaseSync;

  /** WAL with FULL: what was put is on the disk when `put` returns. */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
    this.#db.exec(SCHEMA);
  }

  put(backup: Backup): void {
    const { call, incident, status } = backup;
    this.#db
      .prepare(
        `INSERT INTO call VALUES (?, ?, ?, (SELECT coalesce(max(opened), 0) + 1 FROM call), ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, known = excluded.known`,
      )
      .run(call, incident, status, JSON.stringify(backup));
  }

  get(call: string): Backup | undefined {
    return this.#one("SELECT known FROM call WHERE id = ?", call);
  }

  newestOf(incident: string): Backup | undefined {
    return this.#one("SELECT known FROM call WHERE incident = ? ORDER BY opened DESC LIMIT 1", incident);
  }

  /** Neither done nor cancelled. */
  open(): Backup[] {
    return this.#many("SELECT known FROM call WHERE status NOT IN ('done', 'cancelled') ORDER BY opened");
  }

  newest(limit: number): Backup[] {
    return this.#many("SELECT known FROM call ORDER BY opened DESC LIMIT ?", limit);
  }

  putEvent(event: {
    id: string;
    incident: string;
    robot: string;
    rule: string;
    lat?: number;
    lon?: number;
    atMs: number;
  }): void {
    const { id, incident, robot, rule, lat, lon, atMs } = event;
    this.#db
      .prepare("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(id, incident, robot, rule, lat ?? null, lon ?? null, atMs);
  }

  event(id: string): EventRow | undefined {
    return this.#db.prepare("SELECT * FROM event WHERE id = ?").get(id) as EventRow | undefined;
  }

  /** Newest first. */
  eventsSince(robot: string, rule: string, sinceMs: number): EventRow[] {
    return this.#db
      .prepare("SELECT * FROM event WHERE robot = ? AND rule = ? AND at_ms >= ? ORDER BY at_ms DESC LIMIT 50")
      .all(robot, rule, sinceMs) as unknown as EventRow[];
  }

  eventsAfter(atMs: number): EventRow[] {
    return this.#db
      .prepare("SELECT * FROM event WHERE at_ms >= ? ORDER BY at_ms LIMIT 500")
      .all(atMs) as unknown as EventRow[];
  }

  close(): void {
    this.#db.close();
  }

  #one(sql: string, ...values: (string | number)[]): Backup | undefined {
    return this.#many(sql, ...values)[0];
  }

  #many(sql: string, ...values: (string | number)[]): Backup[] {
    const rows = this.#db.prepare(sql).all(...values) as unknown as { known: string }[];
    return rows.map(({ known }) => JSON.parse(known) as Backup);
  }
}
