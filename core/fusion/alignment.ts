/** Where a filter starts that was told nothing: level from gravity, place from GNSS, heading from motion (course over ground). */
import type { GnssFix, ImuSample, PoseStart, WheelSample } from "./pose-types.ts";

/** A course is believed from this speed on, and from this many sigmas of speed. */
const COURSE_MPS = 0.4;
const COURSE_SIGMAS = 4;
/** Without velocities, two fixes this many sigmas apart give the course. */
const APART_SIGMAS = 6;
const LEVEL_SAMPLES = 20;
/** Gravity is followed over about this many samples. */
const LEVEL_MEMORY = 100;
const STILL_MPS = 0.01;
/** Roll and pitch while driving: accelerations of a small robot lean the horizon by so much. */
const LEVEL_SIGMA_RAD = 0.05;
/** The robot need not move exactly where it points. */
const COURSE_FLOOR_RAD = 0.05;

export class Alignment {
  #accel = [0, 0, 0];
  #samples = 0;
  #gyro = [0, 0, 0];
  #still = 0;
  #forwardMps: number | undefined;
  #anchor: GnssFix | undefined;

  /** What is still missing. */
  get why(): string {
    if (this.#samples < LEVEL_SAMPLES) return "waiting for the inertial sensor";
    if (!this.#anchor) return "waiting for a satellite fix";
    if (this.#forwardMps === undefined) return "waiting for wheel odometry, which tells forwards from backwards";
    return "heading unknown: drive straight for a few metres";
  }

  /** Mean rate while the wheels stood still, where that was long enough. */
  get gyroBias(): number[] | undefined {
    return this.#still < LEVEL_SAMPLES ? undefined : this.#gyro;
  }

  imu({ gyroRadps, accelMps2 }: ImuSample): void {
    const n = Math.min(++this.#samples, LEVEL_MEMORY);
    for (let i = 0; i < 3; i++) this.#accel[i]! += (accelMps2[i]! - this.#accel[i]!) / n;
    if (this.#forwardMps === undefined || Math.abs(this.#forwardMps) > STILL_MPS) return;
    this.#still++;
    for (let i = 0; i < 3; i++) this.#gyro[i]! += (gyroRadps[i]! - this.#gyro[i]!) / this.#still;
  }

  wheel({ forwardMps }: WheelSample): void {
    this.#forwardMps = forwardMps;
  }

  /** The start, once a fix completes it. */
  gnss(fix: GnssFix): PoseStart | undefined {
    const anchor = (this.#anchor ??= fix);
    const course = courseOf(anchor, fix);
    if (!course || this.#samples < LEVEL_SAMPLES || !this.#forwardMps) return undefined;
    // Wheels that turn backwards point the other way.
    const yaw = course.rad + (this.#forwardMps < 0 ? Math.PI : 0);
    const [ax, ay, az] = this.#accel as [number, number, number];
    const roll = Math.atan2(ay, az);
    const pitch = Math.atan2(-ax, Math.hypot(ay, az));
    const speed = Math.abs(this.#forwardMps);
    return {
      timeS: fix.timeS,
      enuM: fix.enuM,
      velocityMps: fix.velocityMps ?? [speed * Math.cos(course.rad), speed * Math.sin(course.rad), 0],
      rpyRad: [roll, pitch, yaw],
      // The antenna stands for the robot: its lever is within these sigmas or taken in by the first fixes.
      sigmaM: [fix.sigmaM[0] * 2 + 1, fix.sigmaM[1] * 2 + 1, fix.sigmaM[2] * 2 + 2],
      velocitySigmaMps: fix.velocitySigmaMps
        ? (fix.velocitySigmaMps.map((v) => v * 2 + 0.1) as [number, number, number])
        : [0.5, 0.5, 0.3],
      rpySigmaRad: [LEVEL_SIGMA_RAD, LEVEL_SIGMA_RAD, course.sigmaRad],
    };
  }
}

function courseOf(from: GnssFix, fix: GnssFix): { rad: number; sigmaRad: number } | undefined {
  if (fix.velocityMps && fix.velocitySigmaMps) {
    const speed = Math.hypot(fix.velocityMps[0], fix.velocityMps[1]);
    const sigma = Math.max(fix.velocitySigmaMps[0], fix.velocitySigmaMps[1]);
    if (speed < COURSE_MPS || speed < COURSE_SIGMAS * sigma) return undefined;
    return { rad: Math.atan2(fix.velocityMps[1], fix.velocityMps[0]), sigmaRad: sigma / speed + COURSE_FLOOR_RAD };
  }
  const east = fix.enuM[0] - from.enuM[0];
  const north = fix.enuM[1] - from.enuM[1];
  const sigma = Math.hypot(fix.sigmaM[0], fix.sigmaM[1], from.sigmaM[0], from.sigmaM[1]) / Math.SQRT2;
  const apart = Math.hypot(east, north);
  if (apart < APART_SIGMAS * sigma) return undefined;
  return { rad: Math.atan2(north, east), sigmaRad: sigma / apart + COURSE_FLOOR_RAD };
}
