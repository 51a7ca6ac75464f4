/** The incidents of the district: takes in what the network finds and what people decide, and forgets nothing of it. */
import type { DatabaseSync } from "node:sqlite";
import { ulid } from "ulid";
import type { Place } from "#contract/geo.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { type ShotFixed, shotFixed } from "#contract/shot.ts";
import { type Change, type Known, type Outcome, step } from "#core/review/lifecycle.ts";
import type { Report } from "#core/review/report.ts";
import { nowUtc } from "../now.ts";
import { IncidentRecord } from "./record.ts";
import { noteUsed, underKnownNames } from "./same-round.ts";
import { atomically } from "./schema.ts";

interface Row {
  known: string;
  state: string;
}

export type Decision =
  | { kind: "done"; state: IncidentState }
  | Extract<Outcome, { kind: "refused" }>
  | { kind: "absent" };

type Applied =
  | { kind: "applied"; changed: boolean; known: Known; state: IncidentState }
  | Extract<Outcome, { kind: "refused" }>;

export class Incidents {
  readonly #db: DatabaseSync;
  readonly #minRoundProbability: number | undefined;
  readonly #listeners: ((state: IncidentState, known: Known) => void)[] = [];
  readonly record: IncidentRecord;
  readonly counters = { shots: 0, repeats: 0, entries: 0 };

  /** @param minRoundProbability from which a shot counts as a round of its incident; without it every shot does that stands. */
  constructor(db: DatabaseSync, minRoundProbability?: number) {
    this.#db = db;
    this.#minRoundProbability = minRoundProbability;
    this.record = new IncidentRecord(db);
  }

  /** Called after each new version is on disk. @param first before all others: for whom somebody waits. */
  onVersion(listener: (state: IncidentState, known: Known) => void, first = false): void {
    if (first) this.#listeners.unshift(listener);
    else this.#listeners.push(listener);
  }

  /** Was a version of this shot taken in, or is an incident open that it is a round of? Asked under the names it has here. */
  standing(fixed: ShotFixed): "known" | "open" | "new" {
    const { shot } = underKnownNames(this.#db, fixed);
    if (this.#db.prepare("SELECT 1 FROM shot WHERE id = ?").get(shot.id)) return "known";
    return this.#row(shot.incident) ? "open" : "new";
  }

  /** Has this solver said this version of the shot already, or a newer one? */
  isPast(fixed: ShotFixed): boolean {
    const { shot } = underKnownNames(this.#db, fixed);
    const home = this.#db.prepare("SELECT incident FROM shot WHERE id = ?").get(shot.id) as
      | { incident: string }
      | undefined;
    const newest = home && this.shots(home.incident).find(({ id }) => id === shot.id);
    return newest !== undefined && newest.node === shot.node && newest.version >= shot.version;
  }

  /** What counts as a round in the incident that this shot names, under the name that it has here. */
  roundsBeside(fixed: ShotFixed): ShotFixed[] {
    const known = this.#known(underKnownNames(this.#db, fixed).shot.incident);
    const counting = new Set(known?.rounds.map(({ shot }) => shot));
    return known?.shots.filter(({ id }) => counting.has(id)) ?? [];
  }

  /** Takes a shot in, once however often it comes. On disk when it returns. */
  ingest(fixed: ShotFixed): "taken" | "repeat" {
    const { shot, folded } = underKnownNames(this.#db, fixed);
    // Solvers count their versions each for itself.
    const key = shot.solvedLocally ? `${shotFixed.key(fixed)} ${fixed.node}` : shotFixed.key(fixed);
    const changed = atomically(this.#db, () => {
      if (!this.takeOnce(shotFixed.name, key, shot.incident)) return undefined;
      const home = this.#db.prepare("SELECT incident FROM shot WHERE id = ?").get(shot.id) as
        | { incident: string }
        | undefined;
      noteUsed(this.#db, shot);
      const results: Applied[] = folded === undefined ? [] : this.#fold(folded, shot.incident, shot.node);
      if (home && home.incident !== shot.incident) {
        const before = this.#known(home.incident)?.shots.find((other) => other.id === shot.id);
        // A version from before the move, that comes late, stays where it was: only newer ones move a shot.
        if (before && before.version < shot.version) {
          const withdrawn = `it is now a round of incident ${shot.incident}`;
          const left = { ...before, version: shot.version, withdrawn };
          results.push(this.#apply(home.incident, this.#ofShot(left), shot.node));
        }
      }
      this.#db
        .prepare("INSERT INTO shot VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET incident = excluded.incident")
        .run(shot.id, shot.incident);
      results.push(this.#apply(shot.incident, this.#ofShot(shot), shot.node));
      return results;
    });
    if (!changed) {
      this.counters.repeats++;
      return "repeat";
    }
    this.counters.shots++;
    for (const result of changed) this.#tell(result);
    return "taken";
  }

  #ofShot(shot: ShotFixed): Change {
    const minRoundProbability = this.#minRoundProbability;
    return { kind: "shot", shot, ...(minRoundProbability !== undefined && { minRoundProbability }) };
  }

  /** Two incidents turned out to be one: the rounds of the one go over to the other. */
  #fold(from: string, into: string, by: string): Applied[] {
    const withdrawn = `it is now a round of incident ${into}`;
    const rounds = this.#known(from)?.shots.filter((shot) => shot.withdrawn === undefined) ?? [];
    return rounds.flatMap((shot) => {
      this.#db.prepare("UPDATE shot SET incident = ? WHERE id = ?").run(into, shot.id);
      const left = { ...shot, version: shot.version + 1, withdrawn };
      return [
        this.#apply(from, this.#ofShot(left), by),
        this.#apply(into, this.#ofShot({ ...shot, incident: into }), by),
      ];
    });
  }

  /** Opens an incident that no shot opens, or adds to it. On disk when it returns. @param by node or person. */
  report(report: Report, by: string): Decision {
    const result = atomically(this.#db, () => this.#apply(report.incident, { kind: "reported", report }, by));
    if (result.kind === "refused") return result;
    this.#tell(result);
    return { kind: "done", state: result.state };
  }

  take(incident: string, by: string): Decision {
    return this.#decide(incident, { kind: "taken", by }, by);
  }

  verdict(incident: string, by: string, ask: { status: IncidentState["status"]; reason: string; version: number }) {
    const { status, reason, version } = ask;
    return this.#decide(incident, { kind: "verdict", by, status, reason, seenVersion: version }, by);
  }

  note(incident: string, by: string, text: string): Decision {
    return this.#decide(incident, { kind: "note", by, text }, by);
  }

  /** Where it is, known better or anew. */
  place(incident: string, place: Place, by: string, text: string): Decision {
    return this.#decide(incident, { kind: "placed", place, text }, by);
  }

  /** As `fact`, once for each `key`, however often it is said: fact and key go to disk together. */
  factOnce(
    key: { of: string; is: string },
    incident: string,
    kind: TimelineEntry["kind"],
    by: string,
    text: string,
    data: unknown,
  ): TimelineEntry | undefined {
    return atomically(this.#db, () =>
      this.#row(incident) && this.takeOnce(key.of, key.is, incident)
        ? this.factWithin(incident, kind, by, text, data)
        : undefined,
    );
  }

  /** Puts a fact on the record that leaves the state as it is. */
  fact(
    incident: string,
    kind: TimelineEntry["kind"],
    by: string,
    text: string,
    data: unknown,
    at = nowUtc(),
  ): TimelineEntry | undefined {
    return atomically(this.#db, () => this.factWithin(incident, kind, by, text, data, at));
  }

  /** As `fact`, inside the caller's transaction. */
  factWithin(incident: string, kind: TimelineEntry["kind"], by: string, text: string, data: unknown, at = nowUtc()) {
    if (!this.#row(incident)) return undefined;
    this.counters.entries++;
    return this.record.append(incident, { at, kind, by, text, data });
  }

  /** False when this message was taken in before. Inside the caller's transaction. */
  takeOnce(channel: string, key: string, incident: string): boolean {
    return this.#db.prepare("INSERT OR IGNORE INTO taken VALUES (?, ?, ?)").run(channel, key, incident).changes === 1;
  }

  state(incident: string): IncidentState | undefined {
    const row = this.#row(incident);
    return row && (JSON.parse(row.state) as IncidentState);
  }

  shots(incident: string): ShotFixed[] {
    return this.#known(incident)?.shots ?? [];
  }

  /** Newest first by when they were opened. @param options.before an incident: only those opened before it. */
  list(options: { limit: number; before?: string; status?: string }): { incidents: IncidentState[]; total: number } {
    const status = options.status ?? null;
    const before = options.before ?? null;
    const rows = this.#db
      .prepare(
        `SELECT state FROM incident WHERE (?1 IS NULL OR status = ?1)
           AND (?2 IS NULL OR opened < (SELECT opened FROM incident WHERE id = ?2))
         ORDER BY opened DESC LIMIT ?3`,
      )
      .all(status, before, options.limit) as unknown as Row[];
    const { n } = this.#db
      .prepare("SELECT count(*) AS n FROM incident WHERE (?1 IS NULL OR status = ?1)")
      .get(status) as { n: number };
    return { incidents: rows.map((row) => JSON.parse(row.state) as IncidentState), total: n };
  }

  countByStatus(): Record<string, number> {
    const rows = this.#db.prepare("SELECT status, count(*) AS n FROM incident GROUP BY status").all();
    return Object.fromEntries((rows as { status: string; n: number }[]).map(({ status, n }) => [status, n]));
  }

  /** Versions on disk that the bus has not been told of, after a crash in between. */
  unsaid(): IncidentState[] {
    const rows = this.#db.prepare("SELECT state FROM incident WHERE said_version < version ORDER BY opened").all();
    return (rows as unknown as Row[]).map((row) => JSON.parse(row.state) as IncidentState);
  }

  markSaid(incident: string, version: number): void {
    this.#db.prepare("UPDATE incident SET said_version = max(said_version, ?) WHERE id = ?").run(version, incident);
  }

  #row(incident: string): Row | undefined {
    return this.#db.prepare("SELECT known, state FROM incident WHERE id = ?").get(incident) as Row | undefined;
  }

  #known(incident: string): Known | undefined {
    const row = this.#row(incident);
    return row && (JSON.parse(row.known) as Known);
  }

  #decide(incident: string, change: Change, by: string): Decision {
    if (!this.#row(incident)) return { kind: "absent" };
    const result = atomically(this.#db, () => this.#apply(incident, change, by));
    if (result.kind === "refused") return result;
    this.#tell(result);
    return { kind: "done", state: result.state };
  }

  #apply(incident: string, change: Change, by: string): Applied {
    const before = this.#row(incident);
    const at = nowUtc();
    const outcome = step(before && (JSON.parse(before.known) as Known), change, at);
    if (outcome.kind === "refused") return outcome;
    const opens = change.kind === "shot" || change.kind === "reported";
    const kind = opens && !before ? "opened" : change.kind === "reported" ? "note" : change.kind;
    const entry = this.record.append(incident, { at, kind, by, text: outcome.text, data: change });
    this.counters.entries++;
    const { known, changed } = outcome;
    if (!changed) return { kind: "applied", changed, known, state: JSON.parse(before?.state ?? "null") };
    const { shots: _, substanceVersion: __, minRoundProbability: ___, ...said } = known;
    const state: IncidentState = { v: 1, id: ulid(), node: "gateway", at, ...said, hash: entry.hash };
    this.#db
      .prepare(
        `INSERT INTO incident (id, status, opened, version, known, state)
         VALUES (?, ?, (SELECT coalesce(max(opened), 0) + 1 FROM incident), ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, version = excluded.version,
           known = excluded.known, state = excluded.state`,
      )
      .run(incident, state.status, state.version, JSON.stringify(known), JSON.stringify(state));
    // Through JSON, as everybody else sees it: without fields that are undefined.
    return { kind: "applied", changed, known, state: JSON.parse(JSON.stringify(state)) as IncidentState };
  }

  #tell(result: Applied): void {
    if (result.kind === "applied" && result.changed) {
      for (const listener of this.#listeners) listener(result.state, result.known);
    }
  }
}
