/**
 * What a patrol robot is at: its rounds, a call to go and report that a person approved, or standing still. A function of state and event.
 * It goes to places. No track of a person or vehicle is known here, so that none can be followed.
 */
import { type Area, distanceM, type Point } from "./plane.ts";
import type { Velocity } from "./safety.ts";
import { steerTo } from "./steer.ts";
import { wayTo } from "./way.ts";

export interface Route {
  name: string;
  /** Driven from the first to the last and back, or round where the last is near the first. */
  points: readonly Point[];
}

export interface DutyPolicy {
  cruiseMps: number;
  /** A waypoint is reached within this. */
  reachedM: number;
  /** Held up for so long it turns round, on its rounds, and gives up on a call. */
  blockedS: number;
  area: Area;
  /** Kept from the fence by every way that it plans. */
  marginM: number;
  routes: readonly Route[];
  /** A place to report on is seen well enough from within this, and not driven nearer to than that. */
  reportFromM: number;
  standOffM: number;
}

export interface Call {
  call: string;
  place: Point;
  /** Points on the way, the last from where it reports. */
  way: readonly Point[];
  next: number;
  arrived: boolean;
}

export interface Duty {
  phase: "patrolling" | "holding" | "called" | "onScene" | "emergencyStop";
  why: string;
  route: Route | undefined;
  /** Waypoint it drives to, direction along the route, rounds done. */
  next: number;
  direction: 1 | -1;
  laps: number;
  call: Call | undefined;
  blockedSinceS: number | undefined;
}

export type DutyEvent =
  | { kind: "tick"; timeS: number; pose: (Point & { yawRad: number }) | undefined; heldUp: boolean }
  | { kind: "stopped"; why: string }
  | { kind: "reset" }
  | { kind: "hold"; by: string }
  | { kind: "resume"; by: string }
  | { kind: "patrol"; by: string; route: string }
  | { kind: "call"; call: string; place: Point; from: Point | undefined }
  | { kind: "leave"; call: string; why: string };

export interface DutyOutcome {
  accepted: boolean;
  why: string;
  /** Something to tell whoever called. */
  report?: { call: string; what: "onScene" | "done" | "declined"; text: string };
}

const done: DutyOutcome = { accepted: true, why: "" };

/** Switched on, or its agent begun anew: it stands until a person lets it go. */
export function dutyAtStart(route: Route | undefined): Duty {
  return {
    phase: "holding",
    why: route ? "switched on: it waits for a person" : "no route to patrol",
    route,
    next: 0,
    direction: 1,
    laps: 0,
    call: undefined,
    blockedSinceS: undefined,
  };
}

export function stepDuty(duty: Duty, event: DutyEvent, policy: DutyPolicy): [Duty, DutyOutcome] {
  switch (event.kind) {
    case "tick":
      return tick(duty, event, policy);
    case "stopped":
      return [{ ...duty, phase: "emergencyStop", why: event.why, blockedSinceS: undefined }, done];
    case "reset":
      // A reset never starts a motion: somebody says resume.
      return duty.phase === "emergencyStop"
        ? [held(duty, "the emergency stop was reset; it waits for a person"), done]
        : [duty, done];
    case "hold":
      return duty.phase === "emergencyStop"
        ? [duty, { accepted: true, why: "it stands already: emergency stop" }]
        : [held(duty, `${event.by} holds it`), { accepted: true, why: "it stands" }];
    case "resume":
      return resume(duty, event.by);
    case "patrol":
      return patrol(duty, event, policy);
    case "call":
      return takeCall(duty, event, policy);
    case "leave":
      return leave(duty, event);
  }
}

/** Where it drives to now; undefined where it stands. */
export function goalOf({ phase, route, next, call }: Duty): Point | undefined {
  if (phase === "patrolling") return route?.points[next];
  if (phase === "called") return call?.way[call.next];
  return undefined;
}

export function wantedVelocity(
  duty: Duty,
  pose: (Point & { yawRad: number }) | undefined,
  policy: DutyPolicy,
): Velocity {
  const goal = goalOf(duty);
  return goal && pose ? steerTo(pose, goal, policy.cruiseMps) : { speedMps: 0, yawRateRadps: 0 };
}

function held(duty: Duty, why: string): Duty {
  return { ...duty, phase: "holding", why, blockedSinceS: undefined };
}

function resume(duty: Duty, by: string): [Duty, DutyOutcome] {
  if (duty.phase === "emergencyStop")
    return [duty, { accepted: false, why: "the emergency stop is latched: a person must reset it at the robot" }];
  if (duty.phase !== "holding") return [duty, { accepted: true, why: `it is ${duty.phase}` }];
  if (duty.call && !duty.call.arrived)
    return [
      { ...duty, phase: "called", why: `${by} lets it go on` },
      { accepted: true, why: "it goes on to the call" },
    ];
  if (duty.call)
    return [
      { ...duty, phase: "onScene", why: `${by} lets it go on` },
      { accepted: true, why: "it is on scene" },
    ];
  if (!duty.route) return [duty, { accepted: false, why: "it has no route" }];
  return [onRounds(duty, `${by} lets it go on`), { accepted: true, why: `on its rounds of ${duty.route.name}` }];
}

function onRounds(duty: Duty, why: string): Duty {
  return duty.route
    ? { ...duty, phase: "patrolling", why, blockedSinceS: undefined }
    : held(duty, "no route to patrol");
}

function patrol(
  duty: Duty,
  { by, route: name }: DutyEvent & { kind: "patrol" },
  policy: DutyPolicy,
): [Duty, DutyOutcome] {
  const route = policy.routes.find((each) => each.name === name);
  if (!route) return [duty, { accepted: false, why: `it knows no route '${name}'` }];
  if (duty.phase === "emergencyStop")
    return [duty, { accepted: false, why: "the emergency stop is latched: a person must reset it at the robot" }];
  if (duty.call) return [duty, { accepted: false, why: `it is at call ${duty.call.call}` }];
  const sent = onRounds({ ...duty, route, next: 0, direction: 1, laps: 0 }, `${by} sent it on its rounds`);
  return [sent, { accepted: true, why: `on its rounds of ${name}` }];
}

function takeCall(
  duty: Duty,
  { call, place, from }: DutyEvent & { kind: "call" },
  policy: DutyPolicy,
): [Duty, DutyOutcome] {
  const no = (why: string): [Duty, DutyOutcome] => [duty, { accepted: false, why }];
  if (duty.call?.call === call) return [duty, { accepted: true, why: "it is on it already" }];
  if (duty.call) return no(`it is at call ${duty.call.call}`);
  if (duty.phase === "emergencyStop") return no("its emergency stop is latched");
  if (duty.phase === "holding") return no(`it is held: ${duty.why}`);
  if (!from) return no("it does not know where it is");
  const way = wayTo(place, from, policy);
  if (!way) return no(`no allowed way leads within ${policy.reportFromM} m of it`);
  const taken: Call = { call, place, way, next: 0, arrived: false };
  return [
    { ...duty, phase: "called", why: `called to go and report`, call: taken, blockedSinceS: undefined },
    { accepted: true, why: "it goes and reports" },
  ];
}

function leave(duty: Duty, { call, why }: DutyEvent & { kind: "leave" }): [Duty, DutyOutcome] {
  if (duty.call?.call !== call) return [duty, { accepted: true, why: "it is not at that call" }];
  const report = { call, what: "done" as const, text: why };
  const without = { ...duty, call: undefined };
  if (duty.phase === "emergencyStop" || duty.phase === "holding") return [without, { accepted: true, why, report }];
  return [onRounds(without, why), { accepted: true, why, report }];
}

function tick(
  duty: Duty,
  { timeS, pose, heldUp }: DutyEvent & { kind: "tick" },
  policy: DutyPolicy,
): [Duty, DutyOutcome] {
  const goal = goalOf(duty);
  if (!goal || !pose) return [duty, done];
  if (distanceM(pose, goal) < policy.reachedM) return reached({ ...duty, blockedSinceS: undefined });
  if (!heldUp) return [duty.blockedSinceS === undefined ? duty : { ...duty, blockedSinceS: undefined }, done];
  const since = duty.blockedSinceS ?? timeS;
  if (timeS - since < policy.blockedS) return [{ ...duty, blockedSinceS: since }, done];
  return heldUpTooLong({ ...duty, blockedSinceS: undefined }, pose, policy);
}

function reached(duty: Duty): [Duty, DutyOutcome] {
  if (duty.phase === "called" && duty.call) {
    const next = duty.call.next + 1;
    if (next < duty.call.way.length) return [{ ...duty, call: { ...duty.call, next } }, done];
    return arrived(duty, duty.call, distanceM(duty.call.way.at(-1)!, duty.call.place), "");
  }
  const points = duty.route!.points;
  const next = duty.next + duty.direction;
  if (next >= 0 && next < points.length) return [{ ...duty, next }, done];
  const ring = points.length > 2 && distanceM(points[0]!, points.at(-1)!) < 2;
  const laps = duty.laps + (next < 0 || ring ? 1 : 0);
  if (ring) return [{ ...duty, next: duty.direction > 0 ? 1 : points.length - 2, laps }, done];
  const direction = duty.direction > 0 ? -1 : 1;
  return [{ ...duty, direction, next: Math.max(0, Math.min(points.length - 1, duty.next + direction)), laps }, done];
}

function arrived(duty: Duty, call: Call, leftM: number, lead: string): [Duty, DutyOutcome] {
  const text = `${lead}it looks from ${leftM.toFixed(0)} m away`;
  const there = { ...duty, phase: "onScene" as const, why: text, call: { ...call, arrived: true } };
  return [there, { accepted: true, why: text, report: { call: call.call, what: "onScene", text } }];
}

function heldUpTooLong(duty: Duty, pose: Point, policy: DutyPolicy): [Duty, DutyOutcome] {
  if (duty.phase === "called" && duty.call) {
    const leftM = distanceM(pose, duty.call.place);
    if (leftM <= policy.reportFromM) return arrived(duty, duty.call, leftM, "something stands in its way; ");
    const text = "something stands in its way";
    const report = { call: duty.call.call, what: "declined" as const, text };
    return [onRounds({ ...duty, call: undefined }, text), { accepted: true, why: text, report }];
  }
  const points = duty.route!.points;
  const direction = duty.direction > 0 ? -1 : 1;
  const next = Math.max(0, Math.min(points.length - 1, duty.next + direction));
  return [{ ...duty, direction, next, why: "something stood in its way: it turned round" }, done];
}
