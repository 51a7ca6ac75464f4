/** The append-only record of every incident. */
import type { DatabaseSync } from "node:sqlite";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { GENESIS, hashOfEntry, sha256Hex, verifyChain } from "./chain.ts";

interface EntryRow {
  seq: number;
  at: string;
  kind: TimelineEntry["kind"];
  by: string;
  text: string;
  data: string;
  previous_hash: string;
  hash: string;
}

export class IncidentRecord {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Runs inside the caller's transaction. `data` is stored as JSON: what JSON cannot say is not part of a record. */
  append(incident: string, entry: Pick<TimelineEntry, "at" | "kind" | "by" | "text" | "data">): TimelineEntry {
    const last = this.#db
      .prepare("SELECT seq, hash FROM entry WHERE incident = ? ORDER BY seq DESC LIMIT 1")
      .get(incident) as { seq: number; hash: string } | undefined;
    const json = JSON.stringify(entry.data ?? null);
    const draft = {
      seq: (last?.seq ?? 0) + 1,
      at: entry.at,
      kind: entry.kind,
      by: entry.by,
      text: entry.text,
      data: JSON.parse(json) as unknown,
      previousHash: last?.hash ?? GENESIS,
    };
    const hash = hashOfEntry(draft);
    this.#db
      .prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(incident, draft.seq, draft.at, draft.kind, draft.by, draft.text, json, draft.previousHash, hash);
    const head = this.head();
    this.#db
      .prepare("INSERT INTO ledger VALUES (?, ?, ?, ?, ?)")
      .run(head.length + 1, incident, draft.seq, hash, sha256Hex(head.hash + hash));
    return { ...draft, hash };
  }

  entries(incident: string): TimelineEntry[] {
    const rows = this.#db.prepare("SELECT * FROM entry WHERE incident = ? ORDER BY seq").all(incident);
    return (rows as unknown as EntryRow[]).map(({ seq, at, kind, by, text, data, previous_hash, hash }) => ({
      seq,
      at,
      kind,
      by,
      text,
      data: JSON.parse(data) as unknown,
      previousHash: previous_hash,
      hash,
    }));
  }

  /** Newest link of the chain over all incidents: kept elsewhere, it proves later that nothing before it is gone. */
  head(): { length: number; hash: string } {
    const row = this.#db.prepare("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").get();
    const { seq, hash } = (row ?? { seq: 0, hash: GENESIS }) as { seq: number; hash: string };
    return { length: seq, hash };
  }

  verify(incident: string): { ok: boolean; length: number; brokenAtSeq?: number } {
    return verifyChain(this.entries(incident));
  }

  /** Checks every entry, and that no incident and no tail of one is missing. */
  verifyAll(): { ok: boolean; length: number; broken?: { ledgerSeq: number; incident: string; why: string } } {
    const links = this.#db.prepare("SELECT * FROM ledger ORDER BY seq").all() as unknown as {
      seq: number;
      incident: string;
      entry_seq: number;
      entry_hash: string;
      hash: string;
    }[];
    const chains = new Map<string, { entries: TimelineEntry[]; brokenAt: number }>();
    let previous = GENESIS;
    for (const [index, link] of links.entries()) {
      let chain = chains.get(link.incident);
      if (!chain) {
        const entries = this.entries(link.incident);
        chains.set(link.incident, (chain = { entries, brokenAt: verifyChain(entries).brokenAtSeq ?? Infinity }));
      }
      const entry = chain.entries[link.entry_seq - 1];
      const why =
        link.seq !== index + 1 || link.hash !== sha256Hex(previous + link.entry_hash)
          ? "the ledger itself was altered"
          : entry?.hash !== link.entry_hash
            ? `entry ${link.entry_seq} is missing or another`
            : link.entry_seq >= chain.brokenAt
              ? `entry ${chain.brokenAt} was altered`
              : undefined;
      if (why)
        return { ok: false, length: links.length, broken: { ledgerSeq: index + 1, incident: link.incident, why } };
      previous = link.hash;
    }
    const total = (this.#db.prepare("SELECT count(*) AS n FROM entry").get() as { n: number }).n;
    if (total !== links.length) {
      const broken = {
        ledgerSeq: links.length,
        incident: "",
        why: `${total} entries but ${links.length} in the ledger`,
      };
      return { ok: false, length: links.length, broken };
    }
    return { ok: true, length: links.length };
  }
}
