/** What the triangulating node has heard and told lately, on disk: a restart in the middle of a burst loses neither. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Arrival } from "#contract/shot.ts";
import type { Shot } from "#core/localise/shot-record.ts";

const MOST_TOLD = 2_000;
/** Rows are counted and thinned out this seldom. */
const THIN_EVERY = 500;

export class ArrivalJournal {
  readonly #db: DatabaseSync;
  readonly #heard: StatementSync;
  readonly #fixed: StatementSync;
  readonly #maxArrivals: number;
  #writes = 0;

  constructor(folder: string, maxArrivals: number) {
    mkdirSync(folder, { recursive: true });
    this.#maxArrivals = maxArrivals;
    this.#db = new DatabaseSync(join(folder, "triangulate.sqlite"));
    // The bus keeps what it has not handed over; of what it has, a power cut may take the last moments' order, not a message.
    this.#db.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS heard (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, at_ns TEXT NOT NULL, arrival TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS told (id TEXT PRIMARY KEY, seq INTEGER, version INTEGER NOT NULL, incident TEXT NOT NULL, used TEXT);`);
    this.#heard = this.#db.prepare("INSERT OR IGNORE INTO heard (id, at_ns, arrival) VALUES (?, ?, ?)");
    this.#fixed = this.#db.prepare(
      "INSERT INTO told (id, seq, version, incident, used) VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM told), ?, ?, ?) " +
        "ON CONFLICT (id) DO UPDATE SET version = max(version, excluded.version), used = excluded.used",
    );
  }

  heard(arrival: Arrival, atNs: bigint): void {
    this.#heard.run(arrival.id, atNs.toString(), JSON.stringify(arrival));
    if (++this.#writes % THIN_EVERY === 0) {
      this.#db.exec(`DELETE FROM heard WHERE seq <= (SELECT max(seq) FROM heard) - ${this.#maxArrivals}`);
      this.#db.exec(`DELETE FROM told WHERE seq <= (SELECT max(seq) FROM told) - ${MOST_TOLD}`);
    }
  }

  fixed(shot: Shot): void {
    this.#fixed.run(shot.id, shot.version, shot.incident, usedHash(shot));
  }

  told(): { id: string; version: number; incident: string }[] {
    return this.#db.prepare("SELECT id, version, incident FROM told ORDER BY seq").all() as {
      id: string;
      version: number;
      incident: string;
    }[];
  }

  /** Whether the last version told of that shot used the same arrivals. */
  toldThis(shot: Shot): boolean {
    const row = this.#db.prepare("SELECT used FROM told WHERE id = ?").get(shot.id) as { used: string } | undefined;
    return row?.used === usedHash(shot);
  }

  /** In the order in which they came. */
  arrivalsSince(sinceNs: bigint): { arrival: Arrival; atNs: bigint }[] {
    const rows = this.#db.prepare("SELECT at_ns, arrival FROM heard ORDER BY seq").all() as {
      at_ns: string;
      arrival: string;
    }[];
    return rows
      .map((row) => ({ arrival: JSON.parse(row.arrival) as Arrival, atNs: BigInt(row.at_ns) }))
      .filter(({ atNs }) => atNs >= sinceNs);
  }

  close(): void {
    this.#db.close();
  }
}

function usedHash(shot: Shot): string {
  const used = shot.withdrawn
    ? "withdrawn"
    : shot.arrivals
        .map((one) => one.id)
        .sort()
        .join(" ");
  return createHash("sha256").update(used).digest("hex").slice(0, 32);
}
