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

const checks: Record<string, string> = {
  link: "Link",
  armable: "Autopilot",
  battery: "Battery",
  wind: "Wind",
  gnss: "Position",
  geofence: "Geofence",
  mission: "Mission",
  airspace: "Airspace hours",
  traffic: "Air traffic",
  dock: "Dock",
  failsafes: "Failsafes",
  "failsafe-link": "Failsafe: link lost",
  "failsafe-rc": "Failsafe: radio lost",
  "failsafe-battery-low": "Failsafe: battery low",
  "failsafe-battery-critical": "Failsafe: battery critical",
  "failsafe-geofence": "Failsafe: geofence",
  "return-height": "Return height",
  lane: "Lane",
};

export const checkWords = (check: string): string => checks[check] ?? check;

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

const onTheWay: readonly FlightPhase[] = ["asked", "preflight", "opening", "arming", "climbing", "transit"];
const homeward: readonly FlightPhase[] = ["returning"];

/** Time to the scene, or home, as of now: the drone's figure less its age. Undefined where it has none or is not on that way. */
export function etaOf({ phase, plan }: FlightState, ageS: number): { to: "scene" | "dock"; s: number } | undefined {
  const moving = airborneEta(phase);
  const less = moving ? ageS : 0;
  if (onTheWay.includes(phase) && plan?.etaSceneS !== undefined)
    return { to: "scene", s: Math.max(0, plan.etaSceneS - less) };
  if (homeward.includes(phase) && plan?.etaHomeS !== undefined)
    return { to: "dock", s: Math.max(0, plan.etaHomeS - less) };
  return undefined;
}
const airborneEta = (phase: FlightPhase) => phase === "transit" || phase === "returning";

/** `ETA 42 s`; before take-off it says what it starts from; of an old picture it gives none. */
export function etaWords(state: FlightState, ageS: number, old: boolean): string | undefined {
  const eta = etaOf(state, ageS);
  if (eta === undefined || old) return undefined;
  if (eta.to === "dock") return `home in ${seconds(eta.s)}`;
  return airborneEta(state.phase) || state.phase === "climbing"
    ? `ETA ${seconds(eta.s)}`
    : `${seconds(eta.s)} of flight`;
}

export const lastHeard = (ageS: number): string =>
  Number.isFinite(ageS) ? `last heard ${age(ageS)} ago` : "never heard";

export const whole = (value: number, unit: string): string => `${Math.round(value)} ${unit}`;
