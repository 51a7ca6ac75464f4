/** The gateway's face matching on disk, in a file of its own: pictures and embeddings sealed, deleted rows overwritten. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS list (
  id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, terms TEXT NOT NULL, people INTEGER NOT NULL, enrolled_by TEXT NOT NULL,
  enrolled_at TEXT NOT NULL, end_ms INTEGER NOT NULL, sealed BLOB, revocation TEXT, revoked TEXT) STRICT;
CREATE TABLE IF NOT EXISTS picture (
  list TEXT NOT NULL, person TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (list, person)) STRICT;
CREATE TABLE IF NOT EXISTS match (
  match TEXT PRIMARY KEY, version INTEGER NOT NULL, status TEXT NOT NULL, list TEXT NOT NULL, person TEXT NOT NULL,
  message TEXT NOT NULL, taken_ms INTEGER NOT NULL, probe_until_ms INTEGER NOT NULL, sealed BLOB, verdict TEXT, incident TEXT) STRICT;
CREATE INDEX IF NOT EXISTS match_of_person ON match (list, person);
CREATE TABLE IF NOT EXISTS receipt (
  node TEXT NOT NULL, sha256 TEXT NOT NULL, list TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (node, sha256)) STRICT;
CREATE TABLE IF NOT EXISTS looked (
  id TEXT PRIMARY KEY, faces_seen INTEGER NOT NULL, tracks INTEGER NOT NULL, possible INTEGER NOT NULL,
  unknown INTEGER NOT NULL, undecided INTEGER NOT NULL, suppressed INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, by TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL,
  match TEXT, previous_hash TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS audit_of_match ON audit (match);
`;

export function openFacesDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000",
  );
  db.exec(SCHEMA);
  return db;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM (NIST SP 800-38D), a fresh random nonce each; the row's own name is authenticated with it. */
export class Seal {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  close(bytes: Uint8Array, name: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(name));
    const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** @throws when it is not what was sealed under this name. */
  open(sealed: Uint8Array, name: string): Buffer {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  }
}
