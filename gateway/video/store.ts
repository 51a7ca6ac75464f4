/** Tables of the video part: what is wanted, what is recorded, and where it lies. The facts themselves stand on the incidents' records. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS want (
  stream TEXT NOT NULL, key TEXT NOT NULL, by TEXT NOT NULL, until_ms INTEGER NOT NULL, incident TEXT,
  PRIMARY KEY (stream, key)) STRICT, WITHOUT ROWID;
-- A wish for recordings that holds until it is withdrawn; each run under it is a recording.
CREATE TABLE IF NOT EXISTS record_order (
  id TEXT PRIMARY KEY, stream TEXT NOT NULL, incident TEXT NOT NULL, media TEXT NOT NULL, by TEXT NOT NULL,
  gap_from_ms INTEGER, gap_why TEXT, UNIQUE (stream, incident)) STRICT;
CREATE TABLE IF NOT EXISTS recording (
  id TEXT PRIMARY KEY, stream TEXT NOT NULL, incident TEXT NOT NULL, codec TEXT NOT NULL, format TEXT NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER, start_sha256 TEXT NOT NULL, pre_roll INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS recording_by_incident ON recording (incident, started_ms);
CREATE TABLE IF NOT EXISTS segment (
  recording TEXT NOT NULL, seq INTEGER NOT NULL, started_ms INTEGER NOT NULL, duration_s REAL NOT NULL,
  bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (recording, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (
  incident TEXT NOT NULL, stream TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER, why TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS gap_by_incident ON gap (incident);
CREATE TABLE IF NOT EXISTS snapshot (
  id TEXT PRIMARY KEY, stream TEXT NOT NULL, incident TEXT NOT NULL, at_ms INTEGER NOT NULL, by TEXT NOT NULL,
  sha256 TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0) STRICT;
-- Looks at streams that no incident stands for; all others are on the incident's record.
CREATE TABLE IF NOT EXISTS look (at_ms INTEGER NOT NULL, user TEXT NOT NULL, stream TEXT NOT NULL) STRICT;
`;

/** @param folder made where it is missing, readable by the gateway alone. */
export function openVideoStore(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(folder, "video.sqlite"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
  db.exec(SCHEMA);
  return db;
}
