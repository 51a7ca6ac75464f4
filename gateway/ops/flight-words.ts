/** A drone in words: where it stands, who has control, what its checks found. Pure. */
import type { Holder } from "#contract/control.ts";
import type { FlightPhase, FlightState } from "#contract/flight.ts";
import { age } from "./words.ts";

const phases: Record<FlightPhase, string> = {
  docked: "In its dock",
  asked: "Waits for authorisation",
  preflight: "Checks itself",
  opening: "Opens its dock",
  arming: "Arms",
  climbing: "Takes off",
  transit: "On its way",
  onScene: "On scene",
  piloted: "Flown by a pilot",
  holding: "Holds its position",
  returning: "Comes home",
  diverting: "Lands elsewhere",
  landing: "Lands",
  unreached: "Out of reach, on its own failsafes",
  closing: "Landed, dock closes",
  charging: "In its dock, charging",
  landedAway: "Landed away: fetch it",
  outOfService: "Out of service",
};

export const phaseWords = (phase: FlightPhase): string => phases[phase];

/** Phases that a person must know of at once. */
export const needsPerson = (phase: FlightPhase): boolean =>
  phase === "asked" || phase === "unreached" || phase === "landedAway" || phase === "outOfService";

/** `Autonomy`, `You`, `maria`, `The on-site pilot`: who has the stick, as `me` would say it. */
export function holderWords(holder: Holder, me: string): string {
  if (holder.kind === "autonomy") return "Autonomy";
  if (holder.kind === "onsite") return holder.by === undefined ? "The on-site pilot" : `${holder.by}, on site,`;
  return holder.by === me ? "You" : holder.by;
}

export const hasControl = (holder: Holder, me: string): string =>
  `${holderWords(holder, me)} ${holder.kind === "remote" && holder.by === me ? "have" : "has"} control`;

const fixes: Record<string, string> = { none: "none", "2d": "rough: no height", "3d": "good", dgps: "good, corrected" };

/** The satellites' word on where the drone is. */
export function gnssWords(fix: string): { value: string; warn: boolean } {
  return { value: fixes[fix] ?? (/rtk/i.test(fix) ? "to centimetres" : fix), warn: fix === "none" || fix === "2d" };
}

const doors: Record<FlightState["dock"]["door"], string> = {
  open: "open",
  closed: "closed",
  opening: "opening",
  closing: "closing",
  jammed: "jammed",
  unknown: "not known",
};
export const doorWords = (door: FlightState["dock"]["door"]): string => doors[door];

/** `52 s`, `3 min 05 s`. Rounded up: nobody is told that it comes earlier than it does. */
export function seconds(s: number): string {
  const whole = Math.max(0, Math.ceil(s));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

const onTheWay: readonly FlightPhase[] = ["climbing", "transit"];

/** When it is on scene, or home: the drone's own figure less the age of the picture. None of an old picture, nor of a drone on the ground. */
export function etaWords({ phase, plan }: FlightState, ageS: number, old: boolean): string | undefined {
  if (old || plan === undefined) return undefined;
  if (onTheWay.includes(phase) && plan.etaSceneS !== undefined) return `ETA ${seconds(plan.etaSceneS - ageS)}`;
  if (phase === "returning" && plan.etaHomeS !== undefined) return `home in ${seconds(plan.etaHomeS - ageS)}`;
  return undefined;
}

export const lastHeard = (ageS: number): string =>
  Number.isFinite(ageS) ? `last heard ${age(ageS)} ago` : "never heard";

export const whole = (value: number, unit: string): string => `${Math.round(value)} ${unit}`;
