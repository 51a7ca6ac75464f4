/**
 * Carries the estimate and its covariance forward on an inertial sample. The attitude error is about the frame's axes:
 * d(turn)/dt = -R gyroBias, dv/dt = -[R f]x turn - R accelBias (Solà 2017, section 7; rotation and curvature of the earth are below the biases here).
 */
import type { PoseSettings } from "./pose-settings.ts";
import { E, ERRORS, S } from "./pose-state.ts";
import { matrixOf, turn } from "./rotation.ts";

const r = new Float64Array(9);
const halfway = new Float64Array(4);
/** Motion that nobody measured: white acceleration and turning, per root of a hertz. */
const UNKNOWN_ACCEL = 1;
const UNKNOWN_TURN = 0.3;
const LONGEST_STEP_S = 0.1;

/** Carries `s` to `toS` by the rate and specific force given (gyro, then accelerometer, at `sample[at]`). */
export function carry(s: Float64Array, toS: number, sample: Float64Array, at: number, settings: PoseSettings): void {
  const held = s[S.imuTime]! + settings.imu.holdS;
  while (s[S.time]! < toS) {
    const known = s[S.time]! < held;
    let until = Math.min(toS, s[S.time]! + LONGEST_STEP_S);
    if (known && until > held) until = held;
    step(s, until - s[S.time]!, sample, at, settings, known);
    // A step below the clock's resolution would never end.
    s[S.time] = until > s[S.time]! ? until : toS;
    if (!known && s[S.inGap] === 0) {
      s[S.inGap] = 1;
      s[S.imuGaps]!++;
    }
  }
}

function step(s: Float64Array, dt: number, u: Float64Array, at: number, settings: PoseSettings, known: boolean): void {
  const wx = known ? u[at]! - s[S.gyroBias]! : 0;
  const wy = known ? u[at + 1]! - s[S.gyroBias + 1]! : 0;
  const wz = known ? u[at + 2]! - s[S.gyroBias + 2]! : 0;
  for (let i = 0; i < 4; i++) halfway[i] = s[S.q + i]!;
  turn(halfway, 0, (wx * dt) / 2, (wy * dt) / 2, (wz * dt) / 2, true);
  matrixOf(halfway, 0, r);
  const g = settings.gravityMps2;
  let fx = 0;
  let fy = 0;
  let fz = g;
  if (known) {
    const bx = u[at + 3]! - s[S.accelBias]!;
    const by = u[at + 4]! - s[S.accelBias + 1]!;
    const bz = u[at + 5]! - s[S.accelBias + 2]!;
    fx = r[0]! * bx + r[1]! * by + r[2]! * bz;
    fy = r[3]! * bx + r[4]! * by + r[5]! * bz;
    fz = r[6]! * bx + r[7]! * by + r[8]! * bz;
  }
  const half = (dt * dt) / 2;
  s[S.p]! += s[S.v]! * dt + fx * half;
  s[S.p + 1]! += s[S.v + 1]! * dt + fy * half;
  s[S.p + 2]! += s[S.v + 2]! * dt + (fz - g) * half;
  s[S.v]! += fx * dt;
  s[S.v + 1]! += fy * dt;
  s[S.v + 2]! += (fz - g) * dt;
  turn(s, S.q, wx * dt, wy * dt, wz * dt, true);
  propagate(s, dt, half, fx, fy, fz, known);
  addNoise(s, dt, settings, known);
}

/** cov = F cov F', by what F does to rows and then to columns. */
function propagate(
  s: Float64Array,
  dt: number,
  half: number,
  fx: number,
  fy: number,
  fz: number,
  known: boolean,
): void {
  const c = S.cov;
  const k = known ? 1 : 0;
  for (let pass = 0; pass < 2; pass++) {
    // Element `e` of line `i` stands at c + e * along + i * across.
    const along = pass === 0 ? ERRORS : 1;
    const across = pass === 0 ? 1 : ERRORS;
    for (let i = 0; i < ERRORS; i++) {
      const o = c + i * across;
      const tx = s[o + E.turn * along]!;
      const ty = s[o + (E.turn + 1) * along]!;
      const tz = s[o + (E.turn + 2) * along]!;
      const ax = s[o + E.accelBias * along]! * k;
      const ay = s[o + (E.accelBias + 1) * along]! * k;
      const az = s[o + (E.accelBias + 2) * along]! * k;
      const gx = s[o + E.gyroBias * along]! * k;
      const gy = s[o + (E.gyroBias + 1) * along]! * k;
      const gz = s[o + (E.gyroBias + 2) * along]! * k;
      const ex = ty * fz - tz * fy - (r[0]! * ax + r[1]! * ay + r[2]! * az);
      const ey = tz * fx - tx * fz - (r[3]! * ax + r[4]! * ay + r[5]! * az);
      const ez = tx * fy - ty * fx - (r[6]! * ax + r[7]! * ay + r[8]! * az);
      const v = o + E.v * along;
      s[o]! += s[v]! * dt + ex * half;
      s[o + along]! += s[v + along]! * dt + ey * half;
      s[o + 2 * along]! += s[v + 2 * along]! * dt + ez * half;
      s[v]! += ex * dt;
      s[v + along]! += ey * dt;
      s[v + 2 * along]! += ez * dt;
      const t = o + E.turn * along;
      s[t] = tx - (r[0]! * gx + r[1]! * gy + r[2]! * gz) * dt;
      s[t + along] = ty - (r[3]! * gx + r[4]! * gy + r[5]! * gz) * dt;
      s[t + 2 * along] = tz - (r[6]! * gx + r[7]! * gy + r[8]! * gz) * dt;
    }
  }
}

function addNoise(s: Float64Array, dt: number, { imu, wheel }: PoseSettings, known: boolean): void {
  const accel = (known ? imu.accelNoiseMps2RtHz : UNKNOWN_ACCEL) ** 2;
  const gyro = (known ? imu.gyroNoiseRadpsRtHz : UNKNOWN_TURN) ** 2;
  const diagonal = ERRORS + 1;
  for (let i = 0; i < 3; i++) {
    const p = S.cov + (E.p + i) * diagonal;
    const v = S.cov + (E.v + i) * diagonal;
    const pv = S.cov + (E.p + i) * ERRORS + E.v + i;
    const vp = S.cov + (E.v + i) * ERRORS + E.p + i;
    s[p]! += (accel * dt * dt * dt) / 3;
    s[pv]! += (accel * dt * dt) / 2;
    s[vp]! += (accel * dt * dt) / 2;
    s[v]! += accel * dt;
    s[S.cov + (E.turn + i) * diagonal]! += gyro * dt;
    s[S.cov + (E.gyroBias + i) * diagonal]! += imu.gyroBiasWalkRadpsRtS ** 2 * dt;
    s[S.cov + (E.accelBias + i) * diagonal]! += imu.accelBiasWalkMps2RtS ** 2 * dt;
  }
  s[S.cov + E.scale * diagonal]! += wheel.scaleWalkRtS ** 2 * dt;
}
