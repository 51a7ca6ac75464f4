/**
 * Who may steer: one token `{ holder, epoch, lease }`, kept by the drone's own agent, the last hop before the autopilot. Every change of holder
 * takes a new epoch, a fencing token (M. Kleppmann, "How to do distributed locking", 2016): an order made under an old one is refused, however
 * late it comes. Pure: time is in the event.
 */
import type { Holder } from "#contract/control.ts";
import type { Station } from "#contract/flight.ts";
import type { Site } from "./site.ts";

export type SafetyLevel = "hold" | "return" | "land";

export interface Answered {
  order: string;
  by: string;
  act: string;
  accepted: boolean;
  why: string;
  tickMs: number;
}

export interface Authority {
  holder: Holder;
  epoch: number;
  tickMs: number;
  /** When a silent remote pilot loses the token. */
  leaseUntilMs?: number;
  asks: readonly { by: string; sinceTickMs: number }[];
  safety?: { level: SafetyLevel; by: string; sinceTickMs: number };
  /** Motors were asked to be cut above 1 m; a second ask before this is obeyed. */
  cut?: { untilMs: number; order: string };
  /** Orders that were answered, newest last: a doubled one does nothing twice. */
  seen: readonly string[];
  answers: readonly Answered[];
  why: string;
}

/** An order as it arrived: a `control/token` or a `flight/command`. */
export interface Order {
  id: string;
  by: string;
  as: Station;
  epoch: number;
  seenTickMs: number;
  act: string;
  /** Of `grant`. */
  to?: string;
  /** Of acts on a flight. */
  flight?: string;
}

/** What the agent knows of the vehicle when an order arrives. */
export interface Situation {
  airborne: boolean;
  /** Above ground; undefined counts as high. */
  heightM?: number;
  /** The flight that is under way. */
  flight?: string;
  /** Why the order cannot be flown even by its rightful giver: the fence, the ground, the phase. */
  forbids?: string;
}

export type AuthorityEvent = { tickMs: number } & (
  | { type: "order"; order: Order; situation: Situation }
  | { type: "tick" }
  /** The on-site pilot moved a stick or a switch: the radio link is the takeover. */
  | { type: "radio"; why: string }
  /** Autonomy calls for safety over a remote pilot: battery, time. */
  | { type: "reclaim"; level: SafetyLevel; why: string }
  /** On the ground again, or about to fly: a remote pilot has nothing to hold. */
  | { type: "grounded"; why: string }
);

/** What follows from an event, for the flight. */
export type AuthorityEffect =
  | { effect: "control"; why: string; silent?: boolean }
  | { effect: "safety"; level: SafetyLevel | "stop"; why: string }
  /** The order is good: do it. */
  | { effect: "perform" }
  | { effect: "cutMotors" };

export type AuthorityStep = [Authority, AuthorityEffect[]];

export function newAuthority(tickMs: number, epoch = 1): Authority {
  return { holder: { kind: "autonomy" }, epoch, tickMs, asks: [], seen: [], answers: [], why: "started" };
}

/** The last hop: may this writer's command, made under this epoch, go to the autopilot? */
export function mayWrite(authority: Authority, writer: Holder["kind"], epoch: number): boolean {
  return authority.holder.kind === writer && currentEpoch(authority, epoch);
}

export function currentEpoch(authority: Authority, epoch: number): boolean {
  return epoch === authority.epoch;
}

/** A new holder, and with it a new epoch; what was under way under the old one is void. */
export function pass(now: Authority, holder: Holder, why: string, extra: { silent?: boolean } = {}): AuthorityStep {
  const next: Authority = { ...now, holder, epoch: now.epoch + 1, asks: [], why };
  delete next.leaseUntilMs;
  delete next.safety;
  delete next.cut;
  return [next, [{ effect: "control", why, ...extra }]];
}

/** The lease of a remote pilot, from now. */
export function renewed(now: Authority, rules: Site["control"]): Authority {
  if (now.holder.kind !== "remote") return now;
  return { ...now, leaseUntilMs: now.tickMs + rules.leaseS * 1000 };
}

/** For people. */
export function nameOf(holder: Holder): string {
  if (holder.kind === "remote") return holder.by;
  return holder.kind === "onsite" ? "the on-site pilot" : "autonomy";
}
