/** What is looked at after every event while the drone is off the ground, strongest first. Each rule is a row of `docs/flight.md`. */

import { battery } from "./battery.ts";
import { atDockM, type Draft, go, hold, interruptedBy, resume } from "./draft.ts";
import { forbidden } from "./fence.ts";
import type { Flight } from "./flight.ts";
import { distanceM } from "./local.ts";
import { missionPhases, phaseRules } from "./phases.ts";

import { gnssGood } from "./preflight.ts";
import { nearTraffic } from "./traffic.ts";
import { flying, ours } from "./whose.ts";

/** Looks at the flight once; true when it moved to another phase. */
export function guard(draft: Draft): boolean {
  const { phase } = draft.flight;
  for (const rule of rules) {
    if (rule(draft)) return true;
    if (draft.flight.phase !== phase) throw new Error(`${rule.name} moved the flight without saying so`);
  }
  return false;
}

const rules = [
  vehicleSilent,
  vehicleBack,
  landed,
  stopButton,
  missionOver,
  gnss,
  battery,
  wind,
  fence,
  traffic,
  bus,
  dockReady,
];

const inMission = (flight: Flight): boolean => missionPhases.includes(flight.phase);

function vehicleSilent(draft: Draft): boolean {
  const { flight } = draft;
  if (flight.vehicle.link === "up" || !(flying(flight) || flight.phase === "arming")) return false;
  const kept = interruptedBy(flight);
  go(draft, "unreached", "the vehicle is not heard; its own failsafes have it", {
    silently: true,
    resume: kept ?? "returning",
  });
  return true;
}

/** Contact again: go by what the vehicle does, not by what it did. */
function vehicleBack(draft: Draft): boolean {
  const { flight } = draft;
  const { link, armed, mode, landed } = flight.vehicle;
  if (flight.phase !== "unreached" || link !== "up" || armed === undefined || mode === undefined) return false;
  if (!armed) {
    if (flight.resume === "arming") go(draft, "closing", "not armed when it was heard again");
    else touchdown(draft);
    return true;
  }
  if (landed === undefined) return false;
  if (!flight.autonomy)
    go(draft, "piloted", "heard again", { silently: true, ...(flight.resume && { resume: flight.resume }) });
  else if (mode === "return") go(draft, "returning", "it comes home by itself", { silently: true });
  else if (mode === "land") go(draft, "landing", "it lands by itself", { silently: true });
  else if (mode === "mission" && flight.resume && inMissionOr(flight.resume)) {
    go(draft, flight.resume, "heard again, still on its way", { silently: true });
    if (flight.camera === "level") draft.actions.push({ do: "cameraLevel" });
  } else if (landed === "ground") {
    draft.actions.push({ do: "disarm" });
    go(draft, "landing", "armed on the ground", { silently: true });
  } else hold(draft, "restart", "heard again");
  return true;
}

const inMissionOr = (phase: Flight["phase"]): boolean => phase === "transit" || phase === "onScene";

/** Stands with its motors off. */
function landed(draft: Draft): boolean {
  const { flight } = draft;
  const { armed, landed: where } = flight.vehicle;
  if (!flying(flight) || armed !== false || (where !== undefined && where !== "ground")) return false;
  if (flight.holder.kind === "onsite") return false;
  return touchdown(draft);
}

/** The dock's stop button while its drone is in the air: hold, then land. Each press once. */
function stopButton(draft: Draft): boolean {
  const { flight } = draft;
  if (!flight.dock.stopPressed) {
    delete flight.stopSeen;
    return false;
  }
  if (flight.stopSeen || !ours(flight) || (flight.phase === "landing" && flight.landsAt === undefined)) return false;
  flight.stopSeen = true;
  const why = "the dock's stop button was pressed";
  if (flight.phase === "piloted") {
    draft.actions.push({ do: "reclaim", level: "land", why });
    return false;
  }
  hold(draft, "stop", why);
  return true;
}

/** The autopilot has flown all that it was given and comes home by itself. */
function missionOver(draft: Draft): boolean {
  const { flight } = draft;
  const { mode } = flight.vehicle;
  if (!flight.autonomy || (flight.phase !== "transit" && flight.phase !== "onScene")) return false;
  if (mode !== "return" || flight.tickMs - flight.sinceMs < 1500) return false;
  go(draft, "returning", "it has flown its mission and comes home", { silently: true });
  draft.actions.push({ do: "cameraLevel" });
  flight.camera = "level";
  return true;
}

/** On its pad, or somewhere else: the pad's sensor says so, and has 5 s to. */
function touchdown(draft: Draft): boolean {
  const { flight, site } = draft;
  const awayM = atDockM(flight, site);
  if (flight.dock.link === "up" && flight.dock.padOccupied === true && (awayM === undefined || awayM < 10)) {
    go(draft, "closing", "landed on its pad");
    return true;
  }
  if (awayM !== undefined && awayM >= 10) {
    go(draft, "landedAway", `landed ${awayM.toFixed(0)} m from its dock`);
    return true;
  }
  if (flight.phase !== "landing" || flight.why !== atDock) {
    go(draft, "landing", atDock, { silently: true });
    flight.untilMs = flight.tickMs + 5000;
    return true;
  }
  return false;
}

const atDock = "landed at its dock; waiting for the pad to say so";
export const landedUnseen = (flight: Flight): boolean => flight.phase === "landing" && flight.why === atDock;

function gnss(draft: Draft): boolean {
  const { flight } = draft;
  if (flight.phase === "holding" && flight.cause === "gnss") {
    if (!gnssGood(flight) || flight.tickMs - flight.sinceMs < 2000) return false;
    resume(draft, "position is good again");
    return true;
  }
  if (!ours(flight) || flight.phase === "piloted" || flight.phase === "landing") return false;
  if (flight.cause === "stop" || flight.vehicle.gnss === undefined || gnssGood(flight)) return false;
  hold(draft, "gnss", `position lost (${flight.vehicle.gnss.fix})`);
  return true;
}

function wind(draft: Draft): boolean {
  const { flight, site } = draft;
  const speed = flight.vehicle.wind?.speedMps;
  if (!inMission(flight) && flight.phase !== "holding") return false;
  if (speed === undefined || speed <= site.wind.flightMps || flight.cause === "gnss" || flight.cause === "stop")
    return false;
  go(draft, "returning", `wind ${speed.toFixed(1)} m/s, ${site.wind.flightMps} m/s allowed`);
  return true;
}

function fence(draft: Draft): boolean {
  const { flight, site } = draft;
  const byPilot = flight.phase === "piloted" && flight.holder.kind === "remote" && flight.pilotCourse !== "return";
  if (!(inMission(flight) || byPilot) || !flight.vehicle.position) return false;
  const why = forbidden(site.fence, flight.vehicle.position);
  if (why === undefined) return false;
  if (byPilot) {
    draft.actions.push({ do: "reclaim", level: "return", why: `it is ${why}` });
    return false;
  }
  go(draft, "returning", `it is ${why}`);
  return true;
}

function traffic(draft: Draft): boolean {
  const { flight, site } = draft;
  const { position } = flight.vehicle;
  flight.near =
    position && phaseRules[flight.phase].airborne
      ? nearTraffic(flight.aircraft, position, flight.tickMs, site.traffic)
      : [];
  if (flight.phase === "holding" && flight.cause === "traffic") {
    if (flight.near.length > 0) {
      delete flight.clearSinceMs;
      return false;
    }
    flight.clearSinceMs ??= flight.tickMs;
    if (flight.tickMs - flight.clearSinceMs < site.traffic.clearS * 1000) return false;
    resume(draft, "the aircraft is gone");
    return true;
  }
  const interrupts = inMission(flight) || (flight.phase === "returning" && flight.autonomy && !flight.gaveWay);
  if (!interrupts || flight.near.length === 0) return false;
  const { icao, distanceM: awayM, aboveM } = flight.near[0]!;
  const where = `${awayM.toFixed(0)} m away, ${Math.abs(aboveM).toFixed(0)} m ${aboveM < 0 ? "below" : "above"}`;
  hold(draft, "traffic", `aircraft ${icao} ${where}`);
  return true;
}

function bus(draft: Draft): boolean {
  const { flight, site } = draft;
  if (flight.phase === "holding" && flight.cause === "link") {
    if (!flight.bus.up) return false;
    resume(draft, "the gateway is in reach again");
    return true;
  }
  if (!inMission(flight) || flight.bus.up || flight.tickMs - flight.bus.sinceMs < site.linkLossS * 1000) return false;
  hold(draft, "link", "the gateway is out of reach");
  return true;
}

/** Near home the dock must be able to take it. */
function dockReady(draft: Draft): boolean {
  const { flight, site } = draft;
  if (flight.phase === "diverting") return arrived(draft);
  const homing = flight.phase === "returning" || (flight.phase === "landing" && flight.landsAt === "dock");
  if (!homing || flight.vehicle.position === undefined || !ours(flight)) return false;
  const nearM = atDockM(flight, site)!;
  const { dock } = flight;
  const ready = dock.link === "up" && dock.door === "open" && dock.padOccupied !== true && !dock.stopPressed;
  const relAltM = flight.vehicle.relAltM ?? 0;
  if (nearM > 60 || relAltM < 5) return false;
  if (ready || (dock.link === "up" && dock.door === "opening" && !dock.stopPressed)) {
    if (flight.phase === "landing" || nearM > 5 || relAltM > site.failsafes.returnHeightM - 3) return false;
    flight.landsAt = "dock";
    go(draft, "landing", "over its dock, coming down", { silently: true });
    return true;
  }
  const why =
    dock.link !== "up"
      ? "does not answer"
      : dock.stopPressed
        ? "is stopped"
        : dock.padOccupied
          ? "has something on its pad"
          : `has its door ${dock.door}`;
  go(draft, "diverting", `the dock ${why}`);
  return true;
}

function arrived(draft: Draft): boolean {
  const { flight } = draft;
  const { divertTo, vehicle } = flight;
  if (!vehicle.position || !divertTo || distanceM(vehicle.position, divertTo) > 6) return false;
  go(draft, "landing", `over "${divertTo.name}"`);
  return true;
}
