/**
 * Satellite position and velocity of an antenna on a lever, at a moment `latency` before their time. A position is believed by the
 * probability that it is no reflection; what is rejected long and agrees with itself widens the filter until it holds both.
 */
import { distance2, GATE, look, noise, renewed, residual, take, trueProbability } from "./gated-update.ts";
import type { PoseSettings } from "./pose-settings.ts";
import { E, ERRORS, restartMotion, S } from "./pose-state.ts";
import { matrixOf, wrap } from "./rotation.ts";

const r = new Float64Array(9);
const arm = new Float64Array(3);
const armSpeed = new Float64Array(3);
const accel = new Float64Array(3);
/** Rejections in a row that can be an agreement. */
const FEWEST = 5;
/** Without agreement, long rejection widens after this many times the settings' time. */
const PATIENCE = 3;
/** Wheels and GNSS both rejected for so long: the filter's own speed is wrong, whichever of them is. */
const BOTH_S = 0.5;
/** Below this probability of being true, a fix inside the gate counts as rejected. */
const BELIEVED = 0.5;
/** Below this speed a velocity tells nothing of heading. */
const HEADING_MPS = 0.5;
const HEADING_OFF_RAD = 0.3;

/** Takes a fix (east, north, up; sigmas; velocity or NaN; sigmas: 12 numbers at `fix[at]`) at the state's time; false where a part was rejected. */
export function takeGnss(s: Float64Array, fix: Float64Array, at: number, settings: PoseSettings): boolean {
  s[S.gnssCount]!++;
  const position = takePosition(s, fix, at, settings);
  const moves = !Number.isNaN(fix[at + 6]!);
  if (moves) checkHeading(s, fix, at + 6, settings);
  const velocity = !moves || takeVelocity(s, fix, at + 6, settings);
  s[S.fixTime] = s[S.time]!;
  if (position && velocity) return true;
  s[S.gnssRejected]!++;
  return false;
}

/** Antenna's arm, its speed by turning, and the acceleration, in the frame's axes. */
function antenna(s: Float64Array, { gnss, gravityMps2 }: PoseSettings): void {
  matrixOf(s, S.q, r);
  const [lx, ly, lz] = gnss.leverM;
  const wx = s[S.gyro]! - s[S.gyroBias]!;
  const wy = s[S.gyro + 1]! - s[S.gyroBias + 1]!;
  const wz = s[S.gyro + 2]! - s[S.gyroBias + 2]!;
  const ux = wy * lz - wz * ly;
  const uy = wz * lx - wx * lz;
  const uz = wx * ly - wy * lx;
  const known = s[S.inGap] === 0;
  for (let i = 0; i < 3; i++) {
    const [a, b, c] = [r[3 * i]!, r[3 * i + 1]!, r[3 * i + 2]!];
    arm[i] = a * lx + b * ly + c * lz;
    armSpeed[i] = a * ux + b * uy + c * uz;
    accel[i] = 0;
    if (known) for (let j = 0; j < 3; j++) accel[i]! += r[3 * i + j]! * (s[S.accel + j]! - s[S.accelBias + j]!);
  }
  if (known) accel[2]! -= gravityMps2;
}

/** Row `m` gets -[u]x of the attitude error. */
function turnRow(m: number, x: number, y: number, z: number): void {
  const o = m * ERRORS + E.turn;
  look[o] = m === 0 ? 0 : m === 1 ? -z : y;
  look[o + 1] = m === 0 ? z : m === 1 ? 0 : -x;
  look[o + 2] = m === 0 ? -y : m === 1 ? x : 0;
}

function takePosition(s: Float64Array, fix: Float64Array, at: number, settings: PoseSettings): boolean {
  const { gnss } = settings;
  antenna(s, settings);
  const tau = s[S.latency]!;
  look.fill(0);
  noise.fill(0);
  for (let i = 0; i < 3; i++) {
    const o = i * ERRORS;
    look[o + E.p + i] = 1;
    look[o + E.v + i] = -tau;
    turnRow(i, arm[0]! - tau * armSpeed[0]!, arm[1]! - tau * armSpeed[1]!, arm[2]! - tau * armSpeed[2]!);
    look[o + E.latency] = -(s[S.v + i]! + armSpeed[i]!);
    residual[i] = fix[at + i]! - (s[S.p + i]! + arm[i]! - tau * (s[S.v + i]! + armSpeed[i]!));
    noise[4 * i] = Math.max(fix[at + 3 + i]!, gnss.floorSigmaM) ** 2;
  }
  const d2 = distance2(s, 3);
  const belief = gnss.falseShare > 0 ? trueProbability(3, d2, gnss.falseShare, gnss.falseSigmaM) : 1;
  if (d2 > GATE[3] || belief < BELIEVED) {
    s[S.positionRejected]!++;
    if (inARow(s, S.positionRow, 3 * Math.sqrt(noise[0]! + noise[4]! + noise[8]!), settings)) widenPosition(s);
    return false;
  }
  s[S.positionRow] = Number.NaN;
  s[S.positionUsed] = s[S.time]!;
  if (gnss.correlationS > 0 && !Number.isNaN(s[S.fixTime]!)) {
    const since = Math.max(0.01, s[S.time]! - s[S.fixTime]!);
    for (let i = 0; i < 9; i++) noise[i]! *= 1 + (2 * gnss.correlationS) / since;
    renewed(3);
  }
  take(s, 3, belief);
  return true;
}

function takeVelocity(s: Float64Array, fix: Float64Array, at: number, settings: PoseSettings): boolean {
  antenna(s, settings);
  const tau = s[S.latency]!;
  const [lx, ly, lz] = settings.gnss.leverM;
  look.fill(0);
  noise.fill(0);
  const gx = accel[0]!;
  const gy = accel[1]!;
  const gz = accel[2]! + settings.gravityMps2;
  for (let i = 0; i < 3; i++) {
    const o = i * ERRORS;
    look[o + E.v + i] = 1;
    turnRow(i, armSpeed[0]! - tau * gx, armSpeed[1]! - tau * gy, armSpeed[2]! - tau * gz);
    const [a, b, c] = [r[3 * i]!, r[3 * i + 1]!, r[3 * i + 2]!];
    look[o + E.gyroBias] = b * lz - c * ly;
    look[o + E.gyroBias + 1] = c * lx - a * lz;
    look[o + E.gyroBias + 2] = a * ly - b * lx;
    look[o + E.latency] = -accel[i]!;
    residual[i] = fix[at + i]! - (s[S.v + i]! + armSpeed[i]! - tau * accel[i]!);
    noise[4 * i] = fix[at + 3 + i]! ** 2;
  }
  const d2 = distance2(s, 3);
  const { falseShare, falseSigmaMps } = settings.gnss;
  const belief = falseShare > 0 ? trueProbability(3, d2, falseShare, falseSigmaMps) : 1;
  if (d2 > GATE[3] || belief < BELIEVED) {
    s[S.velocityRejected]!++;
    if (inARow(s, S.velocityRow, 3 * Math.sqrt(noise[0]! + noise[4]! + noise[8]!), settings)) widenVelocity(s);
    else if (s[S.velocityRow + 1]! % FEWEST === 0 && s[S.time]! - s[S.wheelRejectedSince]! >= BOTH_S)
      doubtInertial(s, settings);
    return false;
  }
  s[S.velocityRow] = Number.NaN;
  s[S.velocityUsed] = s[S.time]!;
  take(s, 3, belief);
  return true;
}

/** Counts a rejection in a row; true where the row is long enough to doubt the filter. */
function inARow(s: Float64Array, row: number, agreeWithin: number, { gnss }: PoseSettings): boolean {
  const now = s[S.time]!;
  if (Number.isNaN(s[row]!)) {
    s[row] = now;
    s.fill(0, row + 1, row + 6);
  }
  const n = ++s[row + 1]!;
  let square = 0;
  for (let i = 0; i < 3; i++) {
    const mean = s[row + 2 + i]!;
    const off = residual[i]! - mean;
    s[row + 2 + i] = mean + off / n;
    square += off * (residual[i]! - s[row + 2 + i]!);
  }
  s[row + 5]! += square;
  const forS = now - s[row]!;
  const agree = Math.sqrt(s[row + 5]! / n) < agreeWithin;
  return n >= FEWEST && forS >= gnss.reacquireAfterS * (agree ? 1 : PATIENCE);
}

function widenPosition(s: Float64Array): void {
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++)
      s[S.cov + (E.p + i) * ERRORS + E.p + j]! += s[S.positionRow + 2 + i]! * s[S.positionRow + 2 + j]!;
  s[S.positionRow] = Number.NaN;
  s[S.reacquired]!++;
}

/** The speed, so far that both the filter's and the fix's are held. */
function widenVelocity(s: Float64Array): void {
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) s[S.cov + (E.v + i) * ERRORS + E.v + j]! += residual[i]! * residual[j]!;
  s[S.velocityRow] = Number.NaN;
  s[S.reacquired]!++;
}

/**
 * Heading from motion: where the course over ground is long another than heading and wheels say, all that moves begins anew from the
 * course. A filter that is sure of a wrong heading bends its biases to fit, and would reject the rest.
 */
function checkHeading(s: Float64Array, fix: Float64Array, at: number, settings: PoseSettings): void {
  const speed = Math.hypot(fix[at]!, fix[at + 1]!);
  if (speed < HEADING_MPS || Math.hypot(s[S.wheelX]!, s[S.wheelY]!) < HEADING_MPS) return;
  matrixOf(s, S.q, r);
  const course = Math.atan2(fix[at + 1]!, fix[at]!) - Math.atan2(s[S.wheelY]!, s[S.wheelX]!);
  const off = Math.abs(wrap(course - Math.atan2(r[3]!, r[0]!)));
  const yawSigma = Math.sqrt(s[S.cov + (E.turn + 2) * (ERRORS + 1)]!);
  if (off < HEADING_OFF_RAD + 4 * (yawSigma + fix[at + 3]! / speed)) {
    s[S.headingOff] = Number.NaN;
    return;
  }
  if (Number.isNaN(s[S.headingOff]!)) s[S.headingOff] = s[S.time]!;
  if (s[S.time]! - s[S.headingOff]! < settings.gnss.reacquireAfterS / 4) return;
  restartMotion(s, course, settings);
  for (let i = 0; i < 3; i++) {
    s[S.v + i] = fix[at + i]!;
    s[S.cov + (E.v + i) * (ERRORS + 1)] = (2 * fix[at + 3 + i]! + 0.1) ** 2;
  }
  s[S.headingOff] = Number.NaN;
  s[S.reacquired]!++;
}

/** Speed, accelerometer bias and latency, that a slip taken for driving had bent. */
function doubtInertial(s: Float64Array, { imu, gnss }: PoseSettings): void {
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) s[S.cov + (E.v + i) * ERRORS + E.v + j]! += residual[i]! * residual[j]!;
    s[S.cov + (E.accelBias + i) * (ERRORS + 1)]! += imu.accelBiasSigmaMps2 ** 2;
  }
  s[S.cov + E.latency * (ERRORS + 1)]! += gnss.latencySigmaS ** 2;
  s[S.reacquired]!++;
}
