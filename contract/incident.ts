/** An incident: what the gateway's store says of a burst, and what people and flows say back. */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Place } from "./geo.ts";
import { Count, Finite, Id, Name, NonNegative, Probability, Sha256, Text, UtcNs } from "./units.ts";

export const IncidentStatus = v.picklist(["unreviewed", "confirmed", "dismissed", "escalated"]);
export type IncidentStatus = v.InferOutput<typeof IncidentStatus>;

export const Verdict = v.object({
  status: IncidentStatus,
  by: Name,
  at: UtcNs,
  reason: Text,
});
export type Verdict = v.InferOutput<typeof Verdict>;

export const RoundSummary = v.object({
  shot: Id,
  shotVersion: Count,
  time: UtcNs,
  ...Place.entries,
  probability: Probability,
});

export const RoundsBetween = v.object({
  low: Count,
  high: Count,
  likely: Count,
  level: Probability,
  /** Weights of the reckoning: they may change, and a record is computed again with its own. */
  weights: v.pipe(v.array(Finite), v.minLength(1), v.maxLength(16)),
});
export type RoundsBetween = v.InferOutput<typeof RoundsBetween>;

/** The newest version of an incident, said again at every version; retained so that a late subscriber sees the open ones. */
export const incidentState = channel(
  "incident/state",
  {
    incident: Id,
    version: v.pipe(Count, v.minValue(1)),
    kind: v.picklist(["gunfire", "backup", "face", "event", "caller"]),
    /** Of an event: what it was, in a few words, such as `somebody on the ground`. */
    what: v.optional(Text),
    status: IncidentStatus,
    /** First firing (or first report) and the instant the gateway first knew it. */
    firedAt: UtcNs,
    alertedAt: UtcNs,
    /** Place of the whole incident with its bound; absent where none is known. */
    place: v.optional(Place),
    alternatives: v.optional(v.array(v.object({ ...Place.entries, probability: Probability }))),
    probability: Probability,
    /** False where nobody has measured how often such a report is right: `probability` says nothing then. Absent: known of gunfire alone. */
    probabilityKnown: v.optional(v.boolean()),
    rounds: v.array(RoundSummary),
    /**
     * How many were fired, if it was gunfire: not fewer and not more with at least that chance, and most likely. `rounds` are those that
     * were told. Absent in older records.
     */
    roundsBetween: v.optional(RoundsBetween),
    /** Told as rounds before, and by now too unlikely to count: neither in `rounds` nor in place and probability. */
    unlikelyRounds: v.optional(v.array(RoundSummary)),
    /** `1` or `several`, with the reason, where the rounds tell. */
    shooters: v.optional(v.object({ count: v.picklist(["one", "several", "unknown"]), why: Text })),
    /** Metres the shooter moved between first and last round, with its sigma. */
    movedM: v.optional(v.object({ distanceM: NonNegative, sigmaM: NonNegative })),
    unverified: v.optional(v.boolean()),
    takenBy: v.optional(v.object({ by: Name, at: UtcNs })),
    verdict: v.optional(Verdict),
    /** Hash of this version's record in the append-only chain. */
    hash: Sha256,
  },
  {
    rights: { publish: ["gateway"], subscribe: ["flows", "node", "drone", "robot", "dispatch", "pilot"] },
    key: (state) => `${state.incident}/${state.version}`,
  },
);
export type IncidentState = MessageOf<typeof incidentState>;

/** Who was told what by a flow. Lands on the incident's timeline. */
export const incidentNotice = channel(
  "incident/notice",
  { incident: Id, incidentVersion: Count, route: Name, to: Text, text: Text },
  { rights: { publish: ["flows"], subscribe: ["gateway", "flows"] } },
);
export type IncidentNotice = MessageOf<typeof incidentNotice>;

/** A flow (on somebody's behalf) or an outside system acknowledges an incident. */
export const incidentAcknowledge = channel(
  "incident/acknowledge",
  { incident: Id, by: Name, text: v.optional(Text) },
  { rights: { publish: ["flows"], subscribe: ["gateway", "flows"] } },
);
export type IncidentAcknowledge = MessageOf<typeof incidentAcknowledge>;

/** A person's verdict, passed to the nodes that heard the sound: site adaptation learns from it. */
export const incidentVerdict = channel(
  "incident/verdict",
  { incident: Id, status: IncidentStatus, arrivals: v.array(v.object({ id: Id, node: Name })) },
  { rights: { publish: ["gateway"], subscribe: ["node", "flows"] } },
);
export type IncidentVerdict = MessageOf<typeof incidentVerdict>;
