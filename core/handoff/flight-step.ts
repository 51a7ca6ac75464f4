/**
 * The flight as a state machine: `flightStep(flight, event, site) -> [next, actions]`. Pure: time is in the event, ground and limits in the site.
 * Phases and their timeouts stand in `phases.ts`, what is watched in the air in `guards.ts`, what entering a phase orders in `draft.ts`.
 */
import { answered } from "./answers.ts";
import { type Draft, go, hold, interruptedBy } from "./draft.ts";
import type { Flight, FlightEvent, FlightStep } from "./flight.ts";
import { guard } from "./guards.ts";
import { distanceM } from "./local.ts";
import { checkWords, phaseSaid } from "./phase-words.ts";
import { missionPhases, phaseRules } from "./phases.ts";
import { missionPath, planMission } from "./plan.ts";
import { preflightChecks } from "./preflight.ts";
import type { Site } from "./site.ts";
import { remind, timedOut } from "./timeouts.ts";
import { nameOf } from "./token.ts";

/** Transitions that one event may set off in a row; more is a loop in the rules. */
const maxInARow = 6;
const kept = 100;

export function flightStep(state: Flight, event: FlightEvent, site: Site): FlightStep {
  const draft: Draft = { flight: { ...state, tickMs: Math.max(state.tickMs, event.tickMs) }, actions: [], site };
  observe(draft, event);
  react(draft, event);
  for (let turn = 0; ; turn++) {
    if (turn === maxInARow)
      throw new Error(`flight goes round in circles in ${draft.flight.phase}: ${draft.flight.why}`);
    if (!(guard(draft) || progress(draft))) break;
  }
  return [draft.flight, draft.actions];
}

/** Takes in what the event says of the world. */
function observe({ flight, site }: Draft, event: FlightEvent) {
  if (event.type === "vehicle") {
    flight.vehicle = event.seen;
    flight.vehicleMs = flight.tickMs;
    measureDrain(flight, 1 / site.performance.enduranceS);
  } else if (event.type === "dock") flight.dock = event.seen;
  else if (event.type === "bus" && event.up !== flight.bus.up) flight.bus = { up: event.up, sinceMs: flight.tickMs };
  else if (event.type === "aircraft") {
    const others = flight.aircraft.filter(
      (one) => one.icao !== event.aircraft.icao && flight.tickMs - one.heardTickMs < 60_000,
    );
    flight.aircraft = [...others, event.aircraft].slice(-kept);
  } else if (event.type === "control") {
    flight.holder = event.holder;
    flight.autonomy = event.holder.kind === "autonomy";
  } else if (event.type === "pilotCourse") flight.pilotCourse = event.course;
}

/** Samples of the drain are this far apart. */
const drainEveryMs = 10_000;

/** Share of the battery per second, smoothed. A jump of the gauge is no drain: more than three times the nominal one is not believed. */
function measureDrain(flight: Flight, nominalPerS: number): void {
  const { battery, armed } = flight.vehicle;
  if (armed !== true || battery === undefined) {
    if (armed === false) delete flight.drain;
    return;
  }
  const last = flight.drain ?? { fromMs: flight.tickMs, fromFraction: battery, perS: nominalPerS };
  const seconds = (flight.tickMs - last.fromMs) / 1000;
  if (flight.tickMs - last.fromMs < drainEveryMs) {
    flight.drain = last;
    return;
  }
  const perS = Math.min(3 * nominalPerS, Math.max(0, (last.fromFraction - battery) / seconds));
  flight.drain = { fromMs: flight.tickMs, fromFraction: battery, perS: 0.8 * last.perS + 0.2 * perS };
}

function react(draft: Draft, event: FlightEvent) {
  const { flight, site } = draft;
  const airborne = phaseRules[flight.phase].airborne;
  switch (event.type) {
    case "tick":
      if (flight.untilMs !== undefined && flight.tickMs >= flight.untilMs) timedOut(draft);
      else remind(draft);
      return;
    case "ask":
      return asked(draft, event);
    case "authorise":
      if (flight.phase !== "asked" || flight.mission?.flight !== event.flight) return;
      flight.mission = { ...flight.mission, authorisation: event.authorisation };
      return authorised(draft);
    case "retarget":
      return retarget(draft, event.place, event.incidentVersion);
    case "facts": {
      if (flight.phase !== "preflight" || !flight.plan) return;
      flight.preflight = preflightChecks(flight, flight.plan, event.facts, site);
      const failed = flight.preflight.filter((check) => !check.ok);
      if (failed.length === 0) return go(draft, "opening", "every check passed");
      return done(
        draft,
        `not ready: ${failed.map((check) => `${checkWords(check.check)} (${check.detail})`).join("; ")}`,
      );
    }
    case "done":
      if (!event.ok) answered(draft, event.what, event.why);
      return;
    case "safety":
      return airborne ? safety(draft, event.level, event.why) : abort(draft, event.why);
    case "clear":
      if (flight.phase !== "outOfService" && flight.phase !== "landedAway") return;
      delete flight.mission;
      delete flight.plan;
      return go(draft, "docked", event.why);
    case "control":
      return control(draft, event);
    case "failsafe":
      if (flight.phase === "piloted") flight.pilotCourse = event.to === "land" ? "land" : "return";
      if (!airborne || flight.phase === "unreached" || !flight.autonomy) return;
      if (event.to === "return") return go(draft, "returning", event.why, { silently: true });
      if (event.to === "land") return go(draft, "landing", event.why, { silently: true });
      return hold(draft, "failsafe", event.why);
    case "resumed":
      return resumed(draft);
    default:
      return;
  }
}

function asked(draft: Draft, event: FlightEvent & { type: "ask" }) {
  const { flight, site } = draft;
  if (whyUnavailable(flight) !== undefined || flight.flown.includes(event.mission.flight)) return;
  flight.mission = event.mission;
  flight.flown = [...flight.flown, event.mission.flight].slice(-kept);
  delete flight.preflight;
  delete flight.sceneUntilMs;
  delete flight.gaveWay;
  delete flight.pilotCourse;
  delete flight.closeAsked;
  draft.actions.push({ do: "hop", hop: "received" });
  const planned = planMission(event.mission, site.dock, site);
  if (!planned.ok) return done(draft, planned.why);
  flight.plan = planned.plan;
  if (event.mission.authorisation) authorised(draft);
  else go(draft, "asked", "waits for a person's authorisation");
}

/** Why it cannot be asked to fly now. */
export function whyUnavailable(flight: Flight): string | undefined {
  if (flight.phase !== "docked" && flight.phase !== "charging") return `it ${phaseSaid(flight.phase)}: ${flight.why}`;
  if (flight.holder.kind !== "autonomy") return `${nameOf(flight.holder)} has control`;
  if (flight.vehicle.link !== "up") return "its vehicle is out of reach";
  if (flight.vehicle.armed !== false) return "its vehicle is armed";
  return undefined;
}

function authorised(draft: Draft) {
  draft.actions.push({ do: "hop", hop: "authorised" });
  go(draft, "preflight", "authorised");
  draft.actions.push({ do: "prepare", path: missionPath(draft.flight.plan!, draft.site) });
}

/** The flight is over before it began. */
function done(draft: Draft, why: string) {
  const { flight } = draft;
  draft.actions.push({ do: "hop", hop: "refused" });
  if (flight.dock.door === "closed" || flight.dock.door === "unknown") go(draft, "docked", why);
  else go(draft, "closing", why);
}

function retarget(draft: Draft, place: NonNullable<Flight["mission"]>["place"], incidentVersion: number) {
  const { flight, site } = draft;
  if (!flight.mission || !flight.autonomy || incidentVersion <= flight.mission.incidentVersion) return;
  const moved = distanceM(place, flight.mission.place) > 5;
  flight.mission = { ...flight.mission, place, incidentVersion };
  if (!moved || !missionPhases.includes(flight.phase) || flight.phase === "climbing" || !flight.vehicle.position)
    return;
  const planned = planMission({ ...flight.mission, corridor: [] }, flight.vehicle.position, site);
  if (!planned.ok) return go(draft, "returning", `the better fix cannot be flown to: ${planned.why}`);
  flight.plan = planned.plan;
  go(draft, "transit", "a better fix of the place", { silently: true });
  flight.camera = "level";
  draft.actions.push({ do: "cameraLevel" }, { do: "follow", path: missionPath(planned.plan, site) });
}

function safety(draft: Draft, level: "hold" | "return" | "land" | "stop", why: string) {
  if (draft.flight.phase === "unreached") return;
  if (level === "return") go(draft, "returning", why);
  else if (level === "land") go(draft, "landing", why);
  else hold(draft, level === "stop" ? "stop" : "person", why);
}

/** Called off on the ground. */
function abort(draft: Draft, why: string) {
  const { phase } = draft.flight;
  if (phase === "asked" || phase === "preflight") go(draft, "docked", why);
  else if (phase === "opening" || phase === "arming") {
    draft.actions.push({ do: "disarm" });
    go(draft, "closing", why);
  }
}

function control(draft: Draft, { why, silent = false, superseded = false }: FlightEvent & { type: "control" }) {
  const { flight } = draft;
  if (!flight.autonomy) {
    if (phaseRules[flight.phase].airborne || flight.phase === "arming") {
      if (flight.phase === "piloted" || flight.phase === "unreached") return;
      const interrupted = flight.phase === "holding" ? flight.resume : flight.phase;
      delete flight.pilotCourse;
      go(draft, "piloted", why, { silently: true, ...(interrupted && { resume: interrupted }) });
    } else if (flight.phase === "asked" || flight.phase === "preflight") go(draft, "docked", why);
    else if (flight.phase === "opening") go(draft, "closing", why);
    return;
  }
  if (flight.phase !== "piloted" || superseded) return;
  if (flight.vehicle.armed === false) go(draft, "landing", why, { silently: true });
  else if (flight.vehicle.landed === "ground") {
    draft.actions.push({ do: "disarm" });
    go(draft, "landing", why, { silently: true });
  } else if (flight.pilotCourse === "return") go(draft, "returning", why);
  else if (flight.pilotCourse === "land") go(draft, "landing", why);
  else hold(draft, silent ? "silentPilot" : "givenBack", why);
}

/** This process is new, the flight may not be: nothing is ordered until the vehicle was heard. */
function resumed(draft: Draft) {
  const { flight } = draft;
  flight.vehicle = { link: "absent" };
  flight.bus = { up: false, sinceMs: flight.tickMs };
  flight.aircraft = [];
  const { phase } = flight;
  if (phase === "asked" || phase === "preflight") go(draft, "docked", "the agent was started again before take-off");
  else if (phase === "opening") go(draft, "closing", "the agent was started again before take-off");
  else if (phaseRules[phase].airborne || phase === "arming") {
    const resume = interruptedBy(flight) ?? "returning";
    go(draft, "unreached", "the agent was started again", { silently: true, resume });
  } else if (phase === "closing" || phase === "charging") {
    // Its time begins anew: this process has not waited for the door yet.
    delete flight.closeAsked;
    go(draft, phase, flight.why);
  }
}

/** Not armed, by a word of the vehicle from after it was said to be over: an order to arm may have been on its way. */
function standsStill({ vehicle, vehicleMs, sinceMs }: Flight): boolean {
  return vehicle.link === "up" && vehicle.armed === false && (vehicleMs ?? 0) >= sinceMs + 300;
}

/** The next phase, where this one has done what it is for. */
function progress(draft: Draft): boolean {
  const { flight, site } = draft;
  const { vehicle, dock } = flight;
  const before = flight.phase;
  if (before === "opening") {
    if (dock.stopPressed) go(draft, "outOfService", "the dock's stop button was pressed");
    else if (dock.door === "jammed") go(draft, "outOfService", "the dock's door jammed while opening");
    else if (dock.door === "open" && dock.link === "up") go(draft, "arming", "the door is open");
  } else if (before === "arming" && (dock.stopPressed || dock.door !== "open" || dock.link !== "up")) {
    draft.actions.push({ do: "disarm" });
    go(
      draft,
      "outOfService",
      dock.stopPressed
        ? "the dock's stop button was pressed"
        : `the dock's door is ${dock.door === "unknown" ? "not known to be open" : dock.door}`,
    );
  } else if (before === "arming" && vehicle.armed === true && flight.autonomy) go(draft, "climbing", "armed");
  else if (before === "climbing" && (vehicle.relAltM ?? 0) >= site.height.climbM * 0.9 && flight.autonomy) {
    go(draft, "transit", "high enough");
  } else if (before === "transit" && vehicle.position && flight.plan) {
    if (distanceM(vehicle.position, flight.plan.out.at(-1)!) < 15) go(draft, "onScene", "over the scene");
  } else if (before === "closing") {
    if (dock.door === "jammed") go(draft, "outOfService", "the dock's door jammed while closing");
    else if (dock.door === "closed" && dock.link === "up") go(draft, "charging", "the door is closed");
    else if (!flight.closeAsked && standsStill(flight) && dock.link === "up") {
      flight.closeAsked = true;
      draft.actions.push({ do: "closeDoor" });
    }
  } else if (before === "charging") {
    if ((vehicle.battery ?? 0) >= 0.95) go(draft, "docked", "charged");
  }
  return flight.phase !== before;
}
