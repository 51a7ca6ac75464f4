/**
 * Two drones at once: each has a lane of its own height, so that ways may cross. What lanes do not part is a drone that climbs or sinks at its
 * dock through a lower lane in which another flies past.
 */
import { sampled } from "#core/handoff/fence.ts";
import { distanceM, type LatLon } from "#core/handoff/local.ts";

export interface Course {
  id: string;
  /** Dock first, scene last. */
  line: readonly LatLon[];
  laneHeightM: number;
}

/** Metres that two drones stay apart: across, and up and down. */
const apartM = 60;
const lanesApartM = 10;

/** Why a course must wait for those that are being flown; undefined where it need not. */
export function conflict(course: Course, others: readonly Course[]): string | undefined {
  for (const other of others) {
    if (other.id === course.id) continue;
    const nearM = nearestM(course.line, other.line);
    if (nearM >= apartM) continue;
    if (Math.abs(course.laneHeightM - other.laneHeightM) < lanesApartM) {
      return `${other.id} flies within ${nearM.toFixed(0)} m of its way in the same lane`;
    }
    const [lower, upper] = course.laneHeightM < other.laneHeightM ? [course, other] : [other, course];
    const columnM = nearestM([upper.line[0]!], lower.line);
    if (columnM < apartM)
      return `${upper.id} climbs and lands through the lane of ${lower.id}, ${columnM.toFixed(0)} m from its way`;
  }
  return undefined;
}

function nearestM(a: readonly LatLon[], b: readonly LatLon[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  const points = [...sampled(b, 20)];
  for (const point of sampled(a, 20)) {
    for (const other of points) nearest = Math.min(nearest, distanceM(point, other));
  }
  return nearest;
}
