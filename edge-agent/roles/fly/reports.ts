/** `flight/state` and `control/state` out of the drone's state. */
import { ulid } from "ulid";
import type { ControlState } from "#contract/control.ts";
import type { FlightState, Hop } from "#contract/flight.ts";
import { homeSecondsS, leftS } from "#core/handoff/battery.ts";
import { travelS } from "#core/handoff/energy.ts";
import { heightAboveGroundM } from "#core/handoff/flight.ts";
import { whyUnavailable } from "#core/handoff/flight-step.ts";
import { distanceM } from "#core/handoff/local.ts";
import { dockFaults } from "#core/handoff/preflight.ts";
import type { Site } from "#core/handoff/site.ts";
import type { Drone } from "#core/handoff/step.ts";
import { groundAltM } from "#core/handoff/terrain.ts";

export interface Envelope {
  node: string;
  at: string;
  configSha256: string;
}

const fixes: Record<string, NonNullable<FlightState["vehicle"]["gnssFix"]>> = {
  none: "none",
  "2d": "2d",
  "3d": "3d",
  dgps: "dgps",
  rtkFloat: "rtk",
  rtkFixed: "rtk",
};

export function flightStateOf({ flight }: Drone, site: Site, hops: readonly Hop[], envelope: Envelope): FlightState {
  const { vehicle, dock, mission, plan } = flight;
  const heightM = heightAboveGroundM(flight, vehicle.position && groundAltM(site.terrain, vehicle.position));
  const unavailable = unavailableWhy(flight, site);
  const endurance = leftS(flight, site, site.battery.reserveFraction);
  const wind = vehicle.wind ?? site.windFromForecast;
  const toHomeS = homeSecondsS(flight, site);
  const fix = vehicle.gnss && fixes[vehicle.gnss.fix];
  return {
    v: 1,
    id: ulid(),
    ...envelope,
    phase: flight.phase,
    tickMs: flight.tickMs,
    phaseSinceTickMs: flight.sinceMs,
    ...(flight.untilMs !== undefined && { phaseUntilTickMs: flight.untilMs }),
    why: flight.why.slice(0, 2000),
    ...(mission && {
      flight: mission.flight,
      incident: mission.incident,
      incidentVersion: mission.incidentVersion,
      ...(mission.authorisation && { authorisation: mission.authorisation }),
    }),
    hops: [...hops],
    available: unavailable === undefined,
    ...(unavailable !== undefined && { unavailableWhy: unavailable }),
    vehicle: {
      connected: vehicle.link === "up",
      ...(vehicle.armed !== undefined && { armed: vehicle.armed }),
      ...(vehicle.mode && { mode: vehicle.mode }),
      ...(vehicle.position && { position: vehicle.position }),
      ...(heightM !== undefined && { heightAboveGroundM: heightM }),
      ...(vehicle.headingDeg !== undefined && { headingDeg: vehicle.headingDeg }),
      ...(vehicle.groundSpeedMps !== undefined && { groundSpeedMps: vehicle.groundSpeedMps }),
      ...(vehicle.battery !== undefined && { batteryRemaining: Math.min(1, Math.max(0, vehicle.battery)) }),
      ...(endurance !== undefined && { enduranceS: Math.max(0, endurance) }),
      ...(fix && { gnssFix: fix }),
      ...(vehicle.wind && { windMps: vehicle.wind.speedMps }),
      ...(vehicle.rcAvailable !== undefined && { rcAvailable: vehicle.rcAvailable }),
    },
    dock: {
      position: site.dock,
      door: dock.link === "up" ? dock.door : "unknown",
      ...(dock.padOccupied !== undefined && { padOccupied: dock.padOccupied }),
      charging: dock.charging,
      ...(dock.airTempC !== undefined && { airTempC: dock.airTempC }),
      tampered: dock.tampered,
      stopPressed: dock.stopPressed,
    },
    ...(mission &&
      plan && {
        plan: {
          path: [...plan.out, ...plan.scene]
            .slice(0, 200)
            .map(({ lat, lon, heightM: h }) => ({ lat, lon, heightM: h })),
          place: mission.place,
          laneHeightM: mission.laneHeightM,
          pattern: plan.pattern,
          ...(vehicle.position && {
            etaSceneS: finite(travelS(onwards(plan.out, vehicle.position), site.performance, wind)),
          }),
          ...(toHomeS !== undefined && { etaHomeS: finite(toHomeS) }),
        },
      }),
    camera: {
      pointing: flight.camera,
      ...(flight.camera === "place" &&
        mission && { at: { lat: mission.place.lat, lon: mission.place.lon, heightM: 0 } }),
    },
    ...(flight.preflight && {
      preflight: flight.preflight.map((check) => ({ ...check, detail: check.detail.slice(0, 2000) })),
    }),
    ...(flight.near.length > 0 && { traffic: flight.near.slice(0, 16) }),
    performance: site.performance,
  };
}

/** From where it is along what is left of the way. */
function onwards(out: readonly { lat: number; lon: number }[], position: { lat: number; lon: number }) {
  let nearest = 0;
  for (let k = 1; k < out.length; k++) {
    if (distanceM(out[k]!, position) < distanceM(out[nearest]!, position)) nearest = k;
  }
  return [position, ...out.slice(nearest)];
}

const finite = (seconds: number): number => (Number.isFinite(seconds) ? Math.max(0, seconds) : 86_400);

function unavailableWhy(flight: Drone["flight"], site: Site): string | undefined {
  const why = whyUnavailable(flight) ?? dockFaults(flight, site)[0];
  if (why !== undefined) return why;
  const { battery, armable } = flight.vehicle;
  if (armable !== true) return "its autopilot is not ready to arm";
  if (battery === undefined) return "its battery does not say how full it is";
  if (battery < site.battery.startFraction) return `its battery is at ${Math.round(battery * 100)} %`;
  return undefined;
}

export function controlStateOf({ authority }: Drone, envelope: Envelope): ControlState {
  const { holder, epoch, tickMs, leaseUntilMs, asks, safety, why, answers } = authority;
  return {
    v: 1,
    id: ulid(),
    ...envelope,
    tickMs,
    holder,
    epoch,
    ...(leaseUntilMs !== undefined && { leaseUntilTickMs: leaseUntilMs }),
    asks: [...asks],
    ...(safety && { safety }),
    why: why.slice(0, 2000),
    answers: answers.map((answer) => ({ ...answer, why: answer.why.slice(0, 2000) })),
  };
}
