/** Other aircraft, as an ADS-B receiver on board says them. */
import { common, type MavLinkData } from "node-mavlink";
import { make } from "./message.ts";

export interface Aircraft {
  icao: number;
  callsign: string;
  lat: number;
  lon: number;
  absAltM: number;
  headingDeg?: number;
  speedMS?: number;
  climbMS?: number;
}

export function adsbVehicle(traffic: Aircraft): MavLinkData {
  return make(common.AdsbVehicle, {
    ICAOAddress: traffic.icao,
    lat: Math.round(traffic.lat * 1e7),
    lon: Math.round(traffic.lon * 1e7),
    altitudeType: common.AdsbAltitudeType.GEOMETRIC,
    altitude: Math.round(traffic.absAltM * 1000),
    heading: Math.round((traffic.headingDeg ?? 0) * 100),
    horVelocity: Math.round((traffic.speedMS ?? 0) * 100),
    verVelocity: Math.round((traffic.climbMS ?? 0) * 100),
    callsign: traffic.callsign.slice(0, 8),
    emitterType: common.AdsbEmitterType.LIGHT,
    tslc: 0,
    // Position, altitude, heading, velocity and callsign are valid.
    flags: 1 | 2 | 4 | 8 | 16,
    squawk: 0,
  });
}
