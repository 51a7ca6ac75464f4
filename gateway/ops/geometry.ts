/** Shapes on the map from places and bounds. Pure; WGS84 degrees at the border, metres inside. */
import { nsOfUtc } from "#contract/units.ts";

export type LonLat = [lon: number, lat: number];

/** WGS84 ellipsoid (NIMA TR8350.2, table 3.1). */
const EQUATORIAL_M = 6_378_137;
const ECCENTRICITY_SQUARED = 6.694379990141e-3;

/** Metres per degree of latitude and of longitude at `latDeg`: meridional and prime vertical radii of curvature. */
export function metresPerDegree(latDeg: number): { lat: number; lon: number } {
  const phi = (latDeg * Math.PI) / 180;
  const w = 1 - ECCENTRICITY_SQUARED * Math.sin(phi) ** 2;
  const meridian = (EQUATORIAL_M * (1 - ECCENTRICITY_SQUARED)) / w ** 1.5;
  const normal = EQUATORIAL_M / Math.sqrt(w);
  return { lat: (Math.PI / 180) * meridian, lon: (Math.PI / 180) * normal * Math.cos(phi) };
}

/** `eastM`, `northM` from a place, to degrees. Good to centimetres within some kilometres. */
export function offset(lat: number, lon: number, eastM: number, northM: number): LonLat {
  const per = metresPerDegree(lat);
  return [lon + eastM / per.lon, lat + northM / per.lat];
}

/** East and north metres of a place as seen from an origin. */
export function enOf(origin: { lat: number; lon: number }, place: { lat: number; lon: number }): [number, number] {
  const per = metresPerDegree(origin.lat);
  return [(place.lon - origin.lon) * per.lon, (place.lat - origin.lat) * per.lat];
}

/** Radius of the 95 % circle of a circular normal error of one sigma: sqrt(-2 ln 0.05). */
export const TO_95 = 2.448;

export interface Bounded {
  lat: number;
  lon: number;
  ellipse95: { semiMajorM: number; semiMinorM: number; azimuthDeg: number };
}

/** Closed ring of `steps` + 1 points on the 95 % ellipse; the first lies at the end of the major axis, `azimuthDeg` from north. */
export function ellipseRing(place: Bounded, steps = 72): LonLat[] {
  const { semiMajorM: a, semiMinorM: b, azimuthDeg } = place.ellipse95;
  const azimuth = (azimuthDeg * Math.PI) / 180;
  const ring: LonLat[] = [];
  for (let i = 0; i <= steps; i++) {
    const t = (2 * Math.PI * (i % steps)) / steps;
    const along = a * Math.cos(t);
    const across = b * Math.sin(t);
    ring.push(
      offset(
        place.lat,
        place.lon,
        along * Math.sin(azimuth) + across * Math.cos(azimuth),
        along * Math.cos(azimuth) - across * Math.sin(azimuth),
      ),
    );
  }
  return ring;
}

/** Closed ring of a circle of `radiusM` around a place. */
export function circleRing(lat: number, lon: number, radiusM: number, steps = 120): LonLat[] {
  return ellipseRing({ lat, lon, ellipse95: { semiMajorM: radiusM, semiMinorM: radiusM, azimuthDeg: 0 } }, steps);
}

/** How far the sound had come when a node heard it: `c * (toa - time)`, in metres. */
export function rangeM(toa: string, time: string, speedOfSoundMps: number): number {
  return (Number(nsOfUtc(toa) - nsOfUtc(time)) / 1e9) * speedOfSoundMps;
}

/** West, south, east, north. */
export type Box = [number, number, number, number];

export function boxOf(points: readonly LonLat[]): Box | undefined {
  if (points.length === 0) return undefined;
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of points) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}
