/** Who enrolled, looked, judged and deleted: an append-only chain of hashes, as incidents have it (`incidents/chain.ts`). */
import type { DatabaseSync } from "node:sqlite";
import type { FaceAudit, FaceAuditEntry } from "#contract/face-api.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { GENESIS, hashOfEntry, verifyChain } from "../incidents/chain.ts";
import { nowUtc } from "../now.ts";

interface Row {
  seq: number;
  at: string;
  kind: FaceAuditEntry["kind"];
  by: string;
  text: string;
  data: string;
  previous_hash: string;
  hash: string;
}

const entryOf = ({ seq, at, kind, by, text, data, previous_hash, hash }: Row): FaceAuditEntry => ({
  seq,
  at,
  kind,
  by,
  text,
  data: JSON.parse(data) as unknown,
  previousHash: previous_hash,
  hash,
});

export class FaceAuditChain {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** On disk when it returns. Within the caller's transaction where there is one. `data` never holds a picture or an embedding. */
  append(kind: FaceAuditEntry["kind"], by: string, text: string, data: Record<string, unknown>): void {
    const last = this.#db.prepare("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").get() as
      | { seq: number; hash: string }
      | undefined;
    const draft = {
      seq: (last?.seq ?? 0) + 1,
      at: nowUtc(),
      kind,
      by,
      text: text.slice(0, 2000),
      data: JSON.parse(JSON.stringify(data)) as unknown,
      previousHash: last?.hash ?? GENESIS,
    };
    const hash = hashOfEntry(draft as unknown as TimelineEntry);
    this.#db
      .prepare("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(
        draft.seq,
        draft.at,
        kind,
        by,
        draft.text,
        JSON.stringify(draft.data),
        typeof data.match === "string" ? data.match : null,
        draft.previousHash,
        hash,
      );
  }

  ofMatch(match: string): FaceAuditEntry[] {
    const rows = this.#db.prepare("SELECT * FROM audit WHERE match = ? ORDER BY seq").all(match);
    return (rows as unknown as Row[]).map(entryOf);
  }

  /** Newest first; the chain is checked from its beginning. */
  read(limit: number, before = Number.MAX_SAFE_INTEGER): FaceAudit {
    const rows = this.#db.prepare("SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?").all(before, limit);
    return { entries: (rows as unknown as Row[]).map(entryOf), chain: this.verify() };
  }

  verify(): FaceAudit["chain"] {
    const rows = this.#db.prepare("SELECT * FROM audit ORDER BY seq").all() as unknown as Row[];
    return verifyChain(rows.map(entryOf) as unknown as TimelineEntry[]);
  }
}
