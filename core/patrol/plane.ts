/** Points and areas of a patrol: metres east and north of the site's origin, yaw counter-clockwise from east. */

export interface Point {
  eastM: number;
  northM: number;
}

export interface Area {
  /** Corners in order, not closed. */
  keepIn: readonly Point[];
  keepOut: readonly { name: string; corners: readonly Point[] }[];
}

export function distanceM(a: Point, b: Point): number {
  return Math.hypot(a.eastM - b.eastM, a.northM - b.northM);
}

/** -pi to pi. */
export function turnedRad(rad: number): number {
  return Math.atan2(Math.sin(rad), Math.cos(rad));
}

/** Even-odd rule (Shimrat 1962, ACM Algorithm 112). */
export function isWithin(corners: readonly Point[], { eastM, northM }: Point): boolean {
  let inside = false;
  let a = corners[corners.length - 1]!;
  for (const b of corners) {
    if (b.northM > northM !== a.northM > northM) {
      const crossM = b.eastM + ((a.eastM - b.eastM) * (northM - b.northM)) / (a.northM - b.northM);
      if (crossM > eastM) inside = !inside;
    }
    a = b;
  }
  return inside;
}

/** Metres along a ray to the first edge of an outline; Infinity where it meets none. */
export function toEdgeM(corners: readonly Point[], from: Point, yawRad: number): number {
  const [dx, dy] = [Math.cos(yawRad), Math.sin(yawRad)];
  let nearest = Number.POSITIVE_INFINITY;
  let a = corners[corners.length - 1]!;
  for (const b of corners) {
    const [ex, ey] = [b.eastM - a.eastM, b.northM - a.northM];
    const [wx, wy] = [a.eastM - from.eastM, a.northM - from.northM];
    const cross = dx * ey - dy * ex;
    if (Math.abs(cross) > 1e-12) {
      const along = (wx * ey - wy * ex) / cross;
      const share = (wx * dy - wy * dx) / cross;
      if (along >= 0 && share >= 0 && share <= 1) nearest = Math.min(nearest, along);
    }
    a = b;
  }
  return nearest;
}

/** Metres from a point to the nearest edge of an outline. */
export function fromEdgeM(corners: readonly Point[], point: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  let a = corners[corners.length - 1]!;
  for (const b of corners) {
    const [ex, ey] = [b.eastM - a.eastM, b.northM - a.northM];
    const [wx, wy] = [point.eastM - a.eastM, point.northM - a.northM];
    const length2 = ex * ex + ey * ey;
    const share = length2 === 0 ? 0 : Math.min(1, Math.max(0, (wx * ex + wy * ey) / length2));
    nearest = Math.min(nearest, Math.hypot(wx - share * ex, wy - share * ey));
    a = b;
  }
  return nearest;
}

/** Why a robot may not be at a point, keeping `marginM` from every edge; undefined where it may. */
export function forbidden(area: Area, point: Point, marginM: number): string | undefined {
  const edgeM = fromEdgeM(area.keepIn, point);
  if (!isWithin(area.keepIn, point)) return `${edgeM.toFixed(1)} m outside the geofence`;
  if (edgeM < marginM) return `${edgeM.toFixed(1)} m from the geofence's edge, ${marginM.toFixed(1)} m are kept`;
  for (const { name, corners } of area.keepOut) {
    if (isWithin(corners, point)) return `inside "${name}", which is kept out of`;
    if (fromEdgeM(corners, point) < marginM) return `within ${marginM.toFixed(1)} m of "${name}"`;
  }
  return undefined;
}

/** Why a straight way is not allowed, looked at every half metre; undefined where it is. */
export function forbiddenWay(area: Area, from: Point, to: Point, marginM: number): string | undefined {
  const steps = Math.max(1, Math.ceil(2 * distanceM(from, to)));
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const why = forbidden(
      area,
      { eastM: from.eastM + share * (to.eastM - from.eastM), northM: from.northM + share * (to.northM - from.northM) },
      marginM,
    );
    if (why !== undefined) return why;
  }
  return undefined;
}
