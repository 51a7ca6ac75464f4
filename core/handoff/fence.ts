/** Where a drone may be: one area that keeps it in, and places it keeps out of. */
import { type LatLon, type OffsetM, offsetM } from "./local.ts";

export interface Fence {
  /** Corners in order, not closed; at least three. */
  keepIn: readonly LatLon[];
  keepOut: readonly { name: string; corners: readonly LatLon[] }[];
}

/** Even-odd rule (Shimrat 1962, ACM Algorithm 112) on a plane at the point. */
export function within(corners: readonly LatLon[], point: LatLon): boolean {
  let inside = false;
  let previous = offsetM(point, corners[corners.length - 1]!);
  for (const corner of corners) {
    const next = offsetM(point, corner);
    if (next.northM > 0 !== previous.northM > 0) {
      const eastM = next.eastM + ((previous.eastM - next.eastM) * (0 - next.northM)) / (previous.northM - next.northM);
      if (eastM > 0) inside = !inside;
    }
    previous = next;
  }
  return inside;
}

/** Metres from a point to the nearest edge of a polygon. */
export function edgeDistanceM(corners: readonly LatLon[], point: LatLon): number {
  let nearestM = Number.POSITIVE_INFINITY;
  let previous = offsetM(point, corners[corners.length - 1]!);
  for (const corner of corners) {
    const next = offsetM(point, corner);
    nearestM = Math.min(nearestM, originToSegmentM(previous, next));
    previous = next;
  }
  return nearestM;
}

function originToSegmentM(a: OffsetM, b: OffsetM): number {
  const eastM = b.eastM - a.eastM;
  const northM = b.northM - a.northM;
  const lengthSquared = eastM * eastM + northM * northM;
  const along = lengthSquared === 0 ? 0 : -(a.eastM * eastM + a.northM * northM) / lengthSquared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(a.eastM + t * eastM, a.northM + t * northM);
}

/** Why a drone may not be at a point, or undefined where it may. `marginM` is kept from every edge. */
export function forbidden(fence: Fence, point: LatLon, marginM = 0): string | undefined {
  const edgeM = edgeDistanceM(fence.keepIn, point);
  if (!within(fence.keepIn, point)) return `${edgeM.toFixed(0)} m outside the geofence`;
  if (edgeM < marginM) return `${edgeM.toFixed(0)} m from the geofence's edge, ${marginM} m are kept`;
  for (const zone of fence.keepOut) {
    if (within(zone.corners, point)) return `inside "${zone.name}", which is kept out of`;
    if (marginM > 0 && edgeDistanceM(zone.corners, point) < marginM) return `within ${marginM} m of "${zone.name}"`;
  }
  return undefined;
}

/** Why a drone may not fly a line of points, looked at every `stepM` metres; undefined where it may. */
export function forbiddenAlong(fence: Fence, line: readonly LatLon[], marginM = 0, stepM = 10): string | undefined {
  for (const point of sampled(line, stepM)) {
    const why = forbidden(fence, point, marginM);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The points of a line and enough between them that none is further than `stepM` from the next. */
export function* sampled(line: readonly LatLon[], stepM: number): Iterable<LatLon> {
  let previous: LatLon | undefined;
  for (const point of line) {
    if (previous) {
      const { eastM, northM } = offsetM(previous, point);
      const steps = Math.ceil(Math.hypot(eastM, northM) / stepM);
      for (let step = 1; step < steps; step++) {
        const t = step / steps;
        yield {
          lat: previous.lat + (point.lat - previous.lat) * t,
          lon: previous.lon + (point.lon - previous.lon) * t,
        };
      }
    }
    yield point;
    previous = point;
  }
}
