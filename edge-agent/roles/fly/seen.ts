/** What vehicle and dock say, as the flight machine takes it. */
import type { DockSeen, FailsafesRead, VehicleSeen } from "#core/handoff/flight.ts";
import type { Aircraft } from "#core/handoff/traffic.ts";
import type { DockState } from "../../dock-port.ts";
import type { Failsafes, Traffic, VehicleState } from "../../vehicle-port.ts";

export function vehicleSeen(state: VehicleState): VehicleSeen {
  const { position, velocity, gnss, mission } = state;
  return {
    link: state.link,
    ...(position && {
      position: { lat: position.lat, lon: position.lon, altM: position.absAltM },
      relAltM: position.relAltM,
    }),
    ...(state.headingDeg !== undefined && { headingDeg: state.headingDeg }),
    ...(velocity && { groundSpeedMps: Math.hypot(velocity.northMS, velocity.eastMS) }),
    ...(state.battery && { battery: state.battery.fraction }),
    ...(gnss && {
      gnss: {
        fix: gnss.fix,
        satellites: gnss.satellites,
        ...(gnss.horizontalM !== undefined && { horizontalM: gnss.horizontalM }),
      },
    }),
    ...(state.mode && { mode: state.mode }),
    ...(state.armed !== undefined && { armed: state.armed }),
    ...(state.landed && { landed: state.landed }),
    ...(state.wind && { wind: { speedMps: state.wind.speedMS, fromDeg: state.wind.fromDeg } }),
    ...(state.rc && { rcAvailable: state.rc.available }),
    ...(state.health && { armable: state.health.armable }),
    ...(mission && { mission: { ...mission } }),
  };
}

export function dockSeen(state: DockState): DockSeen {
  const { link, door, padOccupied, charger, airTempC, tampered, stopPressed } = state;
  return {
    link,
    door,
    ...(padOccupied !== undefined && { padOccupied }),
    charging: charger === "on",
    ...(airTempC !== undefined && { airTempC }),
    tampered,
    stopPressed,
  };
}

export function aircraftOf(traffic: Traffic, tickMs: number): Aircraft {
  return {
    icao: traffic.icao.toString(16).padStart(6, "0"),
    lat: traffic.lat,
    lon: traffic.lon,
    ...(traffic.absAltM !== undefined && { altM: traffic.absAltM }),
    ...(traffic.headingDeg !== undefined && { headingDeg: traffic.headingDeg }),
    ...(traffic.speedMS !== undefined && { speedMps: traffic.speedMS }),
    ...(traffic.climbMS !== undefined && { climbMps: traffic.climbMS }),
    heardTickMs: tickMs - traffic.ageS * 1000,
  };
}

export function failsafesRead({ raw: _, stickOverride: __, ...read }: Failsafes): FailsafesRead {
  return read;
}
