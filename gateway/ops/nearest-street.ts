/** "on Dumont Ave, near Powell St": the words a dispatcher says over the radio, from the street lines. Pure. */
import { type LonLat, metresPerDegree } from "./geometry.ts";

export interface StreetLine {
  name: string;
  points: readonly LonLat[];
}

/** The named lines of a GeoJSON collection; anything else in it is left out. */
export function streetLines(geojson: unknown): StreetLine[] {
  const features = (geojson as { features?: unknown[] } | undefined)?.features ?? [];
  const lines: StreetLine[] = [];
  for (const feature of features) {
    const { properties, geometry } = feature as {
      properties?: { name?: unknown };
      geometry?: { type?: string; coordinates?: unknown };
    };
    const name = properties?.name;
    if (typeof name !== "string" || name === "" || geometry === undefined) continue;
    if (geometry.type === "LineString") lines.push({ name, points: geometry.coordinates as LonLat[] });
    if (geometry.type === "MultiLineString") {
      for (const points of geometry.coordinates as LonLat[][]) lines.push({ name, points });
    }
  }
  return lines;
}

/** Metres from the origin of a local frame to the segment `a`-`b`. */
function distanceToSegment([ax, ay]: [number, number], [bx, by]: [number, number]): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length2));
  return Math.hypot(ax + t * dx, ay + t * dy);
}

/** Beyond this a street is not "near". */
const NEAR_M = 250;

/** The nearest street and the nearest one of another name, or undefined where none is within 250 m. */
export function nearestStreets(
  lines: readonly StreetLine[],
  place: { lat: number; lon: number },
): { on: string; onM: number; near?: string; nearM?: number } | undefined {
  const best = new Map<string, number>();
  const per = metresPerDegree(place.lat);
  const [farLat, farLon] = [NEAR_M / per.lat, NEAR_M / per.lon];
  for (const { name, points } of lines) {
    for (let i = 1; i < points.length; i++) {
      const [[aLon, aLat], [bLon, bLat]] = [points[i - 1]!, points[i]!];
      // A city has a hundred thousand of these, and nearly all of them are elsewhere.
      if (Math.min(aLat, bLat) - place.lat > farLat || place.lat - Math.max(aLat, bLat) > farLat) continue;
      if (Math.min(aLon, bLon) - place.lon > farLon || place.lon - Math.max(aLon, bLon) > farLon) continue;
      const d = distanceToSegment(
        [(aLon - place.lon) * per.lon, (aLat - place.lat) * per.lat],
        [(bLon - place.lon) * per.lon, (bLat - place.lat) * per.lat],
      );
      if (d < (best.get(name) ?? NEAR_M)) best.set(name, d);
    }
  }
  const [first, second] = [...best].sort((x, y) => x[1] - y[1]);
  if (first === undefined) return undefined;
  return second === undefined
    ? { on: first[0], onM: first[1] }
    : { on: first[0], onM: first[1], near: second[0], nearM: second[1] };
}

/** In words; `at` within 25 m of a crossing. Short words leave out how far off the street it is. */
export function streetWords(found: ReturnType<typeof nearestStreets>, short = false): string | undefined {
  if (found === undefined) return undefined;
  const lead = found.onM <= 15 || short ? found.on : `${Math.round(found.onM)} m off ${found.on}`;
  if (found.near === undefined) return lead;
  return found.nearM! <= 25 ? `${lead} at ${found.near}` : `${lead} near ${found.near}`;
}
