/** From here to a waypoint: turn on the spot towards it, then drive, slower as it comes near. The safety layer has the last word. */
import { distanceM, type Point, turnedRad } from "./plane.ts";
import type { Velocity } from "./safety.ts";

/** Beyond this it turns before it drives. */
const TURN_FIRST_RAD = Math.PI / 4;
/** Turn rate per radian off course, 1/s; speed per metre left, 1/s. */
const TURN_GAIN = 1.2;
const NEAR_GAIN = 0.6;
const LEAST_MPS = 0.15;

export function steerTo(pose: Point & { yawRad: number }, to: Point, cruiseMps: number): Velocity {
  const leftM = distanceM(pose, to);
  if (leftM < 1e-3) return { speedMps: 0, yawRateRadps: 0 };
  const off = turnedRad(Math.atan2(to.northM - pose.northM, to.eastM - pose.eastM) - pose.yawRad);
  const yawRateRadps = TURN_GAIN * off;
  if (Math.abs(off) > TURN_FIRST_RAD) return { speedMps: 0, yawRateRadps };
  const speedMps = Math.min(cruiseMps, Math.max(LEAST_MPS, NEAR_GAIN * leftM)) * Math.cos(off);
  return { speedMps, yawRateRadps };
}
