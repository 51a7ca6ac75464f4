/** The true motion of a pretend robot with two driven wheels. Yaw is counter-clockwise from east. */
import type { Motors } from "./chip.ts";

export const TRACK_M = 0.44;
export const COUNTS_PER_M = 1000;
/** Wheel speed at full duty. */
const FULL_SCALE_MPS = 2;
/** Motor and gear follow their set point with this lag; the brakes take this off a second. */
const LAG_S = 0.12;
const BRAKE_MPS2 = 3;

export class Body {
  eastM: number;
  northM: number;
  yawRad: number;
  /** Over the ground. */
  speedMps = 0;
  yawRateRadps = 0;
  accelMps2 = 0;
  /** Of the wheels' rims, and how far they have rolled. */
  leftMps = 0;
  rightMps = 0;
  leftM = 0;
  rightM = 0;
  /** Share of the wheels' turning that moves nothing. */
  slip = 0;

  constructor(start: { eastM: number; northM: number; yawRad: number }) {
    this.eastM = start.eastM;
    this.northM = start.northM;
    this.yawRad = start.yawRad;
  }

  step(motors: Motors, dtS: number): void {
    this.leftMps = wheel(this.leftMps, motors.left * FULL_SCALE_MPS, motors.enabled, dtS);
    this.rightMps = wheel(this.rightMps, motors.right * FULL_SCALE_MPS, motors.enabled, dtS);
    this.leftM += this.leftMps * dtS;
    this.rightM += this.rightMps * dtS;
    const grip = 1 - this.slip;
    const speedMps = ((this.leftMps + this.rightMps) / 2) * grip;
    this.accelMps2 = (speedMps - this.speedMps) / dtS;
    this.speedMps = speedMps;
    this.yawRateRadps = ((this.rightMps - this.leftMps) / TRACK_M) * grip;
    const middle = this.yawRad + (this.yawRateRadps * dtS) / 2;
    this.eastM += speedMps * Math.cos(middle) * dtS;
    this.northM += speedMps * Math.sin(middle) * dtS;
    this.yawRad += this.yawRateRadps * dtS;
  }
}

function wheel(mps: number, wantedMps: number, enabled: boolean, dtS: number): number {
  if (enabled) return mps + ((wantedMps - mps) * dtS) / LAG_S;
  return Math.abs(mps) <= BRAKE_MPS2 * dtS ? 0 : mps - Math.sign(mps) * BRAKE_MPS2 * dtS;
}
