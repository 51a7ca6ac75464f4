/** Wheel odometry: forward speed with a scale error, no sideways or upward speed; slip seen by two signs and doubted for a while. */
import { distance2, GATE, look, noise, residual, take, trueProbability } from "./gated-update.ts";
import type { PoseSettings } from "./pose-settings.ts";
import { E, ERRORS, S } from "./pose-state.ts";
import { matrixOf } from "./rotation.ts";

const r = new Float64Array(9);
const velocity = new Float64Array(3);
/** Turn rates of wheels and gyro differ by more sigmas than these: one side slips. */
const SLIP_SIGMAS = 5;
/** Encoders at rest say 0; m/s and rad/s. */
const STILL = 1e-3;
const STILL_AFTER_S = 0.5;
const STILL_SIGMA_RADPS = 0.003;
/** Samples less likely true than this are slips. */
const BELIEVED = 0.5;
/** Wheels that disagree for so long, with no satellite velocity to say who is right, make the filter doubt its own speed. */
const DOUBT_AFTER_S = 5;

/** Takes a wheel sample (`sample[at]`: forward speed, turn rate or NaN, sideways and upward speed) at the state's time; false where its forward speed was rejected. */
export function takeWheel(s: Float64Array, sample: Float64Array, at: number, settings: PoseSettings): boolean {
  const { wheel } = settings;
  s[S.wheelCount]!++;
  s[S.wheelX] = sample[at]!;
  s[S.wheelY] = sample[at + 2]!;
  matrixOf(s, S.q, r);
  const now = s[S.time]!;
  const turnRate = s[S.gyro + 2]! - s[S.gyroBias + 2]!;
  const uneven = Math.abs(sample[at + 1]! - turnRate) > SLIP_SIGMAS * wheel.yawRateSigmaRadps;
  lookAlong(s, 0, settings);
  const scale = 1 + s[S.scale]!;
  for (let i = 0; i < ERRORS; i++) look[i]! *= scale;
  look[E.scale] = velocity[0]!;
  residual[0] = sample[at]! - scale * velocity[0]!;
  noise[0] = wheel.sigmaMps ** 2;
  const d2 = distance2(s, 1);
  const share = s[S.slipping] === 0 ? wheel.slipShare : wheel.slipPersists;
  const belief = trueProbability(1, d2, share, wheel.slipSigmaMps);
  const slips = d2 > GATE[1] || belief < BELIEVED || uneven;
  if (slips) {
    if (s[S.slipping] === 0) s[S.slips]!++;
    s[S.slipping] = 1;
    s[S.slipUntil] = now + wheel.slipHoldS;
    s[S.wheelRejected]!++;
    doubtSpeed(s, residual[0]!);
  } else {
    s[S.wheelRejectedSince] = Number.NaN;
    if (now >= s[S.slipUntil]!) s[S.slipping] = 0;
    take(s, 1, belief);
  }
  for (let axis = 1; axis < 3; axis++) {
    matrixOf(s, S.q, r);
    lookAlong(s, axis, settings);
    residual[0] = sample[at + 1 + axis]! - velocity[axis]!;
    noise[0] = (axis === 1 ? wheel.sidewaysSigmaMps : wheel.upwardSigmaMps) ** 2;
    if (distance2(s, 1) <= GATE[1]) take(s, 1);
  }
  takeStill(s, sample, at, settings);
  return !slips;
}

/** Both wheels at rest for a while: what the gyro says is its bias (zero-rate update), once for each of its samples. */
function takeStill(s: Float64Array, sample: Float64Array, at: number, { imu }: PoseSettings): void {
  const now = s[S.time]!;
  if (!(Math.abs(sample[at]!) < STILL && Math.abs(sample[at + 1]!) < STILL) || s[S.slipping] === 1) {
    s[S.stillSince] = Number.NaN;
    return;
  }
  if (Number.isNaN(s[S.stillSince]!)) s[S.stillSince] = now;
  if (now - s[S.stillSince]! < STILL_AFTER_S || s[S.inGap] === 1 || s[S.stillTaken] === s[S.imuTime]) return;
  s[S.stillTaken] = s[S.imuTime]!;
  for (let axis = 0; axis < 3; axis++) {
    look.fill(0, 0, ERRORS);
    look[E.gyroBias + axis] = 1;
    residual[0] = s[S.gyro + axis]! - s[S.gyroBias + axis]!;
    // White noise of one sample, as if of 100 a second, and the trembling of a robot at rest.
    noise[0] = imu.gyroNoiseRadpsRtHz ** 2 * 100 + STILL_SIGMA_RADPS ** 2;
    if (distance2(s, 1) <= GATE[1]) take(s, 1);
  }
}

/** Row of the wheels' speed along a base axis, and that speed itself in `velocity`. */
function lookAlong(s: Float64Array, axis: number, { wheel }: PoseSettings): void {
  look.fill(0, 0, ERRORS);
  const [lx, ly, lz] = wheel.leverM;
  const wx = s[S.gyro]! - s[S.gyroBias]!;
  const wy = s[S.gyro + 1]! - s[S.gyroBias + 1]!;
  const wz = s[S.gyro + 2]! - s[S.gyroBias + 2]!;
  const vx = s[S.v]!;
  const vy = s[S.v + 1]!;
  const vz = s[S.v + 2]!;
  const a = r[axis]!;
  const b = r[3 + axis]!;
  const c = r[6 + axis]!;
  const across = axis === 0 ? wy * lz - wz * ly : axis === 1 ? wz * lx - wx * lz : wx * ly - wy * lx;
  velocity[axis] = a * vx + b * vy + c * vz + across;
  look[E.v] = a;
  look[E.v + 1] = b;
  look[E.v + 2] = c;
  look[E.turn] = b * vz - c * vy;
  look[E.turn + 1] = c * vx - a * vz;
  look[E.turn + 2] = a * vy - b * vx;
  // d(w x l) = l x d(gyroBias).
  look[E.gyroBias + ((axis + 1) % 3)] = -wheel.leverM[(axis + 2) % 3]!;
  look[E.gyroBias + ((axis + 2) % 3)] = wheel.leverM[(axis + 1) % 3]!;
}

function doubtSpeed(s: Float64Array, offMps: number): void {
  const now = s[S.time]!;
  if (Number.isNaN(s[S.wheelRejectedSince]!)) s[S.wheelRejectedSince] = now;
  if (now - s[S.wheelRejectedSince]! < DOUBT_AFTER_S || now - s[S.velocityUsed]! < DOUBT_AFTER_S) return;
  for (let i = 0; i < 2; i++) s[S.cov + (E.v + i) * (ERRORS + 1)]! += offMps * offMps;
  s[S.wheelRejectedSince] = Number.NaN;
  s[S.reacquired]!++;
}
