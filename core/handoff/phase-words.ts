/** A phase as people say it of a drone: `it is on scene`. What stands on the record and in a refusal is read by people. */
import type { FlightPhase } from "#contract/flight.ts";

const said: Record<FlightPhase, string> = {
  docked: "is in its dock",
  asked: "waits for a person's authorisation",
  preflight: "checks itself before take-off",
  opening: "opens its dock",
  arming: "is told to arm",
  climbing: "takes off",
  transit: "is on its way",
  onScene: "is on scene",
  piloted: "is flown by a pilot",
  holding: "holds",
  returning: "comes home",
  diverting: "flies to another place to land",
  landing: "lands",
  unreached: "is out of reach of its own agent; its autopilot has it",
  closing: "has landed; the dock closes",
  charging: "is in its dock, door closed",
  landedAway: "has landed away from its dock: a person must fetch it",
  outOfService: "is out of service: a person must look at it",
};

export const phaseSaid = (phase: FlightPhase): string => said[phase];

const overdue: Partial<Record<FlightPhase, string>> = {
  preflight: "its checks took too long",
  opening: "the dock's door took too long to open",
  arming: "arming took too long",
  climbing: "the climb took too long",
  transit: "the way to the scene took too long",
  onScene: "its time over the scene is up",
  piloted: "the pilot's time is up",
  landing: "landing took too long",
  closing: "the dock's door took too long to close",
  charging: "charging took too long",
};

/** Why the phase ended by its time alone. What it held, came home or flew aside for is said with it. */
export function overdueWords(phase: FlightPhase, why: string): string {
  if (phase === "holding") return `it held as long as it may (${why})`;
  if (phase === "returning") return `the way home took too long (${why})`;
  if (phase === "diverting") return `the way to another place to land took too long (${why})`;
  if (phase === "unreached") return `not heard for too long (${why})`;
  return overdue[phase] ?? "it took too long";
}

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

/** A preflight check's name for people. */
export const checkWords = (check: string): string => checks[check] ?? check;
