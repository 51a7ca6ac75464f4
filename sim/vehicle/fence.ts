/** Whether a place is inside the uploaded fence: MAV_CMD_NAV_FENCE_... items, local metres. */
import type { Vector } from "./body.ts";
import type { Item } from "./mission-store.ts";
import { type Origin, toLocal } from "./place.ts";

const polygonInclusion = 5001;
const polygonExclusion = 5002;
const circleInclusion = 5003;
const circleExclusion = 5004;

interface Shape {
  inclusion: boolean;
  holds: (at: Vector) => boolean;
}

export type Fence = readonly Shape[];

export function fenceOf(items: readonly Item[], origin: Origin): Fence {
  const shapes: Shape[] = [];
  for (let i = 0; i < items.length; ) {
    const item = items[i]!;
    const centre = toLocal(origin, item.lat, item.lon, 0);
    if (item.command === circleInclusion || item.command === circleExclusion) {
      const radius = item.params[0];
      shapes.push({
        inclusion: item.command === circleInclusion,
        holds: (at) => Math.hypot(at.n - centre.n, at.e - centre.e) <= radius,
      });
      i++;
    } else if (item.command === polygonInclusion || item.command === polygonExclusion) {
      const count = Math.max(1, item.params[0]);
      const corners = items.slice(i, i + count).map((each) => toLocal(origin, each.lat, each.lon, 0));
      shapes.push({ inclusion: item.command === polygonInclusion, holds: (at) => inPolygon(corners, at) });
      i += count;
    } else i++;
  }
  return shapes;
}

/** Inside at least one inclusion (where there is one) and outside every exclusion. */
export function allows(fence: Fence, at: Vector): boolean {
  const inclusions = fence.filter((shape) => shape.inclusion);
  if (inclusions.length > 0 && !inclusions.some((shape) => shape.holds(at))) return false;
  return !fence.some((shape) => !shape.inclusion && shape.holds(at));
}

/** Crossing number (Shimrat 1962). */
function inPolygon(corners: readonly Vector[], at: Vector): boolean {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const p = corners[i]!;
    const q = corners[j]!;
    if (p.e > at.e !== q.e > at.e && at.n < ((q.n - p.n) * (at.e - p.e)) / (q.e - p.e) + p.n) inside = !inside;
  }
  return inside;
}
