/** People who are near each other, chained: groups of tracks none of whose members is further than a distance from its next. */
import type { Track } from "./track-types.ts";

export function crowdsOf(tracks: readonly Track[], withinM: number): Track[][] {
  const left = new Set(tracks);
  const crowds: Track[][] = [];
  for (const first of tracks) {
    if (!left.delete(first)) continue;
    const crowd = [first];
    for (const member of crowd)
      for (const other of left)
        if (Math.hypot(member.xyM[0] - other.xyM[0], member.xyM[1] - other.xyM[1]) <= withinM) {
          left.delete(other);
          crowd.push(other);
        }
    crowds.push(crowd);
  }
  return crowds;
}

/** Faster than `speedMps` by at least one sigma: a track that has just begun may seem to run. */
export function running({ velocityMps: [vx, vy], covariance: p }: Track, speedMps: number): boolean {
  const speed = Math.hypot(vx, vy);
  if (speed <= speedMps) return false;
  const along = (vx * vx * p[10]! + 2 * vx * vy * p[11]! + vy * vy * p[15]!) / (speed * speed);
  return speed - Math.sqrt(Math.max(0, along)) > speedMps;
}
