/** Possible matches, and what people said of them. A match changes nothing but itself until a person has spoken. */
import type { DatabaseSync } from "node:sqlite";
import type { FacePossible, FaceProbe, FaceSuppression } from "#contract/face.ts";
import type { FaceMatchStatus, FaceMatchView, FaceVerdictAsk } from "#contract/face-api.ts";
import { atomically } from "../incidents/schema.ts";
import { nowUtc } from "../now.ts";
import type { FaceAuditChain } from "./audit.ts";
import type { FaceLists } from "./lists.ts";
import type { Seal } from "./schema.ts";
import { knownErrorOf } from "./words.ts";

interface Row {
  match: string;
  version: number;
  status: FaceMatchStatus;
  list: string;
  person: string;
  message: string;
  taken_ms: number;
  probe_until_ms: number;
  sealed: Uint8Array | null;
  verdict: string | null;
  incident: string | null;
}

export type Taking = { kind: "new"; view: FaceMatchView } | { kind: "repeat" } | { kind: "refused"; why: string };
export type Judging =
  | { kind: "done"; view: FaceMatchView; from: FaceMatchStatus }
  | { kind: "refused"; why: string; conflict: boolean }
  | { kind: "absent" };

interface Keeping {
  readonly probeMs: number;
  readonly suppressMs: number;
}

export class FaceMatches {
  readonly #db: DatabaseSync;
  readonly #seal: Seal;
  readonly #audit: FaceAuditChain;
  readonly #lists: FaceLists;
  readonly #keeping: Keeping;

  constructor(db: DatabaseSync, seal: Seal, audit: FaceAuditChain, lists: FaceLists, keeping: Keeping) {
    this.#db = db;
    this.#seal = seal;
    this.#audit = audit;
    this.#lists = lists;
    this.#keeping = keeping;
  }

  /** Takes a device's possible match. One under a list that is not in force any more is not shown to anybody. */
  take(message: FacePossible, probe: FaceProbe | undefined): Taking {
    const { match, node, list, person } = message;
    if (this.#row(match)) return { kind: "repeat" };
    const { probe: _, ...kept } = message;
    const why = this.#overBecause(list);
    const nowMs = Date.now();
    atomically(this.#db, () => {
      this.#db
        .prepare("INSERT INTO match VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)")
        .run(
          match,
          why === undefined ? "open" : "expired",
          list.id,
          person,
          JSON.stringify(kept),
          nowMs,
          nowMs + this.#keeping.probeMs,
          why === undefined && probe ? this.#seal.close(Buffer.from(JSON.stringify(probe)), `match ${match}`) : null,
        );
      const text =
        why === undefined
          ? `${node} saw a possible match with ${person} of list ${list.id}`
          : `a possible match of ${node} is not shown: ${why}`;
      this.#audit.append("possible", node, text, {
        match,
        list: list.id,
        sha256: list.sha256,
        person,
        score: message.score,
      });
    });
    if (why !== undefined) return { kind: "refused", why };
    return { kind: "new", view: this.#view(this.#row(match)!) };
  }

  /** Whoever escalated a match does not decide it afterwards: another pair of eyes does. */
  judge(match: string, by: string, { status, reason, version }: FaceVerdictAsk): Judging {
    const row = this.#row(match);
    if (!row) return { kind: "absent" };
    if (row.version !== version)
      return { kind: "refused", why: `it is at version ${row.version}: look again`, conflict: true };
    if (row.status !== "open" && row.status !== "escalated")
      return { kind: "refused", why: `it is ${row.status} already`, conflict: true };
    const over = this.#overBecause((JSON.parse(row.message) as FacePossible).list);
    if (over !== undefined)
      return { kind: "refused", why: `${over}: nobody is looked for by it any more`, conflict: true };
    const before = verdictOf(row);
    if (row.status === "escalated" && status === "escalated")
      return { kind: "refused", why: "it is escalated already", conflict: true };
    if (row.status === "escalated" && before?.by === by)
      return { kind: "refused", why: "you escalated it: somebody else decides", conflict: false };
    const nowMs = Date.now();
    const untilMs =
      status === "rejected" ? Math.min(row.probe_until_ms, nowMs + this.#keeping.suppressMs) : row.probe_until_ms;
    atomically(this.#db, () => {
      this.#db
        .prepare("UPDATE match SET version = version + 1, status = ?, verdict = ?, probe_until_ms = ? WHERE match = ?")
        .run(status, JSON.stringify({ status, by, at: nowUtc(), reason }), untilMs, match);
      this.#audit.append("verdict", by, `${by} ${status} the match with ${row.person}: ${reason}`, {
        match,
        status,
        reason,
      });
    });
    return { kind: "done", view: this.view(match)!, from: row.status };
  }

  setIncident(match: string, incident: string): FaceMatchView {
    this.#db.prepare("UPDATE match SET incident = ? WHERE match = ?").run(incident, match);
    return this.view(match)!;
  }

  view(match: string): FaceMatchView | undefined {
    const row = this.#row(match);
    return row && this.#view(row);
  }

  list(status: FaceMatchStatus | undefined, limit: number): { matches: FaceMatchView[]; total: number } {
    const where = status ? "WHERE status = ?" : "";
    const given = status ? [status] : [];
    const rows = this.#db
      .prepare(`SELECT * FROM match ${where} ORDER BY taken_ms DESC, match DESC LIMIT ?`)
      .all(...given, limit);
    const { n } = this.#db.prepare(`SELECT count(*) AS n FROM match ${where}`).get(...given) as { n: number };
    return { matches: (rows as unknown as Row[]).map((row) => this.#view(row)), total: n };
  }

  /** Earlier matches with the same person of the same list. */
  history(match: string, limit = 50): FaceMatchView[] {
    const row = this.#row(match);
    if (!row) return [];
    const rows = this.#db
      .prepare("SELECT * FROM match WHERE list = ? AND person = ? AND match != ? ORDER BY taken_ms DESC LIMIT ?")
      .all(row.list, row.person, match, limit);
    return (rows as unknown as Row[]).map((each) => this.#view(each));
  }

  probe(match: string): FaceProbe | undefined {
    const row = this.#row(match);
    if (!row?.sealed) return undefined;
    return JSON.parse(this.#seal.open(row.sealed, `match ${match}`).toString()) as FaceProbe;
  }

  /** Pairs that people told apart, for the devices: as long as the probe is kept. */
  suppressions(lists: ReadonlySet<string>): FaceSuppression[] {
    const rows = this.#db
      .prepare("SELECT * FROM match WHERE status = 'rejected' AND sealed IS NOT NULL ORDER BY taken_ms DESC LIMIT 256")
      .all() as unknown as Row[];
    return rows.flatMap((row) => {
      const probe = lists.has(row.list) ? this.probe(row.match) : undefined;
      if (!probe) return [];
      const { embedding, spread } = probe;
      const until = new Date(row.probe_until_ms).toISOString();
      return [{ match: row.match, list: row.list, person: row.person, embedding, spread, until }];
    });
  }

  /**
   * Deletes probes past their time, and those of lists that are gone; an open match without a probe, or made with a version of its list
   * that is not the one enrolled, has expired. @returns what changed.
   */
  expire(nowMs = Date.now(), goneLists: readonly string[] = []): FaceMatchView[] {
    const rows = this.#db
      .prepare("SELECT * FROM match WHERE sealed IS NOT NULL OR status IN ('open', 'escalated')")
      .all();
    const over = (rows as unknown as Row[]).flatMap((row) => {
      const isOpen = row.status === "open" || row.status === "escalated";
      const why = goneLists.includes(row.list)
        ? `list ${row.list} is gone`
        : row.probe_until_ms <= nowMs
          ? "past its time"
          : isOpen
            ? this.#overBecause((JSON.parse(row.message) as FacePossible).list)
            : undefined;
      return why === undefined ? [] : [{ match: row.match, status: isOpen ? "expired" : row.status, why }];
    });
    for (const { match, status, why } of over)
      atomically(this.#db, () => {
        this.#db
          .prepare("UPDATE match SET sealed = NULL, status = ?, version = version + 1 WHERE match = ?")
          .run(status, match);
        this.#audit.append("deleted", "gateway", `picture and embedding of a match are deleted: ${why}`, { match });
      });
    return over.map(({ match }) => this.view(match)!);
  }

  countByStatus(): Record<string, number> {
    const rows = this.#db.prepare("SELECT status, count(*) AS n FROM match GROUP BY status").all() as {
      status: string;
      n: number;
    }[];
    return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
  }

  /** Why a match with this version of the list is nothing to decide; undefined while it is. */
  #overBecause({ id, sha256 }: FacePossible["list"]): string | undefined {
    const about = this.#lists.about(id);
    if (!about) return `list ${id} was never enrolled here`;
    if (about.state === "revoked" || about.state === "expired") return `list ${id} is ${about.state} meanwhile`;
    return about.sha256 === sha256 ? undefined : `it was made with another version of list ${id}`;
  }

  #row(match: string): Row | undefined {
    return this.#db.prepare("SELECT * FROM match WHERE match = ?").get(match) as Row | undefined;
  }

  #view(row: Row): FaceMatchView {
    const message = JSON.parse(row.message) as FacePossible;
    const about = this.#lists.about(row.list);
    const verdict = verdictOf(row);
    return {
      match: row.match,
      version: row.version,
      status: row.status,
      node: message.node,
      camera: message.camera,
      list: {
        id: row.list,
        purpose: about?.terms.purpose ?? "not known here",
        authority: about?.terms.authority ?? "not known here",
        people: message.list.people,
      },
      person: row.person,
      score: message.score,
      looks: message.looks,
      quality: message.quality,
      seenFrom: message.seenFrom,
      seenUntil: message.seenUntil,
      ...(message.place && { place: message.place }),
      ...(message.bearingDeg !== undefined && { bearingDeg: message.bearingDeg }),
      knownError: knownErrorOf(message),
      hasProbe: row.sealed !== null,
      hasGallery: this.#lists.picture(row.list, row.person) !== undefined,
      probeUntil: new Date(row.probe_until_ms).toISOString(),
      ...(verdict && { verdict }),
      ...(row.incident && { incident: row.incident }),
    };
  }
}

function verdictOf(row: Row): FaceMatchView["verdict"] {
  return row.verdict ? (JSON.parse(row.verdict) as NonNullable<FaceMatchView["verdict"]>) : undefined;
}
