/**
 * Face matching at the gateway: lists to devices, possible matches to people. Only where the configuration has `faces`. Nothing here opens an
 * incident, calls or sends anybody before a person has confirmed or escalated a match.
 */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  type FaceLooked,
  type FacePossible,
  type FaceReceipt,
  faceLooked,
  facePossible,
  faceReceipt,
  faceState,
} from "#contract/face.ts";
import type { FaceListAsk, FaceListView, FaceMatchView, FacesView, FaceVerdictAsk } from "#contract/face-api.ts";
import { publishedError } from "#core/faces/counts.ts";
import type { GatewayContext } from "../context.ts";
import { readSealKey } from "../keys.ts";
import { addFigures } from "../metrics.ts";
import { FaceAuditChain } from "./audit.ts";
import type { FacesConfig } from "./config.ts";
import { sayFaceConfirmed } from "./confirmed.ts";
import { FaceDevices } from "./devices.ts";
import { FaceLists, type Outcome } from "./lists.ts";
import { FaceMatches, type Judging } from "./matches.ts";
import { type ProbeKey, readProbeKey } from "./probe-key.ts";
import { addFaceRoutes } from "./routes.ts";
import { openFacesDatabase, Seal } from "./schema.ts";

const DAY_MS = 86_400_000;
const CLEAN_MS = 15_000;
/** Looking again within this time is the same look. */
const SAME_LOOK_MS = 10 * 60_000;

export async function startFaces(context: GatewayContext): Promise<void> {
  const { config, bus, http, signal, log } = context;
  const { faces } = config;
  if (!faces) {
    http.get("/api/faces", async (request) => {
      context.sessionOf(request);
      return off;
    });
    return;
  }
  const db = openFacesDatabase(join(config.dataDir, "faces.sqlite"));
  signal.addEventListener("abort", () => db.close(), { once: true });
  const part = new FacesPart(context, faces, db, await readProbeKey(config.dataDir));
  addFaceRoutes(context, part);
  addFigures(context.metrics, [
    { name: "face_matches", help: "Matches by status", label: "status", read: () => part.matches.countByStatus() },
    { name: "face_looks", help: "Faces and tracks by outcome", label: "what", read: () => ({ ...part.counts() }) },
    {
      name: "face_false_alerts",
      help: "Rejected matches, per face seen and per judged alert: rate and 90 % limits",
      label: "per",
      read: () => part.rates(),
    },
    { name: "face_audit_ok", help: "1 while the audit chain is whole", read: () => (part.audit.verify().ok ? 1 : 0) },
  ]);
  for (const state of await context.retained(faceState)) part.devices.known(state);
  await bus.subscribe(faceState, (state) => part.devices.heard(state));
  await bus.subscribe(facePossible, (message) => part.possible(message));
  await bus.subscribe(faceReceipt, (message) => part.receipt(message));
  await bus.subscribe(faceLooked, (message) => part.lookedAt(message));
  part.clean();
  const timer = setInterval(() => part.clean(), CLEAN_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  log.info({ authorities: faces.keys.map(({ authority }) => authority) }, "face matching is configured");
}

const nothing = {
  facesSeen: 0,
  tracks: 0,
  possible: 0,
  unknown: 0,
  undecided: 0,
  suppressed: 0,
  confirmed: 0,
  rejected: 0,
};
const off: FacesView = {
  enabled: false,
  open: 0,
  counts: nothing,
  ...publishedRates(nothing),
  byDemographicGroup: "not measured",
  devices: [],
};

function publishedRates(
  counts: FacesView["counts"],
): Pick<FacesView, "falseAlertsPerFaceSeen" | "falseAlertsPerAlert"> {
  const { facesSeen: seen, possible, unknown, undecided, confirmed, rejected } = counts;
  const { falseAlertsPerFace, falseAlertsPerAlert } = publishedError({
    seen,
    possible,
    unknown,
    undecided,
    confirmed,
    rejected,
  });
  return { falseAlertsPerFaceSeen: falseAlertsPerFace, falseAlertsPerAlert };
}

export class FacesPart {
  readonly audit: FaceAuditChain;
  readonly lists: FaceLists;
  readonly matches: FaceMatches;
  readonly devices: FaceDevices;
  readonly #context: GatewayContext;
  readonly #db: DatabaseSync;
  readonly #probeKey: ProbeKey;
  readonly #looks = new Map<string, number>();

  constructor(context: GatewayContext, config: FacesConfig, db: DatabaseSync, probeKey: ProbeKey) {
    const { falseAlertRate, confidence, longestDays, probeDays, suppressHours } = config;
    const seal = new Seal(readSealKey(context.config.dataDir, "faces.key"));
    this.#context = context;
    this.#db = db;
    this.#probeKey = probeKey;
    this.audit = new FaceAuditChain(db);
    this.lists = new FaceLists(db, seal, this.audit, config.keys, { falseAlertRate, confidence, longestDays });
    this.matches = new FaceMatches(db, seal, this.audit, this.lists, {
      probeMs: probeDays * DAY_MS,
      suppressMs: suppressHours * 3_600_000,
    });
    const log = context.log.child({ part: "faces" });
    this.devices = new FaceDevices({ bus: context.bus, lists: this.lists, matches: this.matches, log, probeKey });
  }

  async possible(message: FacePossible): Promise<void> {
    const probe = message.probe === undefined ? undefined : await this.#probeKey.open(message.probe, message.match);
    const taken = this.matches.take(message, probe);
    if (taken.kind === "refused")
      this.#context.log.warn(
        { match: message.match, node: message.node, why: taken.why },
        "a possible match is not shown",
      );
    if (taken.kind === "new") this.#show(taken.view);
  }

  receipt({ node, receipt, receiptSha256 }: FaceReceipt): void {
    const insert = this.#db.prepare("INSERT OR IGNORE INTO receipt VALUES (?, ?, ?, ?)");
    if (insert.run(node, receiptSha256, receipt.list, receipt.at).changes === 0) return;
    const text = `${node} deleted list ${receipt.list}: ${receipt.because}`;
    this.audit.append("receipt", node, text, { list: receipt.list, receipt, receiptSha256 });
  }

  /** Every look of a device is on the record, once. */
  lookedAt(message: FaceLooked): void {
    const { id, node, lists, from, until, facesSeen, tracks, possible, unknown, undecided, suppressed } = message;
    const insert = this.#db.prepare("INSERT OR IGNORE INTO looked VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (insert.run(`${node}/${id}`, facesSeen, tracks, possible, unknown, undecided, suppressed).changes === 0) return;
    const with_ = lists.map((list) => list.id).join(", ") || "no list any more";
    const text = `${node} compared ${facesSeen} faces (${tracks} tracks) with ${with_}: ${possible} possible, ${unknown} unknown, ${undecided} undecided`;
    this.audit.append("looked", node, text, {
      from,
      until,
      lists,
      facesSeen,
      tracks,
      possible,
      unknown,
      undecided,
      suppressed,
    });
  }

  /** A person's look. */
  looked(match: string, user: string, what: string): void {
    const key = JSON.stringify([match, user, what]);
    const nowMs = Date.now();
    if (nowMs - (this.#looks.get(key) ?? -Infinity) < SAME_LOOK_MS) return;
    for (const [old, atMs] of this.#looks) if (nowMs - atMs >= SAME_LOOK_MS) this.#looks.delete(old);
    this.#looks.set(key, nowMs);
    this.audit.append("viewed", user, `${user} looked at ${what}`, { match, what });
  }

  judge(match: string, user: string, ask: FaceVerdictAsk): Judging {
    const judged = this.matches.judge(match, user, ask);
    if (judged.kind !== "done") return judged;
    let { view } = judged;
    // Only now, by a person's word, does anything happen outside of this part.
    if (ask.status !== "rejected") view = this.#opened(view, user, ask);
    if (ask.status === "rejected") this.devices.update();
    this.#show(view);
    if (ask.status === "confirmed" && view.incident) {
      const { node, place } = view;
      const confirmed = { match, incident: view.incident, node, by: user, reason: ask.reason, ...(place && { place }) };
      sayFaceConfirmed(this.#context, confirmed);
    }
    return { ...judged, view };
  }

  async enrol(ask: FaceListAsk, user: string): Promise<Outcome & { id?: string }> {
    const done = await this.lists.enrol(ask, user);
    if (done.kind === "refused") return done;
    this.devices.update();
    // Who is not on the new version, or not with this picture, is not decided about by the old one.
    for (const view of this.matches.expire()) this.#show(view);
    return done;
  }

  async revoke(id: string, jws: string, user: string): Promise<Outcome> {
    const done = await this.lists.revoke(id, jws, user);
    if (done.kind === "refused") return done;
    this.devices.revoke(id, jws);
    for (const view of this.matches.expire(Date.now(), [id])) this.#show(view);
    return done;
  }

  listViews(): FaceListView[] {
    return this.lists.views((id) => {
      const rows = this.#db.prepare("SELECT node, at FROM receipt WHERE list = ? ORDER BY at").all(id);
      return this.devices.holding(id, new Map(rows.map((row) => [String(row.node), String(row.at)])));
    });
  }

  counts(): FacesView["counts"] {
    const sums = this.#db
      .prepare(
        `SELECT total(faces_seen) AS facesSeen, total(tracks) AS tracks, total(possible) AS possible, total(unknown) AS unknown,
         total(undecided) AS undecided, total(suppressed) AS suppressed FROM looked`,
      )
      .get() as unknown as Omit<FacesView["counts"], "confirmed" | "rejected">;
    const { confirmed = 0, rejected = 0 } = this.matches.countByStatus();
    return { ...sums, confirmed, rejected };
  }

  /** Both denominators, for Prometheus. */
  rates(): Record<string, number> {
    const { falseAlertsPerFaceSeen: face, falseAlertsPerAlert: alert } = publishedRates(this.counts());
    const rate = ({ events, of }: { events: number; of: number }) => (of > 0 ? events / of : 0);
    return {
      face_seen: rate(face),
      face_seen_low: face.low,
      face_seen_high: face.high,
      alert: rate(alert),
      alert_low: alert.low,
      alert_high: alert.high,
    };
  }

  view(): FacesView {
    const counts = this.counts();
    return {
      enabled: true,
      open: this.matches.countByStatus().open ?? 0,
      counts,
      ...publishedRates(counts),
      byDemographicGroup: "not measured",
      devices: this.devices.views(),
    };
  }

  /** Deletes what is past its time. */
  clean(): void {
    const gone = this.lists.expire();
    for (const view of this.matches.expire(Date.now(), gone)) this.#show(view);
  }

  #opened(view: FaceMatchView, user: string, { status, reason }: FaceVerdictAsk): FaceMatchView {
    const { match, person, list, node, seenUntil, place, score } = view;
    const incident = view.incident ?? `face-${match}`;
    const text = `${user} ${status} that ${node} saw ${person} of list ${list.id} (${list.authority}): ${reason}`;
    this.#context.report(
      {
        incident,
        of: "face",
        firedAt: seenUntil,
        ...(place && { place }),
        // Of two who could be meant, at the prior of one to one: the person's word stands beside it.
        probability: 10 ** score.log10LikelihoodRatio / (1 + 10 ** score.log10LikelihoodRatio),
        probabilityKnown: false,
        text,
        facts: { match, list: list.id, person, status, by: user, score },
      },
      user,
    );
    return this.matches.setIncident(match, incident);
  }

  #show(view: FaceMatchView): void {
    this.#context.broadcast({ type: "message", channel: "face/match", message: view });
  }
}
