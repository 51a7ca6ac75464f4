/**
 * The review of possible matches, and the lists they come from: what the console and the gateway say to each other. See `docs/faces.md`.
 *
 * HTTP, below `/api` and behind the log-in (roles reviewer or dispatch; lists: admin); a refusal is `{ error, field?, fix? }`:
 *   GET  /api/faces                              -> FacesView
 *   GET  /api/faces/matches?status=open&limit=50 -> { matches: FaceMatchView[], total }      newest first
 *   GET  /api/faces/matches/:id                  -> FaceMatchDetail                          the look stands on the audit chain
 *   GET  /api/faces/matches/:id/probe            -> image/jpeg | 404 (past its time, or not sent)
 *   GET  /api/faces/matches/:id/gallery          -> image/jpeg | 404 (list gone, or delivered without pictures)
 *   POST /api/faces/matches/:id/verdict          FaceVerdictAsk -> FaceMatchView | 409 when somebody was faster
 *   GET  /api/faces/lists                        -> { lists: FaceListView[] }
 *   POST /api/faces/lists                        FaceListAsk -> FaceListView                 enrolment; 422 with every reason against
 *   POST /api/faces/lists/:id/revoke             { jws } -> FaceListView                     the authority's signed revocation
 *   GET  /api/faces/audit?limit=200&before=<seq> -> FaceAudit                                newest first
 * On the live connection: `message` events of the channel `face/match`, whose message is a FaceMatchView.
 * There is no call that takes a recording: faces are compared when a device sees them, or never.
 */
import * as v from "valibot";
import { compact, type FaceScore } from "./face.ts";
import type { Place } from "./geo.ts";
import { Count, Id } from "./units.ts";

const Jws = compact(700_000);
const Reason = v.pipe(v.string(), v.trim(), v.minLength(1, "a reason is needed"), v.maxLength(500));

export const FaceMatchStatus = v.picklist(["open", "confirmed", "rejected", "escalated", "expired"]);
export type FaceMatchStatus = v.InferOutput<typeof FaceMatchStatus>;

/** A match as reviewers see it; on the live connection also as a `face/match`. */
export interface FaceMatchView {
  match: string;
  version: number;
  status: FaceMatchStatus;
  node: string;
  camera: string;
  list: { id: string; purpose: string; authority: string; people: number };
  person: string;
  score: v.InferOutput<typeof FaceScore>;
  looks: number;
  quality: number;
  seenFrom: string;
  seenUntil: string;
  place?: v.InferOutput<typeof Place>;
  bearingDeg?: number;
  /** In words: how sure, how often such an alert is wrong, what was not measured. */
  knownError: string[];
  hasProbe: boolean;
  hasGallery: boolean;
  /** When probe, and what hangs on it, are deleted. */
  probeUntil: string;
  verdict?: { status: FaceMatchStatus; by: string; at: string; reason: string };
  /** Opened when a person confirmed or escalated. */
  incident?: string;
}

export interface FaceMatchDetail {
  match: FaceMatchView;
  /** Earlier matches with the same person of the same list, newest first, and what people said of them. */
  history: FaceMatchView[];
  /** Who did and saw what. */
  entries: FaceAuditEntry[];
}

export const FaceVerdictAsk = v.object({
  status: v.picklist(["confirmed", "rejected", "escalated"], "must be confirmed, rejected or escalated"),
  reason: Reason,
  /** The version the person was looking at. */
  version: Count,
});
export type FaceVerdictAsk = v.InferOutput<typeof FaceVerdictAsk>;

export const FaceListAsk = v.object({
  jws: Jws,
  /** The picture of each person that reviewers compare with, JPEG; each must be the one that the signature names. They stay at the gateway. */
  pictures: v.optional(v.record(Id, v.pipe(v.string(), v.base64(), v.maxLength(150_000))), {}),
});
export type FaceListAsk = v.InferOutput<typeof FaceListAsk>;

export interface FaceListView {
  id: string;
  sha256: string;
  authority: string;
  legalBasis: string;
  purpose: string;
  start: string;
  end: string;
  people: number;
  pictures: number;
  state: "inForce" | "notYet" | "expired" | "revoked";
  enrolledBy: string;
  enrolledAt: string;
  revoked?: { at: string; why: string; by: string };
  /** Each device that was seen with it: holding it, or with its receipt. */
  devices: { node: string; holds: boolean; inForce: boolean; why: string[]; receiptAt?: string }[];
}

interface Rate {
  events: number;
  of: number;
  /** 90 % between the two. */
  low: number;
  high: number;
}

export interface FacesView {
  enabled: boolean;
  open: number;
  counts: {
    facesSeen: number;
    tracks: number;
    possible: number;
    unknown: number;
    undecided: number;
    suppressed: number;
    confirmed: number;
    rejected: number;
  };
  /** Both denominators, from the verdicts of people. */
  falseAlertsPerFaceSeen: Rate;
  falseAlertsPerAlert: Rate;
  byDemographicGroup: "not measured";
  devices: { node: string; comparing: boolean; why: string; ageS: number }[];
}

export interface FaceAuditEntry {
  seq: number;
  at: string;
  kind: "enrolled" | "revoked" | "receipt" | "possible" | "looked" | "viewed" | "verdict" | "deleted";
  by: string;
  text: string;
  data: unknown;
  previousHash: string;
  hash: string;
}

export interface FaceAudit {
  entries: FaceAuditEntry[];
  chain: { ok: boolean; length: number; brokenAtSeq?: number };
}

/** A match that a person confirmed: what other parts of the gateway may act on, in their own way and by their own rules. */
export interface ConfirmedFace {
  match: string;
  incident: string;
  node: string;
  by: string;
  reason: string;
  place?: v.InferOutput<typeof Place>;
}
