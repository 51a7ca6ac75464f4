/**
 * The shortest way round what is kept out of: a visibility graph over the corners of the zones, pushed outwards, and Dijkstra over it
 * (de Berg et al., Computational Geometry, ch. 15). Zones are few and coarse, so every pair is simply tried.
 */
import { type Fence, forbidden, forbiddenAlong } from "#core/handoff/fence.ts";
import { distanceM, type LatLon, movedBy, offsetM } from "#core/handoff/local.ts";

/** Corners between `from` and `to`, none where the straight way is free; undefined where there is no way. */
export function route(from: LatLon, to: LatLon, fence: Fence, marginM = 15): LatLon[] | undefined {
  if (forbidden(fence, from) !== undefined || forbidden(fence, to) !== undefined) return undefined;
  if (free(from, to, fence)) return [];
  const points: LatLon[] = [from, to];
  for (const zone of fence.keepOut) points.push(...pushedOut(zone.corners, marginM));
  // The outer edge may be concave: its corners, pulled inwards, are turning points as well.
  points.push(...pushedOut(fence.keepIn, -marginM));
  const usable = points.filter((point, k) => k < 2 || forbidden(fence, point) === undefined);

  const farM = usable.map(() => Number.POSITIVE_INFINITY);
  const before: number[] = usable.map(() => -1);
  const done = new Set<number>();
  farM[0] = 0;
  for (;;) {
    let at = -1;
    for (let k = 0; k < usable.length; k++) {
      if (!done.has(k) && Number.isFinite(farM[k]!) && (at < 0 || farM[k]! < farM[at]!)) at = k;
    }
    if (at < 0) return undefined;
    if (at === 1) break;
    done.add(at);
    for (let k = 1; k < usable.length; k++) {
      if (done.has(k)) continue;
      const reachM = farM[at]! + distanceM(usable[at]!, usable[k]!);
      if (reachM < farM[k]! && free(usable[at]!, usable[k]!, fence)) {
        farM[k] = reachM;
        before[k] = at;
      }
    }
  }
  const corners: LatLon[] = [];
  for (let k = before[1]!; k > 0; k = before[k]!) corners.unshift(usable[k]!);
  return corners;
}

function free(a: LatLon, b: LatLon, fence: Fence): boolean {
  return forbiddenAlong(fence, [a, b], 0, 5) === undefined;
}

/** Each corner moved away from the middle of its polygon. */
function pushedOut(corners: readonly LatLon[], byM: number): LatLon[] {
  const middle = {
    lat: corners.reduce((sum, corner) => sum + corner.lat, 0) / corners.length,
    lon: corners.reduce((sum, corner) => sum + corner.lon, 0) / corners.length,
  };
  return corners.map((corner) => {
    const { eastM, northM } = offsetM(middle, corner);
    const length = Math.hypot(eastM, northM) || 1;
    return movedBy(corner, { eastM: (eastM / length) * byM, northM: (northM / length) * byM });
  });
}
