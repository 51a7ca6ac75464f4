/** Tracks between frames, and what a camera over flat ground says of range. */
import type { PoseEstimate } from "./pose-types.ts";
import type { Track } from "./track-types.ts";

/** The track in `map`, its covariance widened by the doubt of position and yaw of `pose`. */
export function trackInMap(track: Track, pose: PoseEstimate): Track {
  const { yawRad, xyzM } = pose.mapFromOdom;
  const [c, n] = [Math.cos(yawRad), Math.sin(yawRad)];
  const turned = ([x, y]: readonly [number, number]): [number, number] => [c * x - n * y, n * x + c * y];
  const [x, y] = turned(track.xyM);
  const xyM: [number, number] = [x + xyzM[0], y + xyzM[1]];
  const velocityMps = turned(track.velocityMps);
  const p = track.covariance;
  const covariance = new Float64Array(16);
  // Blocks of two: R block R'.
  for (let a = 0; a < 4; a += 2)
    for (let b = 0; b < 4; b += 2) {
      const at = (i: number, j: number) => p[(a + i) * 4 + b + j]!;
      const left = [
        c * at(0, 0) - n * at(1, 0),
        c * at(0, 1) - n * at(1, 1),
        n * at(0, 0) + c * at(1, 0),
        n * at(0, 1) + c * at(1, 1),
      ];
      for (let i = 0; i < 2; i++) {
        covariance[(a + i) * 4 + b] = left[2 * i]! * c - left[2 * i + 1]! * n;
        covariance[(a + i) * 4 + b + 1] = left[2 * i]! * n + left[2 * i + 1]! * c;
      }
    }
  // A turn of the robot's pose swings the track about the robot, and its speed about itself.
  const [dx, dy] = [xyM[0] - pose.map.xyzM[0], xyM[1] - pose.map.xyzM[1]];
  const swing = [-dy, dx, -velocityMps[1], velocityMps[0]];
  const m = pose.mapCovariance;
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 4; j++) {
      const place = i < 2 && j < 2 ? m[i * 6 + j]! : 0;
      const ofI = i < 2 ? m[i * 6 + 5]! : 0;
      const ofJ = j < 2 ? m[j * 6 + 5]! : 0;
      covariance[i * 4 + j]! += place + ofI * swing[j]! + ofJ * swing[i]! + swing[i]! * swing[j]! * m[35]!;
    }
  return { ...track, xyM, velocityMps, covariance };
}
