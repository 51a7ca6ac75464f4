/**
 * The call for backup: people near a place are asked to come, nearest first, until one of them says yes or nobody is left to ask.
 * A robot may be asked too, to go and report, where a person approved that.
 *
 * HTTP, below `/api` and behind the log-in; a refusal is `{ error, field?, fix? }`:
 *   GET  /api/backup                       -> { calls: BackupState[], units: UnitView[] }     newest first
 *   POST /api/incidents/:id/backup         BackupAsk    -> BackupState     an operator calls for an incident
 *   POST /api/backup                       BackupPress  -> BackupState     an operator calls to a place: opens an incident of kind `backup`
 *   POST /api/backup/:call/answer          BackupSaid   -> BackupState     what a unit said over another line, typed in
 *   POST /api/backup/:call/robot           RobotAsk     -> BackupState     a person sends a robot to go and report
 *   POST /api/backup/:call/cancel          { why }      -> BackupState
 * On the live connection: `message` events of the channels `backup/state` and `backup/unit`.
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Place } from "./geo.ts";
import { Count, Id, LatDeg, LonDeg, Name, NonNegative, Text, UtcNs } from "./units.ts";

const Reason = v.pipe(v.string(), v.trim(), v.minLength(1, "a reason is needed"), v.maxLength(500));

/** Where a unit is, and whether it can be asked. Its terminal says so at least every half minute. Retained. */
export const backupUnit = channel(
  "backup/unit",
  {
    lat: LatDeg,
    lon: LonDeg,
    /** One sigma. */
    posSigmaM: v.optional(NonNegative),
    status: v.picklist(["available", "busy", "off"]),
  },
  {
    retained: true,
    rights: { publish: ["unit"], subscribe: ["gateway", "dispatch", "flows"] },
    delivery: { keep: "newest", priority: 6 },
    key: (unit) => `${unit.node}/${unit.at}`,
  },
);
export type BackupUnit = MessageOf<typeof backupUnit>;

/** Who is behind a call. `policy`: a rule that the configuration lets call by itself; all else is a person. */
export const CalledBy = v.object({ how: v.picklist(["policy", "person"]), by: Name, at: UtcNs, why: Text });
export type CalledBy = v.InferOutput<typeof CalledBy>;

export const BackupTask = v.variant("kind", [
  v.object({ kind: v.literal("assist") }),
  /** For a robot: go there, look, say what is there. Only with a person's approval. */
  v.object({ kind: v.literal("goAndReport"), approved: v.object({ by: Name, at: UtcNs, why: Text }) }),
]);
export type BackupTask = v.InferOutput<typeof BackupTask>;

/** Asks one unit or robot to come. `to` that unit. Said again to those who were asked when it ends, with `over`. */
export const backupCall = channel(
  "backup/call",
  {
    call: Id,
    incident: Id,
    place: Place,
    why: Text,
    calledBy: CalledBy,
    task: BackupTask,
    /** From where the unit was last known, and how far that may be off; absent where nobody knows where it is. */
    etaS: v.optional(NonNegative),
    etaSpreadS: v.optional(NonNegative),
    /** Why this unit. */
    chosen: Text,
    /** Ring 1 is the nearest; the last is the whole district. */
    ring: Count,
    answerBy: UtcNs,
    /** Nobody needs to come any more, and why. */
    over: v.optional(Text),
  },
  {
    addressed: "to",
    rights: { publish: ["gateway"], subscribe: ["unit", "robot", "flows", "dispatch"] },
    delivery: { priority: 9 },
  },
);
export type BackupCall = MessageOf<typeof backupCall>;

export const BackupReply = v.picklist(["accepted", "declined", "onScene", "done"]);
export type BackupReply = v.InferOutput<typeof BackupReply>;

/** What a unit, a robot, or a flow on a unit's behalf answers. */
export const backupAnswer = channel(
  "backup/answer",
  {
    call: Id,
    /** Whose answer it is; the sender itself unless a flow brings it. */
    unit: Name,
    answer: BackupReply,
    etaS: v.optional(NonNegative),
    text: v.optional(Text),
  },
  { rights: { publish: ["unit", "robot", "flows"], subscribe: ["gateway", "dispatch"] }, delivery: { priority: 9 } },
);
export type BackupAnswer = MessageOf<typeof backupAnswer>;

export const BackupStatus = v.picklist(["calling", "acknowledged", "onScene", "done", "unanswered", "cancelled"]);
export type BackupStatus = v.InferOutput<typeof BackupStatus>;

export const AskedUnit = v.object({
  unit: Name,
  robot: v.boolean(),
  ring: Count,
  askedAt: UtcNs,
  etaS: v.optional(NonNegative),
  etaSpreadS: v.optional(NonNegative),
  chosen: Text,
  answer: v.optional(BackupReply),
  answeredAt: v.optional(UtcNs),
  text: v.optional(Text),
});
export type AskedUnit = v.InferOutput<typeof AskedUnit>;

/** How a call stands; said at every change. The sender is the gateway. */
export const backupState = channel(
  "backup/state",
  {
    call: Id,
    incident: Id,
    version: v.pipe(Count, v.minValue(1)),
    status: BackupStatus,
    place: Place,
    why: Text,
    calledBy: CalledBy,
    ring: Count,
    rings: Count,
    /** When the next ring is asked, or the call ends as unanswered. */
    nextAt: v.optional(UtcNs),
    asked: v.pipe(v.array(AskedUnit), v.maxLength(256)),
    /** Units that were not asked, and why not. */
    passedOver: v.pipe(v.array(v.object({ unit: Name, why: Text })), v.maxLength(256)),
    /** What the last change was. */
    text: Text,
  },
  {
    rights: { publish: ["gateway"], subscribe: ["flows", "dispatch", "pilot", "unit"] },
    delivery: { priority: 8 },
    key: (state) => `${state.call}/${state.version}`,
  },
);
export type BackupState = MessageOf<typeof backupState>;

export const BackupAsk = v.object({ why: Reason });
export type BackupAsk = v.InferOutput<typeof BackupAsk>;

export const BackupPress = v.object({ why: Reason, lat: LatDeg, lon: LonDeg, withinM: v.optional(NonNegative, 25) });
export type BackupPress = v.InferOutput<typeof BackupPress>;

export const BackupSaid = v.object({ unit: Name, answer: BackupReply, text: v.optional(Text) });
export type BackupSaid = v.InferOutput<typeof BackupSaid>;

export const RobotAsk = v.object({ robot: Name, why: Reason });
export type RobotAsk = v.InferOutput<typeof RobotAsk>;

/** A unit as the console shows it. */
export interface UnitView {
  unit: string;
  label: string;
  robot: boolean;
  status: "available" | "busy" | "off" | "unknown";
  /** `fixed`: as the configuration has it, wherever the unit is. */
  place?: { lat: number; lon: number; posSigmaM: number; fixed?: true };
  /** Age of that. */
  ageS?: number;
  contact: "mqtt" | "webhook" | "flow";
}
