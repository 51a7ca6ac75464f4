/** The tables of the incident store. What is on a record can be added to and never altered: triggers refuse all else. */
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS entry (
  incident TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, by TEXT NOT NULL,
  text TEXT NOT NULL, data TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (incident, seq)) STRICT;
-- One chain over the entries of all incidents: taking a whole incident away breaks it.
CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY, incident TEXT NOT NULL, entry_seq INTEGER NOT NULL, entry_hash TEXT NOT NULL,
  hash TEXT NOT NULL) STRICT;
${["entry", "ledger"]
  .flatMap((table) =>
    ["UPDATE", "DELETE"].map(
      (verb) => `CREATE TRIGGER IF NOT EXISTS ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
  BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;`,
    ),
  )
  .join("\n")}
-- Newest state of each incident: a copy of what the entries fold to, for fast lists.
CREATE TABLE IF NOT EXISTS incident (
  id TEXT PRIMARY KEY, status TEXT NOT NULL, opened INTEGER NOT NULL, version INTEGER NOT NULL,
  said_version INTEGER NOT NULL DEFAULT 0, known TEXT NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS incident_by_opened ON incident (opened DESC);
CREATE INDEX IF NOT EXISTS incident_by_status ON incident (status, opened DESC);
CREATE INDEX IF NOT EXISTS incident_unsaid ON incident (id) WHERE said_version < version;
-- Every message already taken in, by its channel's key: QoS 1 may bring it again.
CREATE TABLE IF NOT EXISTS taken (channel TEXT NOT NULL, key TEXT NOT NULL, incident TEXT NOT NULL,
  PRIMARY KEY (channel, key)) STRICT, WITHOUT ROWID;
-- Which incident a shot belongs to; a later version may move it.
CREATE TABLE IF NOT EXISTS shot (id TEXT PRIMARY KEY, incident TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Which shot an arrival was used for, and what another solver's names of shots and incidents stand for here.
CREATE TABLE IF NOT EXISTS used (arrival TEXT PRIMARY KEY, shot TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (name TEXT PRIMARY KEY, stands_for TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clip (
  arrival TEXT NOT NULL, incident TEXT NOT NULL, node TEXT NOT NULL, start TEXT, onset_s REAL, sample_rate_hz INTEGER,
  asked_at TEXT NOT NULL, stored_ms INTEGER, withheld INTEGER, sha256 TEXT, sealed BLOB,
  PRIMARY KEY (incident, arrival)) STRICT;
CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY, node TEXT NOT NULL, stored_ms INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS heard_by_age ON heard (stored_ms);
-- Fixes that were too unlikely to call anybody, for whoever checks the threshold later.
CREATE TABLE IF NOT EXISTS unlikely (key TEXT PRIMARY KEY, stored_ms INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS unlikely_by_age ON unlikely (stored_ms);
CREATE TABLE IF NOT EXISTS session (
  token_sha256 TEXT PRIMARY KEY, user TEXT NOT NULL, expires_ms INTEGER NOT NULL) STRICT;
`;

/** WAL with FULL: a commit is on the disk when it returns. */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000",
  );
  db.exec(SCHEMA);
  return db;
}

/** Runs `work` as one transaction. */
export function atomically<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
