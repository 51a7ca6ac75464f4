/** Robots, units and calls for backup in words. Pure. */
import type { AskedUnit, BackupState, UnitView } from "#contract/backup.ts";
import type { RobotState } from "#contract/robot.ts";
import { enOf, TO_95 } from "../geometry.ts";
import { age } from "../words.ts";

export const robotPhases: Record<RobotState["phase"], string> = {
  starting: "Starting",
  patrolling: "On patrol",
  holding: "Stands still, told to",
  called: "On its way to a call",
  onScene: "At the scene",
  stopped: "Stopped by its safety layer",
  emergencyStop: "EMERGENCY STOP",
};

export const callStatus: Record<BackupState["status"], string> = {
  calling: "Asking",
  acknowledged: "Somebody comes",
  onScene: "Somebody is there",
  done: "Done",
  unanswered: "NOBODY ANSWERED",
  cancelled: "Cancelled",
};

const sensors: Record<string, string> = {
  imu: "turning and tilting",
  wheels: "wheels",
  gnss: "satellites",
  range: "distances ahead",
};

/** What a sensor measures; a detector is named by what it looks for, not by where it is reached (`10.0.0.7:8000.vehicle`). */
export const sensorWords = (sensor: string): string => {
  const looksFor = /[:/].*\.([a-z-]+)$/i.exec(sensor)?.[1];
  return looksFor === undefined ? (sensors[sensor] ?? sensor) : `detector of ${looksFor}s`;
};

/** A fact with its unit; probabilities and counts have none. */
export function quantity(value: number, unit: string): string {
  const figure = String(Math.round(value * 10) / 10);
  return unit === "1" || unit === "" ? figure : `${figure} ${unit}`;
}

const replies: Record<NonNullable<AskedUnit["answer"]>, string> = {
  accepted: "comes",
  declined: "said no",
  onScene: "is there",
  done: "is done",
};

/** Nearer than this a crew is there: it parks and walks. */
const THERE_M = 100;

/**
 * Metres that lie at least between a call's place and that of a unit which says it is there; undefined where both may be true.
 * A robot stops short of it on purpose, and says where it is itself.
 */
export function farFromCallM(unit: UnitView | undefined, { place }: Pick<BackupState, "place">): number | undefined {
  if (!unit?.place || unit.robot || unit.place.fixed) return undefined;
  const apartM = Math.hypot(...enOf(place, unit.place));
  const leastM = apartM - TO_95 * unit.place.posSigmaM - place.ellipse95.semiMajorM;
  return leastM > THERE_M ? leastM : undefined;
}

/** Rounded down: at least so far. */
export const awayWords = (leastM: number): string => `${Math.floor(leastM / 10) * 10} m away or more`;

/** What an asked unit said, or that it has not. @param farM as `farFromCallM` has it: its word and its place disagree. */
export function askedWords({ answer, text, etaS }: AskedUnit, farM?: number): string {
  if (answer === "onScene" && farM !== undefined)
    return `says it is there, but its last position is ${awayWords(farM)}${text === undefined ? "" : `: ${text}`}`;
  const said = answer === undefined ? "asked, no answer yet" : replies[answer];
  const eta = etaS !== undefined && answer === "accepted" ? `, ${etaWords(etaS)} away when asked` : "";
  return `${said}${eta}${text === undefined ? "" : `: ${text}`}`;
}

/** Travel time rounded up: nobody is promised sooner than reckoned. */
export function etaWords(etaS: number): string {
  return etaS < 60 ? `${Math.ceil(etaS / 5) * 5} s` : `${Math.ceil(etaS / 60)} min`;
}

/** `asks the next ring in 12 s`; what happens when nobody answers. */
export function nextWords({ nextAt, ring, rings, status }: BackupState, nowMs: number): string | undefined {
  if (nextAt === undefined || status !== "calling") return undefined;
  const leftS = Math.max(0, Math.ceil((Date.parse(nextAt) - nowMs) / 1000));
  return ring < rings
    ? `ring ${ring} of ${rings}; the next is asked in ${leftS} s`
    : `last ring; ends unanswered in ${leftS} s`;
}

const unitStatus: Record<UnitView["status"], string> = {
  available: "available",
  busy: "busy",
  off: "off duty",
  unknown: "not heard",
};

/** What a unit's terminal says, and of the open calls the one that it answered, where that says otherwise. */
export function unitWords({ unit, status }: UnitView, open: readonly BackupState[]): string {
  const said = unitStatus[status];
  if (status === "busy") return said;
  for (const call of open)
    for (const { unit: asked, answer } of call.asked)
      if (asked === unit && (answer === "accepted" || answer === "onScene"))
        return `${said}, though it said that it ${answer === "accepted" ? "comes to" : "is at"} a call`;
  return said;
}

export function gnssWords(state: "used" | "rejected" | "lost" | "never", ageS: number | undefined): string {
  if (state === "used") return "satellites used";
  if (state === "never") return "no satellites since the start: dead reckoning";
  const since = ageS === undefined ? "" : ` for ${age(ageS)}`;
  return state === "rejected" ? `satellites not believed${since}` : `no satellites${since}: the bound grows`;
}
