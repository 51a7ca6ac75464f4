/** The way to a place that a robot is called to: only where its fence and its routes let it. */
import type { DutyPolicy } from "./duty.ts";
import { type Area, distanceM, forbidden, forbiddenWay, type Point } from "./plane.ts";

/**
 * Ends `standOffM` before the place: somebody may lie there. Straight where that is allowed; else along the route, whose ways its owner has approved, to the waypoint nearest to the place and on from
 * there as far as the fence lets it. Undefined where that ends too far away.
 */
export function wayTo(place: Point, from: Point, policy: DutyPolicy): Point[] | undefined {
  const { area, marginM, reportFromM, standOffM } = policy;
  if (forbiddenWay(area, from, place, marginM) === undefined) return [before(place, from, standOffM)];
  let best: Point[] | undefined;
  let bestM = reportFromM;
  for (const { points } of policy.routes) {
    const start = nearest(points, from, (point) => forbiddenWay(area, from, point, marginM) === undefined);
    if (start === undefined) continue;
    for (let end = 0; end < points.length; end++) {
      const step = end >= start ? 1 : -1;
      const way: Point[] = [];
      for (let i = start; i !== end + step; i += step) way.push(points[i]!);
      const last = asFarAs(points[end]!, before(place, points[end]!, standOffM), area, marginM);
      const leftM = distanceM(last, place);
      if (leftM < bestM - 0.5) {
        bestM = leftM;
        best = last === points[end] ? way : [...way, last];
      }
    }
  }
  return best;
}

/** The point that far before the end of a straight way; its beginning where it is shorter. */
function before(end: Point, from: Point, offM: number): Point {
  const wayM = distanceM(from, end);
  const share = wayM <= offM ? 0 : 1 - offM / wayM;
  return {
    eastM: from.eastM + share * (end.eastM - from.eastM),
    northM: from.northM + share * (end.northM - from.northM),
  };
}

function nearest(points: readonly Point[], to: Point, may: (point: Point) => boolean): number | undefined {
  let best: number | undefined;
  for (const [i, point] of points.entries()) {
    if (best !== undefined && distanceM(point, to) >= distanceM(points[best]!, to)) continue;
    if (may(point)) best = i;
  }
  return best;
}

function asFarAs(from: Point, to: Point, area: Area, marginM: number): Point {
  let last = from;
  for (let share = 0.05; share <= 1; share += 0.05) {
    const point = {
      eastM: from.eastM + share * (to.eastM - from.eastM),
      northM: from.northM + share * (to.northM - from.northM),
    };
    if (forbidden(area, point, marginM) !== undefined) break;
    last = point;
  }
  return last;
}
