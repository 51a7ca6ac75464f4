/** What a lamppost remembers of what it heard and what people said of it, and every head fitted from that. On disk; nothing of it is sound. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Comparison, Example, SiteHead } from "#core/acoustics/site-head.ts";
import type { Log } from "../ports.ts";

/** Embeddings kept while they wait for a verdict, and reviewed ones kept to learn from. */
const MOST_WAITING = 20_000;
const MOST_REVIEWED = 5_000;

export interface HeadVersion {
  version: number;
  head: SiteHead;
  comparison: Comparison;
  at: string;
  /** The classifier it corrects: a head fits no other. */
  modelSha256: string;
  backend: string;
}

/** A node hears all the same where the disk is full or the file damaged: with the classifier as it ships, learning for this run only. */
export function openAdaptationStore(folder: string, log: Log): AdaptationStore {
  let store: AdaptationStore | undefined;
  try {
    store = new AdaptationStore(folder);
    store.check();
    return store;
  } catch (error) {
    store?.close();
    const why = (error as Error).message;
    log.error(
      { folder, why },
      "what was learned here cannot be read: free or replace the disk, or move adaptation.sqlite away",
    );
    return new AdaptationStore(undefined);
  }
}

export class AdaptationStore {
  readonly #db: DatabaseSync;

  /** @param folder where its file is, or is made; undefined: in memory. Throws where the disk cannot be read or written. */
  constructor(folder: string | undefined) {
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(folder === undefined ? ":memory:" : join(folder, "adaptation.sqlite"));
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS heard (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, arrival TEXT UNIQUE, model TEXT, probability REAL, embedding BLOB, incident TEXT, gunshot INTEGER
      );
      CREATE INDEX IF NOT EXISTS heard_by_verdict ON heard (model, gunshot);
      CREATE TABLE IF NOT EXISTS head (
        version INTEGER PRIMARY KEY, model TEXT, head TEXT, comparison TEXT, at TEXT, backend TEXT
      );
      CREATE TABLE IF NOT EXISTS in_use (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER);
    `);
  }

  /** Throws where the file is damaged anywhere: it opens as long as its first page is well. */
  check(): void {
    const damage = this.#db.prepare("PRAGMA quick_check(1)").all() as unknown as { quick_check: string }[];
    const found = damage[0]?.quick_check;
    if (found !== "ok") throw new Error(`the file is damaged: ${found}`);
    this.version(this.inUse || this.newest);
  }

  remember(arrival: string, modelSha256: string, probability: number, embedding: Float32Array): void {
    const bytes = new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength);
    this.#db
      .prepare("INSERT OR IGNORE INTO heard (arrival, model, probability, embedding) VALUES (?, ?, ?, ?)")
      .run(arrival, modelSha256, probability, bytes);
    this.#db
      .prepare("DELETE FROM heard WHERE gunshot IS NULL AND seq <= (SELECT MAX(seq) FROM heard) - ?")
      .run(MOST_WAITING);
  }

  /** @param gunshot undefined takes an earlier verdict back. Returns whether the arrival is known here. */
  review(arrival: string, incident: string, gunshot: boolean | undefined): boolean {
    const verdict = gunshot === undefined ? null : Number(gunshot);
    const { changes } = this.#db
      .prepare("UPDATE heard SET incident = ?, gunshot = ? WHERE arrival = ?")
      .run(incident, verdict, arrival);
    this.#db
      .prepare(
        "DELETE FROM heard WHERE gunshot IS NOT NULL AND seq NOT IN (SELECT seq FROM heard WHERE gunshot IS NOT NULL ORDER BY seq DESC LIMIT ?)",
      )
      .run(MOST_REVIEWED);
    return changes > 0;
  }

  /** Reviewed arrivals heard with this model, oldest first. */
  examples(modelSha256: string): Example[] {
    const rows = this.#db
      .prepare(
        "SELECT probability, embedding, incident, gunshot FROM heard WHERE gunshot IS NOT NULL AND model = ? ORDER BY seq",
      )
      .all(modelSha256) as unknown as {
      probability: number;
      embedding: Uint8Array;
      incident: string;
      gunshot: number;
    }[];
    return rows.map(({ probability, embedding, incident, gunshot }) => ({
      probability,
      // A copy: the database's bytes need not stand on a multiple of four.
      embedding: new Float32Array(Uint8Array.from(embedding).buffer),
      incident,
      gunshot: gunshot === 1,
    }));
  }

  /** How many of these there are. */
  verdicts(modelSha256: string): number {
    const { count } = this.#db
      .prepare("SELECT COUNT(*) AS count FROM heard WHERE gunshot IS NOT NULL AND model = ?")
      .get(modelSha256) as { count: number };
    return count;
  }

  /** Keeps a fitted head whatever became of it; a refused one shows later why. */
  add(head: Omit<HeadVersion, "version">): number {
    const version = this.newest + 1;
    this.#db
      .prepare("INSERT INTO head VALUES (?, ?, ?, ?, ?, ?)")
      .run(
        version,
        head.modelSha256,
        JSON.stringify(head.head),
        JSON.stringify(head.comparison),
        head.at,
        head.backend,
      );
    return version;
  }

  version(version: number): HeadVersion | undefined {
    const row = this.#db.prepare("SELECT * FROM head WHERE version = ?").get(version) as
      | { version: number; model: string; head: string; comparison: string; at: string; backend: string }
      | undefined;
    if (!row) return undefined;
    const { head, comparison, model, ...rest } = row;
    return {
      ...rest,
      modelSha256: model,
      head: JSON.parse(head) as SiteHead,
      comparison: JSON.parse(comparison) as Comparison,
    };
  }

  /** The version fitted last; 0 before there is one. */
  get newest(): number {
    return (this.#db.prepare("SELECT COALESCE(MAX(version), 0) AS newest FROM head").get() as { newest: number })
      .newest;
  }

  /** The head in use; 0 is the classifier as it is. */
  get inUse(): number {
    const row = this.#db.prepare("SELECT version FROM in_use").get() as { version: number } | undefined;
    return row?.version ?? 0;
  }

  use(version: number): void {
    this.#db
      .prepare("INSERT INTO in_use VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET version = excluded.version")
      .run(version);
  }

  close(): void {
    this.#db.close();
  }
}
