/**
 * Metres on a plane that touches the ellipsoid at an origin: enough for a drone's flight. The error of a distance is under 0.1 % within 20 km
 * below 60 degrees of latitude (radii of curvature: Snyder, Map Projections, USGS PP 1395, eq. 4-18 to 4-20).
 */
export interface LatLon {
  lat: number;
  lon: number;
}

export interface OffsetM {
  eastM: number;
  northM: number;
}

const radiusM = 6_378_137;
const eccentricity2 = 0.006_694_379_990_14;
const rad = Math.PI / 180;

/** Metres per degree of latitude and of longitude at a latitude. */
function metresPerDegree(lat: number): { latM: number; lonM: number } {
  const sin = Math.sin(lat * rad);
  const w2 = 1 - eccentricity2 * sin * sin;
  const w = Math.sqrt(w2);
  return {
    latM: ((radiusM * (1 - eccentricity2)) / (w2 * w)) * rad,
    lonM: (radiusM / w) * Math.cos(lat * rad) * rad,
  };
}

/** Metres east and north from `origin` to `to`; the short way over the date line. */
export function offsetM(origin: LatLon, to: LatLon): OffsetM {
  const { latM, lonM } = metresPerDegree((origin.lat + to.lat) / 2);
  let lonDeg = to.lon - origin.lon;
  if (lonDeg > 180) lonDeg -= 360;
  else if (lonDeg < -180) lonDeg += 360;
  return { eastM: lonDeg * lonM, northM: (to.lat - origin.lat) * latM };
}

/** The place that many metres east and north of `origin`. */
export function movedBy(origin: LatLon, by: OffsetM): LatLon {
  const lat = origin.lat + by.northM / metresPerDegree(origin.lat).latM;
  const { lonM } = metresPerDegree((origin.lat + lat) / 2);
  const lon = origin.lon + by.eastM / lonM;
  return { lat, lon: lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon };
}

export function distanceM(a: LatLon, b: LatLon): number {
  const { eastM, northM } = offsetM(a, b);
  return Math.hypot(eastM, northM);
}

/** Clockwise from true north, 0 to 360. */
export function bearingDeg(from: LatLon, to: LatLon): number {
  const { eastM, northM } = offsetM(from, to);
  return (Math.atan2(eastM, northM) / rad + 360) % 360;
}
