/** The drones as the console knows them, as a pure fold. Times of hearing are the gateway's, in milliseconds since 1970. */
import type { ControlState } from "#contract/control.ts";
import type { FlightPhase, FlightState } from "#contract/flight.ts";
import { phaseRules } from "#core/handoff/phases.ts";

export interface Drone {
  readonly id: string;
  readonly state?: FlightState;
  readonly control?: ControlState;
  readonly stateHeardMs: number;
  readonly controlHeardMs: number;
}
export type Drones = ReadonlyMap<string, Drone>;

/** A drone speaks at least every second: what is older than this is said to be old. */
export const OLD_AFTER_S = 3;

const never = Number.NEGATIVE_INFINITY;
const unknown = (id: string): Drone => ({ id, stateHeardMs: never, controlHeardMs: never });

/**
 * When something was heard. A retained message reaches a gateway that has just started as if it were new: the first one counts from when
 * the drone said it, and the same one again is no sign of life.
 */
function heardAt(message: { tickMs: number; at: string }, known: { tickMs: number } | undefined, atMs: number) {
  if (known === undefined) return Math.min(atMs, Date.parse(message.at));
  return message.tickMs === known.tickMs ? undefined : atMs;
}

export function withState(drones: Drones, state: FlightState, atMs: number): Drones {
  const known = drones.get(state.node) ?? unknown(state.node);
  const stateHeardMs = heardAt(state, known.state, atMs) ?? known.stateHeardMs;
  return new Map(drones).set(state.node, { ...known, state, stateHeardMs });
}

export function withControl(drones: Drones, control: ControlState, atMs: number): Drones {
  const known = drones.get(control.node) ?? unknown(control.node);
  const controlHeardMs = heardAt(control, known.control, atMs) ?? known.controlHeardMs;
  return new Map(drones).set(control.node, { ...known, control, controlHeardMs });
}

/** One line of `GET /api/drones`. `ageS` is null where it was never heard: JSON has no infinity. */
export interface ListedDrone {
  id: string;
  ageS: number | null;
  state?: FlightState;
  control?: ControlState;
}

/** The gateway's list at its time `atMs`; what came live in the meantime is newer and stays. */
export function withList(drones: Drones, list: readonly ListedDrone[], atMs: number): Drones {
  const next = new Map(drones);
  for (const { id, ageS, state, control } of list) {
    const known = next.get(id) ?? unknown(id);
    const heardMs = ageS === null ? never : atMs - ageS * 1000;
    const newerState = state !== undefined && heardMs > known.stateHeardMs;
    const newerControl = control !== undefined && heardMs > known.controlHeardMs;
    next.set(id, {
      ...known,
      ...(newerState && { state, stateHeardMs: heardMs }),
      ...(newerControl && { control, controlHeardMs: heardMs }),
    });
  }
  return next;
}

/** Seconds since its state was heard; Infinity where it never was. */
export function ageS(drone: Drone, nowMs: number): number {
  return Math.max(0, (nowMs - drone.stateHeardMs) / 1000);
}

export const isOld = (drone: Drone, nowMs: number): boolean => ageS(drone, nowMs) > OLD_AFTER_S;

export const airborne = (phase: FlightPhase): boolean => phaseRules[phase].airborne;

const resting: readonly FlightPhase[] = ["docked", "charging"];

/** On a flight, or in need of a person after one. In its dock it keeps the last flight's incident, for the record. */
export const isOut = ({ state }: Drone): boolean => state !== undefined && !resting.includes(state.phase);

/** The drones that are out for an incident, the airborne ones first. */
export function dronesOut(drones: Drones, incident: string): Drone[] {
  return [...drones.values()]
    .filter((drone) => drone.state?.incident === incident && isOut(drone))
    .sort((a, b) => Number(airborne(b.state!.phase)) - Number(airborne(a.state!.phase)) || (a.id < b.id ? -1 : 1));
}

/** What the drone last refused to fly for this incident, and why. */
export function refusals(drones: Drones, incident: string): Drone[] {
  return [...drones.values()].filter(
    ({ state }) =>
      state?.incident === incident && resting.includes(state.phase) && state.hops.some(({ hop }) => hop === "refused"),
  );
}

/** `epoch` and `seenTickMs` of what is on screen: an order carries them, and the drone refuses one that was made on an old picture. */
export function pictureOf({ state, control }: Drone): { epoch: number; seenTickMs: number } | undefined {
  if (control === undefined) return undefined;
  return { epoch: control.epoch, seenTickMs: Math.max(control.tickMs, state?.tickMs ?? 0) };
}
