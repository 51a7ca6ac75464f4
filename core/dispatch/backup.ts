/**
 * The call for backup as a function of state and event: asked ring by ring until a person says that they come, or nobody is left to ask.
 * Bounded in every direction: rings, repeats, time. A robot that goes and looks does not end the search for people.
 */
import type { AskedUnit, BackupReply, BackupStatus, CalledBy } from "#contract/backup.ts";
import type { Place } from "#contract/geo.ts";
import { type Choice, chooseUnits, type Ring, type Travel, travelTime, type Unit } from "./units.ts";

export interface BackupPolicy {
  rings: readonly Ring[];
  /** The last ring: everybody, this often, with so long to answer each time. */
  district: { answerS: number; times: number };
  travel: Travel;
}

/** What is known of one call: everything that a restarted gateway needs. */
export interface Backup {
  call: string;
  incident: string;
  version: number;
  status: BackupStatus;
  place: Place;
  why: string;
  calledBy: CalledBy;
  /** 1 is the nearest; one more than there are rings is the district. */
  ring: number;
  /** Times that the district was asked. */
  times: number;
  /** When the next ring is asked, ms since 1970; undefined where nothing is awaited. */
  nextAtMs: number | undefined;
  asked: AskedUnit[];
  passedOver: Choice["passedOver"];
  /** Persons who sent a robot. */
  approvals: { robot: string; by: string; at: string; why: string }[];
  /** What the last change was, and who made it. */
  text: string;
  by: string;
}

/** Who goes on when nobody says anything. */
const CLOCK = "gateway";

export interface Now {
  ms: number;
  /** The same, RFC 3339. */
  utc: string;
}

export type BackupEvent =
  | { kind: "time"; units: readonly Unit[] }
  | { kind: "answer"; unit: string; answer: BackupReply; text: string | undefined; units: readonly Unit[] }
  | { kind: "unreachable"; unit: string; why: string; units: readonly Unit[] }
  | { kind: "robot"; robot: Unit; by: string; why: string }
  | { kind: "cancel"; by: string; why: string };

/** `ask` these units (again); tell those that they need not come any more. */
export interface BackupCommands {
  ask: string[];
  over: { unit: string; why: string }[];
}

export type BackupOutcome =
  | { kind: "changed"; backup: Backup; commands: BackupCommands }
  | { kind: "same"; why: string }
  | { kind: "refused"; why: string };

const nothing: BackupCommands = { ask: [], over: [] };
const same = (why: string): BackupOutcome => ({ kind: "same", why });

/** Nobody needs to be asked any more. */
export function isOver({ status }: Pick<Backup, "status">): boolean {
  return status === "done" || status === "cancelled";
}

export function openBackup(
  first: Pick<Backup, "call" | "incident" | "place" | "why" | "calledBy">,
  units: readonly Unit[],
  policy: BackupPolicy,
  now: Now,
): { backup: Backup; commands: BackupCommands } {
  const empty: Backup = {
    ...first,
    version: 0,
    status: "calling",
    ring: 0,
    times: 0,
    nextAtMs: undefined,
    asked: [],
    passedOver: [],
    approvals: [],
    text: "",
    by: first.calledBy.by,
  };
  return nextRing(empty, units, policy, now, "");
}

export function stepBackup(backup: Backup, event: BackupEvent, policy: BackupPolicy, now: Now): BackupOutcome {
  switch (event.kind) {
    case "time":
      if (backup.status !== "calling" || backup.nextAtMs === undefined) return same("nothing is awaited");
      if (now.ms < backup.nextAtMs) return same("they still have time to answer");
      return changed(nextRing({ ...backup, by: CLOCK }, event.units, policy, now, "nobody answered in time; "));
    case "answer":
      return answered(backup, event, policy, now);
    case "unreachable":
      return unreachable(backup, event, policy, now);
    case "robot":
      return robotSent(backup, event, policy, now);
    case "cancel":
      return isOver(backup)
        ? same(`it is ${backup.status}`)
        : changed(ended({ ...backup, by: event.by }, "cancelled", `${event.by}: ${event.why}`));
  }
}

function changed({ backup, commands }: { backup: Backup; commands: BackupCommands }): BackupOutcome {
  return { kind: "changed", backup, commands };
}

/** Asks the next ring that has anybody in it; the district more than once; then it ends as unanswered. */
function nextRing(before: Backup, units: readonly Unit[], policy: BackupPolicy, now: Now, lead: string) {
  const { place } = before;
  const all = new Set(before.asked.map(({ unit }) => unit));
  for (let ring = before.ring + 1; ring <= policy.rings.length; ring++) {
    const figures = policy.rings[ring - 1]!;
    const choice = chooseUnits(units, place, figures, all, policy.travel);
    if (choice.asked.length > 0) return asking(before, choice, ring, figures.answerS, now, lead, before.times);
  }
  const ring = policy.rings.length + 1;
  // In the district, whoever has not said a word is asked again.
  const spoken = new Set(before.asked.filter(({ answer }) => answer !== undefined).map(({ unit }) => unit));
  const times = before.times + 1;
  const choice = chooseUnits(units, place, undefined, spoken, policy.travel);
  if (times <= policy.district.times && choice.asked.length > 0)
    return asking(before, choice, ring, policy.district.answerS, now, lead, times);
  const heard = before.asked.filter(({ robot }) => !robot).length;
  const text = `${lead}nobody comes: ${heard === 0 ? "there was nobody to ask" : `${heard} asked, none left to ask`}. Somebody must act on it by other means`;
  return {
    backup: {
      ...before,
      version: before.version + 1,
      status: "unanswered" as const,
      ring,
      nextAtMs: undefined,
      passedOver: choice.passedOver,
      text,
    },
    commands: nothing,
  };
}

function asking(
  before: Backup,
  { asked: chosen, passedOver }: Choice,
  ring: number,
  answerS: number,
  now: Now,
  lead: string,
  times: number,
) {
  const fresh = new Map(chosen.map((each) => [each.unit, each]));
  const kept = before.asked.filter(({ unit }) => !fresh.has(unit));
  const asked: AskedUnit[] = chosen.map((each) => ({ ...each, robot: false, ring, askedAt: now.utc }));
  const names = chosen.map(({ unit, chosen: why }) => `${unit} (${why})`).join(", ");
  const who = before.asked.length === 0 ? "asked" : "asks on:";
  const backup: Backup = {
    ...before,
    version: before.version + 1,
    status: "calling",
    ring,
    times,
    nextAtMs: now.ms + answerS * 1000,
    asked: [...kept, ...asked],
    passedOver,
    text: `${lead}ring ${ring}, ${who} ${names}; ${answerS} s to answer`,
  };
  return { backup, commands: { ask: chosen.map(({ unit }) => unit), over: [] } };
}

function answered(
  backup: Backup,
  { unit, answer, text, units }: BackupEvent & { kind: "answer" },
  policy: BackupPolicy,
  now: Now,
): BackupOutcome {
  const before = backup.asked.find((each) => each.unit === unit);
  if (!before) return { kind: "refused", why: `${unit} was not asked` };
  if (before.answer === answer && before.text === text) return same("said before");
  if (isOver(backup)) return same(`the call is ${backup.status}`);
  const asked = backup.asked.map((each) =>
    each.unit === unit ? { ...each, answer, answeredAt: now.utc, ...(text !== undefined && { text }) } : each,
  );
  const said = `${unit} ${words[answer]}${text ? `: ${text}` : ""}`;
  const next = { ...backup, version: backup.version + 1, asked, text: said, by: unit };
  if (before.robot) return changed({ backup: next, commands: nothing });
  const people = asked.filter(({ robot }) => !robot);
  const coming = people.filter((each) => each.answer === "accepted" || each.answer === "onScene");
  if (answer === "done" && coming.length === 0) return changed(ended(next, "done", said));
  if (coming.length > 0) {
    const status = coming.some((each) => each.answer === "onScene") ? "onScene" : "acknowledged";
    // Those who have not said anything yet may go on with what they were at.
    const silent = people.filter((each) => each.answer === undefined);
    const over = backup.status === "calling" || backup.status === "unanswered" ? silent : [];
    return changed({
      backup: { ...next, status, nextAtMs: undefined },
      commands: { ask: [], over: over.map((each) => ({ unit: each.unit, why: `${coming[0]!.unit} comes` })) },
    });
  }
  // Whoever came has changed their mind, or everybody of this ring said no: nobody waits for the clock.
  const waits = people.some((each) => each.ring === backup.ring && each.answer === undefined);
  if (backup.status === "calling" && waits) return changed({ backup: next, commands: nothing });
  if (backup.status === "unanswered") return changed({ backup: next, commands: nothing });
  return changed(nextRing({ ...next, version: backup.version }, units, policy, now, `${said}; `));
}

const words: Record<BackupReply, string> = {
  accepted: "comes",
  declined: "does not come",
  onScene: "is on scene",
  done: "is done",
};

function unreachable(
  backup: Backup,
  { unit, why, units }: BackupEvent & { kind: "unreachable" },
  policy: BackupPolicy,
  now: Now,
): BackupOutcome {
  const asked = backup.asked.find((each) => each.unit === unit);
  if (!asked || asked.answer !== undefined) return same("it has answered");
  return answered(
    backup,
    { kind: "answer", unit, answer: "declined", text: `not reached: ${why}`, units },
    policy,
    now,
  );
}

function robotSent(
  backup: Backup,
  { robot, by, why }: BackupEvent & { kind: "robot" },
  policy: BackupPolicy,
  now: Now,
): BackupOutcome {
  if (isOver(backup)) return { kind: "refused", why: `the call is ${backup.status}` };
  const before = backup.asked.find(({ unit }) => unit === robot.name);
  if (before && before.answer !== "declined") return same(`${robot.name} was sent already`);
  const time = travelTime(robot, backup.place, policy.travel);
  const entry: AskedUnit = {
    unit: robot.name,
    robot: true,
    ring: backup.ring,
    askedAt: now.utc,
    ...time,
    chosen: `${by} sends it to go and report: ${why}`,
  };
  return changed({
    backup: {
      ...backup,
      version: backup.version + 1,
      asked: [...backup.asked.filter(({ unit }) => unit !== robot.name), entry],
      approvals: [
        ...backup.approvals.filter((each) => each.robot !== robot.name),
        { robot: robot.name, by, at: now.utc, why },
      ],
      text: `${by} sends ${robot.name} to go and report: ${why}`,
      by,
    },
    commands: { ask: [robot.name], over: [] },
  });
}

function ended(backup: Backup, status: "done" | "cancelled", text: string) {
  const still = backup.asked.filter(({ answer }) => answer !== "declined" && answer !== "done");
  return {
    backup: {
      ...backup,
      version: backup.version + (status === "cancelled" ? 1 : 0),
      status,
      nextAtMs: undefined,
      text,
    },
    commands: { ask: [], over: still.map(({ unit }) => ({ unit, why: text })) },
  };
}
