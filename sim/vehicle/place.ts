/** Between WGS84 degrees and the vehicle's local metres, by the radii of curvature at its origin: 1 cm within 2 km. */
import type { Vector } from "./body.ts";

const a = 6378137;
const e2 = 0.00669437999014;

export interface Origin {
  lat: number;
  lon: number;
  /** Ground there, metres above mean sea level. */
  altM: number;
}

function metresPerDegree(lat: number): { north: number; east: number } {
  const phi = (lat * Math.PI) / 180;
  const w = Math.sqrt(1 - e2 * Math.sin(phi) ** 2);
  return {
    north: (((a * (1 - e2)) / w ** 3) * Math.PI) / 180,
    east: ((a / w) * Math.cos(phi) * Math.PI) / 180,
  };
}

export function toLocal(origin: Origin, lat: number, lon: number, altM: number): Vector {
  const per = metresPerDegree(origin.lat);
  return { n: (lat - origin.lat) * per.north, e: (lon - origin.lon) * per.east, u: altM - origin.altM };
}

export function toWgs84(origin: Origin, at: Vector): { lat: number; lon: number; altM: number } {
  const per = metresPerDegree(origin.lat);
  return { lat: origin.lat + at.n / per.north, lon: origin.lon + at.e / per.east, altM: origin.altM + at.u };
}
