/** The state of one drone's flight, the events that move it, and what it wants done. All data: it is written to disk as it is. */

import type { Holder } from "#contract/control.ts";
import type { Authorisation, FlightPhase } from "#contract/flight.ts";
import type { Place } from "#contract/geo.ts";
import type { Wind } from "./energy.ts";
import type { LatLon } from "./local.ts";
import type { Aircraft, Near } from "./traffic.ts";

/** The newest picture of the vehicle. Absent: never heard. */
export interface VehicleSeen {
  link: "absent" | "up" | "lost" | "driver";
  position?: LatLon & { altM: number };
  /** Above the take-off point, by the autopilot. */
  relAltM?: number;
  headingDeg?: number;
  groundSpeedMps?: number;
  battery?: number;
  gnss?: { fix: string; satellites: number; horizontalM?: number };
  mode?: string;
  armed?: boolean;
  landed?: "ground" | "takingOff" | "air" | "landing";
  wind?: Wind;
  rcAvailable?: boolean;
  armable?: boolean;
  mission?: { current: number; total: number; finished: boolean };
}

export interface DockSeen {
  link: "absent" | "up" | "lost";
  door: "open" | "closed" | "opening" | "closing" | "jammed" | "unknown";
  padOccupied?: boolean;
  charging: boolean;
  airTempC?: number;
  tampered: boolean;
  stopPressed: boolean;
}

/** What is asked of a drone: one incident to look at. */
export interface Mission {
  flight: string;
  incident: string;
  incidentVersion: number;
  place: Place;
  laneHeightM: number;
  corridor: readonly LatLon[];
  authorisation?: Authorisation;
}

/** A point of the way: altitude above mean sea level, and above the ground under it for people. */
export interface PathPoint extends LatLon {
  altM: number;
  heightM: number;
  speedMps?: number;
  /** Stays there so long; flies through where it is left out. */
  stayS?: number;
}

/** What the autopilot is given: points in order, with a part of them flown in rounds before the rest. */
export interface MissionPath {
  points: readonly PathPoint[];
  /** After point `through` it goes back to point `from`, `times` times. */
  again?: { from: number; through: number; times: number };
}

export interface Plan {
  /** From over the dock to over the scene. */
  out: readonly PathPoint[];
  /** What it flies there, round after round. */
  scene: readonly PathPoint[];
  pattern: "orbit" | "search";
  radiusM?: number;
  /** Altitude of the ground at the place: what the camera looks at. */
  placeAltM: number;
}

/** The autopilot's own failsafes, as read at preflight (`Vehicle.failsafes()` without its raw values). */
export interface FailsafesRead {
  dataLinkLoss?: { action: string; afterS?: number };
  rcLoss?: { action: string };
  batteryLow?: { action: string; atFraction?: number };
  batteryCritical?: { action: string; atFraction?: number };
  geofence?: { action: string };
  returnHeightM?: number;
}

export interface Check {
  check: string;
  ok: boolean;
  detail: string;
}

/** Why it holds, is unreached, or was taken: what it may go on with, and when. */
export type Cause =
  | "person"
  | "stop"
  | "link"
  | "traffic"
  | "gnss"
  | "silentPilot"
  | "givenBack"
  | "failsafe"
  | "refused"
  | "restart";

export interface Flight {
  phase: FlightPhase;
  tickMs: number;
  sinceMs: number;
  untilMs?: number;
  why: string;
  cause?: Cause;
  /** Phase to go on with after `holding`, `unreached` or `piloted`. */
  resume?: FlightPhase;
  mission?: Mission;
  plan?: Plan;
  vehicle: VehicleSeen;
  dock: DockSeen;
  bus: { up: boolean; sinceMs: number };
  /** True while autonomy holds the token: only then does this machine send orders to the vehicle. */
  autonomy: boolean;
  holder: Holder;
  /** What the pilot last called for: a pilot who falls silent on the way home is not held up. */
  pilotCourse?: "steer" | "hold" | "return" | "land";
  aircraft: readonly Aircraft[];
  near: readonly Near[];
  clearSinceMs?: number;
  /** Gave way to traffic on the way home for as long as it could. */
  gaveWay?: boolean;
  /** The dock's stop button was taken for an emergency stop already. */
  stopSeen?: boolean;
  /** Comes down by its own return over the dock, not where it was told to land. */
  landsAt?: "dock";
  remindedMs?: number;
  /** When the vehicle was last heard. */
  vehicleMs?: number;
  divertTo?: LatLon & { name: string };
  /** The door was told to close since the drone came to stand. */
  closeAsked?: boolean;
  /** A camera that may look down: only over the scene. */
  camera: "level" | "place";
  preflight?: readonly Check[];
  /** Measured drain of the battery in this flight. */
  drain?: { fromMs: number; fromFraction: number; perS: number };
  sceneUntilMs?: number;
  /** Flights that were asked, newest last: none is flown twice. */
  flown: readonly string[];
}

/** What the machine wants done. The role does it and answers with `done`. */
export type FlightAction =
  | { do: "openDoor" | "closeDoor" }
  | { do: "charger"; on: boolean }
  /** Read failsafes and take the fence and the mission over to the autopilot; answered by `facts`. */
  | { do: "prepare"; path: MissionPath }
  | { do: "arm" | "disarm" | "hold" | "return" | "land" | "cutMotors" }
  | { do: "takeOff"; heightM: number }
  | { do: "startMission" }
  /** Replace the mission and start it. */
  | { do: "follow"; path: MissionPath }
  /** Autonomy calls for safety over a remote pilot's head: `step.ts` takes the token for it, under a new epoch. */
  | { do: "reclaim"; level: "return" | "land"; why: string }
  | { do: "goTo"; to: PathPoint; speedMps?: number }
  | { do: "cameraLevel" }
  | { do: "lookAt"; at: PathPoint }
  /** A step of the flight worth a time on the incident's timeline. */
  | { do: "hop"; hop: string };

/** What is sent to the autopilot, and so needs the token. */
export type VehicleAction = Exclude<FlightAction, { do: "openDoor" | "closeDoor" | "charger" | "hop" | "reclaim" }>;

export interface PreflightFacts {
  /** Failure to read or to take over says what went wrong. */
  failsafes?: FailsafesRead;
  fenceSet?: boolean;
  /** Seconds since the vehicle's own fence was read back. */
  fenceReadAgoS?: number;
  missionSet?: boolean;
  utcMs?: number;
  why?: string;
}

export type FlightEvent = { tickMs: number } & (
  | { type: "tick" }
  | { type: "vehicle"; seen: VehicleSeen }
  | { type: "dock"; seen: DockSeen }
  | { type: "bus"; up: boolean }
  | { type: "aircraft"; aircraft: Aircraft }
  | { type: "facts"; facts: PreflightFacts }
  | { type: "done"; what: FlightAction["do"]; ok: boolean; why: string }
  | { type: "ask"; mission: Mission; utcMs?: number }
  | { type: "authorise"; flight: string; authorisation: Authorisation }
  | { type: "retarget"; place: Place; incidentVersion: number }
  | { type: "safety"; level: "hold" | "return" | "land" | "stop"; why: string }
  | { type: "clear"; why: string }
  | { type: "control"; holder: Holder; why: string; silent?: boolean; superseded?: boolean }
  | { type: "pilotCourse"; course: "steer" | "hold" | "return" | "land" }
  | { type: "failsafe"; to: string; why: string }
  | { type: "resumed" }
);

export type FlightStep = [Flight, FlightAction[]];

export const autonomy: Holder = { kind: "autonomy" };

/** A drone that was never heard of: in its dock as far as anybody knows, and not available until vehicle and dock speak. */
export function newFlight(tickMs: number): Flight {
  return {
    phase: "docked",
    tickMs,
    sinceMs: tickMs,
    why: "started",
    vehicle: { link: "absent" },
    dock: { link: "absent", door: "unknown", charging: false, tampered: false, stopPressed: false },
    bus: { up: false, sinceMs: tickMs },
    autonomy: true,
    holder: autonomy,
    aircraft: [],
    near: [],
    camera: "level",
    flown: [],
  };
}

export function heightAboveGroundM(flight: Flight, groundAltM: number | undefined): number | undefined {
  const { position } = flight.vehicle;
  return position === undefined || groundAltM === undefined ? undefined : position.altM - groundAltM;
}
