/** From what a phone says of its place to the bound that the incident carries. */
import type { Place } from "#contract/geo.ts";

export interface Fix {
  lat: number;
  lon: number;
  accuracyM: number;
  /** UTC ms. */
  atMs: number;
}

/**
 * Radius of 95 % over radius of 68 % of a circular normal error, sqrt(ln 0.05 / ln 0.32). The W3C API promises 95 %
 * (Geolocation, "accuracy"), Android's location service, which browsers pass on, gives 68 % (`Location.getAccuracy`): the wider is believed.
 */
export const RADIUS_95_OVER_68 = Math.sqrt(Math.log(0.05) / Math.log(0.32));
/** No phone knows its place better than this, whatever it says. */
const LEAST_RADIUS_M = 5;
const EARTH_RADIUS_M = 6_371_009;
/** Between two versions of the incident for the sake of its place. */
const SETTLE_MS = 5_000;

export function placeOf(fix: Fix): Place {
  const radiusM = Math.max(LEAST_RADIUS_M, fix.accuracyM * RADIUS_95_OVER_68);
  return { lat: fix.lat, lon: fix.lon, ellipse95: { semiMajorM: radiusM, semiMinorM: radiusM, azimuthDeg: 0 } };
}

/** Is the new fix worth a new version of the incident: the first, a much better one, or one that shows that the phone moved? */
export function isNews(last: Fix | undefined, now: Fix): boolean {
  if (!last) return true;
  if (now.atMs - last.atMs < SETTLE_MS) return now.accuracyM < last.accuracyM / 2;
  return now.accuracyM < 0.7 * last.accuracyM || distanceM(last, now) > Math.max(last.accuracyM, now.accuracyM, 10);
}

/** On a sphere, for distances within a city. */
function distanceM(a: Fix, b: Fix): number {
  const rad = Math.PI / 180;
  const east = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return EARTH_RADIUS_M * Math.hypot((b.lat - a.lat) * rad, east);
}
