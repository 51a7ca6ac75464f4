/**
 * One drone: who may steer, and the flight. `step(drone, event, site) -> [next, actions]` is what the agent runs, what is written to disk between
 * two events, and what the model checker searches. Every action for the autopilot carries its writer and epoch; `mayWrite` asks both again at the
 * last moment, because an action may have waited.
 */
import type { Holder } from "#contract/control.ts";
import type { FlightAct } from "#contract/flight.ts";
import { authorityStep } from "./authority.ts";
import type { Flight, FlightAction, FlightEvent, Mission } from "./flight.ts";
import { heightAboveGroundM, newFlight } from "./flight.ts";
import { flightStep, whyUnavailable } from "./flight-step.ts";
import { phaseRules } from "./phases.ts";
import { planMission } from "./plan.ts";
import type { Site } from "./site.ts";
import { pilotAct, pilotForbids } from "./steering.ts";
import { groundAltM } from "./terrain.ts";
import {
  type Authority,
  type AuthorityEffect,
  type AuthorityEvent,
  newAuthority,
  type Order,
  type Situation,
} from "./token.ts";

export interface Drone {
  authority: Authority;
  flight: Flight;
}

type Outside = Extract<
  FlightEvent,
  { type: "tick" | "vehicle" | "dock" | "bus" | "aircraft" | "facts" | "done" | "resumed" }
>;

export type DroneEvent =
  | Outside
  | { type: "order"; tickMs: number; order: Order; payload?: FlightAct; utc?: string }
  | {
      type: "mode";
      tickMs: number;
      to: string;
      cause: "commanded" | "natural" | "failsafe" | "pilot" | "external";
      evidence: string;
    }
  | { type: "stick"; tickMs: number; deflection: number };

export type DroneAction = FlightAction & { writer: Holder["kind"]; epoch: number };

const nothingToTheVehicle = new Set<FlightAction["do"]>(["openDoor", "closeDoor", "charger", "hop", "reclaim"]);

const handModes = new Set(["position", "altitude", "stabilized", "acro", "manual"]);

export function needsToken(action: FlightAction): boolean {
  return !nothingToTheVehicle.has(action.do);
}

export function newDrone(tickMs: number): Drone {
  return { authority: newAuthority(tickMs), flight: newFlight(tickMs) };
}

export function step(drone: Drone, event: DroneEvent, site: Site): [Drone, DroneAction[]] {
  const run = new Run(drone, site);
  switch (event.type) {
    case "tick":
      run.authority({ type: "tick", tickMs: event.tickMs });
      run.flight(event);
      break;
    case "order":
      run.order(event);
      break;
    case "mode":
    case "stick":
      run.radio(event);
      break;
    case "vehicle":
      run.byHand(event);
      run.flight(event);
      break;
    default:
      run.flight(event);
  }
  return run.end();
}

/** One step under way: authority and flight move each other until both are at rest. */
class Run {
  private drone: Drone;
  private readonly site: Site;
  private readonly actions: { action: FlightAction; by?: Holder["kind"] }[] = [];

  constructor(drone: Drone, site: Site) {
    this.drone = drone;
    this.site = site;
  }

  flight(event: FlightEvent) {
    const wasAirborne = phaseRules[this.drone.flight.phase].airborne;
    const [flight, actions] = flightStep(this.drone.flight, event, this.site);
    this.drone = { ...this.drone, flight };
    for (const action of actions) {
      if (action.do === "reclaim") {
        this.authority({ type: "reclaim", tickMs: event.tickMs, level: action.level, why: action.why });
      } else this.actions.push({ action });
    }
    if (wasAirborne && !phaseRules[this.drone.flight.phase].airborne) {
      this.authority({ type: "grounded", tickMs: event.tickMs, why: "on the ground" });
    }
  }

  authority(event: AuthorityEvent, payload?: { event: DroneEvent & { type: "order" } }) {
    const [authority, effects] = authorityStep(this.drone.authority, event, this.site.control);
    this.drone = { ...this.drone, authority };
    const safetyFollows = effects.some(({ effect }) => effect === "safety");
    for (const effect of effects) this.effect(effect, event.tickMs, safetyFollows, payload?.event);
  }

  order(event: DroneEvent & { type: "order" }) {
    const { flight } = this.drone;
    const heightM = heightAboveGroundM(
      flight,
      flight.vehicle.position && groundAltM(this.site.terrain, flight.vehicle.position),
    );
    const forbids = forbidden(flight, event, this.site);
    const situation: Situation = {
      airborne: phaseRules[flight.phase].airborne,
      ...(heightM === undefined ? {} : { heightM }),
      ...(flight.mission ? { flight: flight.mission.flight } : {}),
      ...(forbids === undefined ? {} : { forbids }),
    };
    this.authority({ type: "order", tickMs: event.tickMs, order: event.order, situation }, { event });
  }

  private effect(
    effect: AuthorityEffect,
    tickMs: number,
    safetyFollows: boolean,
    ordered?: DroneEvent & { type: "order" },
  ) {
    switch (effect.effect) {
      case "control": {
        const { holder } = this.drone.authority;
        this.flight({
          type: "control",
          tickMs,
          holder,
          why: effect.why,
          ...(effect.silent && { silent: true }),
          ...(safetyFollows && { superseded: true }),
        });
        // Whoever takes it over the network finds it standing still: the mission does not fly on under their hands.
        if (holder.kind === "remote" && this.drone.flight.phase === "piloted") {
          this.actions.push({ action: { do: "hold" }, by: "remote" });
        }
        return;
      }
      case "safety":
        this.flight({ type: "safety", tickMs, level: effect.level, why: effect.why });
        return;
      case "cutMotors":
        this.actions.push({ action: { do: "cutMotors" }, by: "onsite" });
        return;
      case "perform":
        if (ordered) this.perform(ordered);
    }
  }

  private perform({ tickMs, payload, utc, order }: DroneEvent & { type: "order" }) {
    if (!payload) return;
    switch (payload.act) {
      case "ask": {
        const { act: _, laneHeightM, corridor, authorisation, flight, incident, incidentVersion, place } = payload;
        const mission: Mission = { flight, incident, incidentVersion, place, laneHeightM, corridor };
        if (authorisation) mission.authorisation = authorisation;
        return this.flight({ type: "ask", tickMs, mission });
      }
      case "authorise": {
        const authorisation = {
          how: "person" as const,
          by: order.by,
          at: utc ?? "1970-01-01T00:00:00Z",
          why: payload.why ?? "",
        };
        return this.flight({ type: "authorise", tickMs, flight: payload.flight, authorisation });
      }
      case "retarget":
        return this.flight({
          type: "retarget",
          tickMs,
          place: payload.place,
          incidentVersion: payload.incidentVersion,
        });
      case "clear":
        return this.flight({ type: "clear", tickMs, why: `${payload.why} (${order.by})` });
      default: {
        const { action, course } = pilotAct(payload, this.site);
        this.flight({ type: "pilotCourse", tickMs, course });
        this.actions.push({ action, by: this.drone.authority.holder.kind });
      }
    }
  }

  /** What our software did not command: the on-site pilot, or the autopilot's own failsafe. */
  radio(event: DroneEvent & { type: "mode" | "stick" }) {
    const { phase } = this.drone.flight;
    if (!phaseRules[phase].airborne && phase !== "opening" && phase !== "arming") return;
    if (event.type === "mode") {
      if (event.cause === "commanded" || event.cause === "natural" || this.missionOver(event.to)) return;
      if (event.cause === "failsafe") {
        this.flight({
          type: "failsafe",
          tickMs: event.tickMs,
          to: event.to,
          why: `the autopilot's failsafe: ${event.evidence}`,
        });
        return;
      }
    }
    const why =
      event.type === "stick"
        ? `the on-site pilot moved a stick (${Math.round(event.deflection * 100)} %)`
        : `the mode became ${event.to} without our command: ${event.evidence}`;
    this.authority({ type: "radio", tickMs: event.tickMs, why });
  }

  /** The mission that we gave it ends with its return: an agent that was started since has not seen itself order that. */
  private missionOver(to: string): boolean {
    const { mode, mission } = this.drone.flight.vehicle;
    return (
      to === "return" &&
      mode === "mission" &&
      mission !== undefined &&
      (mission.finished || mission.current >= mission.total - 1)
    );
  }

  /** A mode that only sticks fly, seen without its change having been seen: after a restart, after a lost link. */
  byHand({ tickMs, seen }: DroneEvent & { type: "vehicle" }) {
    const { phase, sinceMs, autonomy } = this.drone.flight;
    if (!autonomy || !phaseRules[phase].airborne || seen.link !== "up" || !handModes.has(seen.mode ?? "")) return;
    // Just given back: our own command is on its way.
    if (phase !== "unreached" && tickMs - sinceMs < 3000) return;
    this.authority({ type: "radio", tickMs, why: `it is flown by hand (${seen.mode})` });
  }

  end(): [Drone, DroneAction[]] {
    const { holder, epoch } = this.drone.authority;
    const stamped = this.actions.map(({ action, by }) => ({ ...action, writer: by ?? ("autonomy" as const), epoch }));
    return [this.drone, stamped.filter((action) => !needsToken(action) || action.writer === holder.kind)];
  }
}

function forbidden(flight: Flight, { order, payload }: DroneEvent & { type: "order" }, site: Site): string | undefined {
  if (!payload) return undefined;
  switch (payload.act) {
    case "ask": {
      if (flight.flown.includes(payload.flight)) return `flight ${payload.flight} was asked before`;
      const why = whyUnavailable(flight);
      if (why !== undefined) return why;
      const planned = planMission(payload, site.dock, site);
      return planned.ok ? undefined : planned.why;
    }
    case "authorise":
      return flight.phase === "asked" ? undefined : `nothing waits for an authorisation: it is ${flight.phase}`;
    case "clear":
      return flight.phase === "outOfService" || flight.phase === "landedAway"
        ? undefined
        : `there is nothing to clear: it is ${flight.phase}`;
    case "goto":
    case "look":
      return pilotForbids(payload, flight, site, order.as);
    default:
      return undefined;
  }
}
