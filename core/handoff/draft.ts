/** One step in the making: a copy of the flight that may be changed, and what is to be done. */
import type { FlightPhase } from "#contract/flight.ts";
import { homeS, travelS } from "./energy.ts";
import type { Cause, Flight, FlightAction } from "./flight.ts";
import { distanceM } from "./local.ts";
import { holdRules, missionPhases, phaseRules } from "./phases.ts";
import { inLane, nearestAlternate } from "./plan.ts";
import type { Site } from "./site.ts";
import { groundAltM } from "./terrain.ts";

export interface Draft {
  flight: Flight;
  actions: FlightAction[];
  site: Site;
}

export interface Going {
  cause?: Cause;
  resume?: FlightPhase;
  /** Enter without an order to the vehicle: it already does so, or somebody else flies it. */
  silently?: boolean;
}

/** Enters a phase: its clock starts, its timeout is set, its first orders are given. */
export function go(draft: Draft, phase: FlightPhase, why: string, going: Going = {}): void {
  const { flight, site } = draft;
  const before = flight.phase;
  // A return that gave way until its time or battery ran out does not give way again.
  if (before === "holding" && flight.cause === "traffic" && phase === "returning" && !flight.clearSinceMs)
    flight.gaveWay = true;
  flight.phase = phase;
  flight.sinceMs = flight.tickMs;
  flight.why = why;
  delete flight.cause;
  if (phase !== "landing" || !going.silently) delete flight.landsAt;
  delete flight.clearSinceMs;
  if (going.cause) flight.cause = going.cause;
  if (going.resume) flight.resume = going.resume;
  else if (phase !== "holding" && phase !== "piloted" && phase !== "unreached") delete flight.resume;
  const timeoutS = timeoutOf(flight, site);
  if (timeoutS === undefined) delete flight.untilMs;
  else flight.untilMs = flight.tickMs + timeoutS * 1000;
  if (phase !== before) draft.actions.push({ do: "hop", hop: phase });
  const silent = going.silently === true || (!flight.autonomy && phaseRules[phase].airborne);
  draft.actions.push(...(silent ? [] : entry(draft, before)));
}

function timeoutOf(flight: Flight, site: Site): number | undefined {
  const named = site.timeoutsS[flight.phase];
  const { phase, vehicle } = flight;
  if (phase === "holding") return flight.cause ? holdRules[flight.cause].timeoutS : phaseRules.holding.timeoutS;
  if (named !== undefined) return named;
  const wind = vehicle.wind ?? site.windFromForecast;
  if (phase === "transit" && flight.plan) return bounded(2 * travelS(flight.plan.out, site.performance, wind) + 60);
  if ((phase === "returning" || phase === "diverting") && vehicle.position) {
    const from = { ...vehicle.position, heightM: vehicle.relAltM ?? 0 };
    return bounded(2 * homeS(from, site.dock, site.failsafes.returnHeightM, site.performance, wind) + 60);
  }
  if (phase === "landing") return 30 + (2 * (vehicle.relAltM ?? 60)) / site.performance.descentMps;
  if (phase === "onScene") {
    // Coming back to the scene after a hold or a pilot does not start its time again.
    flight.sceneUntilMs ??= flight.tickMs + site.onSceneS * 1000;
    return Math.max(0, (flight.sceneUntilMs - flight.tickMs) / 1000);
  }
  return phaseRules[phase].timeoutS;
}

const bounded = (seconds: number): number => Math.min(2400, Math.max(60, Number.isFinite(seconds) ? seconds : 300));

/** What is ordered on entering a phase. */
function entry(draft: Draft, before: FlightPhase): FlightAction[] {
  const { flight, site } = draft;
  switch (flight.phase) {
    case "opening":
      return flight.dock.door === "open" ? [] : [{ do: "openDoor" }];
    case "arming":
      return [{ do: "arm" }];
    case "climbing":
      return before === "arming" ? [{ do: "takeOff", heightM: site.height.climbM }] : [];
    case "transit":
      return [...level(flight), { do: "startMission" }];
    case "onScene": {
      const look = sceneLook(flight);
      return before === "transit" ? look : [...look, { do: "startMission" }];
    }
    case "holding":
      return flight.cause === "traffic" ? [...level(flight), ...giveWay(draft)] : [...level(flight), { do: "hold" }];
    case "returning": {
      const door: FlightAction[] =
        flight.dock.door === "open" || flight.dock.door === "opening" ? [] : [{ do: "openDoor" }];
      return [...level(flight), { do: "return" }, ...door];
    }
    case "diverting":
      return [...level(flight), ...divert(draft)];
    case "landing":
      return [...level(flight), { do: "land" }];
    case "charging":
      return [{ do: "charger", on: true }];
    default:
      return [];
  }
}

/** Privacy: away from the scene the camera looks level. Said again at each entry; the autopilot's own return says it once more. */
function level(flight: Flight): FlightAction[] {
  flight.camera = "level";
  return [{ do: "cameraLevel" }];
}

function sceneLook(flight: Flight): FlightAction[] {
  const { mission, plan } = flight;
  if (!mission || !plan) return [];
  flight.camera = "place";
  const { lat, lon } = mission.place;
  return [{ do: "lookAt", at: { lat, lon, altM: plan.placeAltM, heightM: 0 } }];
}

/** Down to where aircraft are not, if it is above that and the obstacles leave room; else it stays. */
function giveWay({ flight, site }: Draft): FlightAction[] {
  const { position } = flight.vehicle;
  if (!position) return [{ do: "hold" }];
  const low = inLane([position], site.height.trafficM, site.performance.sceneMps, site);
  if (!low.ok || low.path[0]!.altM >= position.altM - 3) return [{ do: "hold" }];
  return [{ do: "goTo", to: low.path[0]! }];
}

function divert({ flight, site }: Draft): FlightAction[] {
  const { position } = flight.vehicle;
  if (!position) return [{ do: "land" }];
  const place = nearestAlternate(position, site);
  flight.divertTo = place;
  const way = inLane([position, place], site.height.trafficM, site.performance.cruiseMps, site);
  const altM = way.ok ? Math.max(...way.path.map((point) => point.altM)) : position.altM;
  return [
    {
      do: "goTo",
      to: { lat: place.lat, lon: place.lon, altM, heightM: altM - (groundAltM(site.terrain, place) ?? 0) },
    },
  ];
}

/** Goes on with what was interrupted: the scene or the way there; home where there is nothing to go on with. */
export function resume(draft: Draft, why: string): void {
  const { flight } = draft;
  const to = flight.resume;
  if (to === "returning" || to === "diverting" || to === "landing") go(draft, to, why);
  else if (to !== undefined && missionPhases.includes(to) && flight.mission && flight.plan) {
    go(draft, to === "climbing" ? "transit" : to, why);
  } else go(draft, "returning", `${why}; nothing to go on with`);
}

export function hold(draft: Draft, cause: Cause, why: string): void {
  const { flight } = draft;
  const interrupted = interruptedBy(flight);
  go(draft, "holding", why, interrupted === undefined ? { cause } : { cause, resume: interrupted });
}

/** What there is to go on with when what stops it now is over. What a person stopped is not gone on with: it comes home. */
export function interruptedBy(flight: Flight): FlightPhase | undefined {
  if (flight.phase === "holding" && (flight.cause === "person" || flight.cause === "stop")) return "returning";
  const nested = flight.phase === "holding" || flight.phase === "piloted" || flight.phase === "unreached";
  return nested ? flight.resume : flight.phase;
}

export function atDockM(flight: Flight, site: Site): number | undefined {
  return flight.vehicle.position && distanceM(flight.vehicle.position, site.dock);
}
