/** The filter's whole memory in one array, so that a moment is one copy: estimate, held inertial sample, gates, counts, covariance. */

import type { PoseSettings } from "./pose-settings.ts";
import type { PoseStart } from "./pose-types.ts";
import { setRpy } from "./rotation.ts";

/** Errors of position, velocity, attitude (about the frame's axes), gyro bias, accelerometer bias, wheel scale, GNSS latency. */
export const ERRORS = 17;
export const E = { p: 0, v: 3, turn: 6, gyroBias: 9, accelBias: 12, scale: 15, latency: 16 } as const;

export const S = {
  time: 0,
  p: 1,
  v: 4,
  q: 7,
  gyroBias: 11,
  accelBias: 14,
  scale: 17,
  latency: 18,
  /** Last inertial sample and its time (NaN: none yet). */
  gyro: 19,
  accel: 22,
  imuTime: 25,
  inGap: 26,
  slipUntil: 27,
  slipping: 28,
  wheelRejectedSince: 29,
  positionUsed: 30,
  velocityUsed: 31,
  /** Rejection in a row: since when, how many, mean of the residuals (3) and mean square (1). */
  positionRow: 32,
  velocityRow: 38,
  /** Time of the last fix, used or not. */
  fixTime: 44,
  imuCount: 45,
  wheelCount: 46,
  gnssCount: 47,
  wheelRejected: 48,
  gnssRejected: 49,
  positionRejected: 50,
  velocityRejected: 51,
  slips: 52,
  reacquired: 53,
  imuGaps: 54,
  /** Last wheel speeds along base x and y: where the robot goes, seen from itself. */
  wheelX: 55,
  wheelY: 56,
  /** Since when the course over ground is another than heading and wheels say. */
  headingOff: 57,
  /** Since when both wheels stand, and the inertial sample last taken as one of rest. */
  stillSince: 58,
  stillTaken: 59,
  /** Covariance of the errors, 17 x 17 row-major. */
  cov: 60,
} as const;

export const STATE_LENGTH = S.cov + ERRORS * ERRORS;

/** A filter that begins at `start`, its biases unknown within the settings' sigmas. */
export function stateAt(start: PoseStart, settings: PoseSettings, gyroBias?: readonly number[]): Float64Array {
  const s = new Float64Array(STATE_LENGTH);
  s[S.time] = start.timeS;
  s.set(start.enuM, S.p);
  s.set(start.velocityMps, S.v);
  setRpy(s, S.q, start.rpyRad[0], start.rpyRad[1], start.rpyRad[2]);
  if (gyroBias) s.set(gyroBias, S.gyroBias);
  s[S.latency] = settings.gnss.latencyS;
  for (const field of [
    S.imuTime,
    S.wheelRejectedSince,
    S.positionRow,
    S.velocityRow,
    S.fixTime,
    S.headingOff,
    S.stillSince,
  ])
    s[field] = Number.NaN;
  for (const field of [S.slipUntil, S.positionUsed, S.velocityUsed]) s[field] = Number.NEGATIVE_INFINITY;
  const variance = (at: number, sigma: number) => {
    s[S.cov + at * ERRORS + at] = sigma * sigma;
  };
  for (let i = 0; i < 3; i++) {
    variance(E.p + i, start.sigmaM[i]!);
    variance(E.v + i, start.velocitySigmaMps[i]!);
    variance(E.gyroBias + i, settings.imu.gyroBiasSigmaRadps);
    variance(E.accelBias + i, settings.imu.accelBiasSigmaMps2);
  }
  setTurnCovariance(s, start);
  variance(E.scale, settings.wheel.scaleSigma);
  variance(E.latency, settings.gnss.latencySigmaS);
  return s;
}

/** Forgets all but the place: heading as given within half a radian, level within a tenth, biases and latency as at the start. */
export function restartMotion(s: Float64Array, yawRad: number, { imu, wheel, gnss }: PoseSettings): void {
  for (let i = 0; i < ERRORS; i++)
    for (let j = 0; j < ERRORS; j++) if (i >= E.v || j >= E.v) s[S.cov + i * ERRORS + j] = 0;
  const variance = (at: number, sigma: number) => {
    s[S.cov + at * (ERRORS + 1)] = sigma * sigma;
  };
  for (let i = 0; i < 3; i++) {
    s[S.gyroBias + i] = 0;
    s[S.accelBias + i] = 0;
    variance(E.turn + i, i === 2 ? 0.5 : 0.1);
    variance(E.gyroBias + i, imu.gyroBiasSigmaRadps);
    variance(E.accelBias + i, imu.accelBiasSigmaMps2);
  }
  setRpy(s, S.q, 0, 0, yawRad);
  s[S.scale] = 0;
  s[S.latency] = gnss.latencyS;
  variance(E.scale, wheel.scaleSigma);
  variance(E.latency, gnss.latencySigmaS);
}

/** Roll and pitch are about axes that the yaw has turned: their doubt is carried into the frame's axes. */
function setTurnCovariance(s: Float64Array, start: PoseStart): void {
  const [, pitch, yaw] = start.rpyRad;
  const [cp, sp] = [Math.cos(pitch), Math.sin(pitch)];
  const [cy, sy] = [Math.cos(yaw), Math.sin(yaw)];
  const axes = [cy * cp, -sy, 0, sy * cp, cy, 0, -sp, 0, 1];
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += axes[i * 3 + k]! * axes[j * 3 + k]! * start.rpySigmaRad[k]! ** 2;
      s[S.cov + (E.turn + i) * ERRORS + E.turn + j] = sum;
    }
}
