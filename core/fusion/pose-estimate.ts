/** What the filter knows, in the terms of REP 103 and 105. */
import type { Odometry } from "./odometry.ts";
import { E, ERRORS, S } from "./pose-state.ts";
import type { FramePose, PoseCounts, PoseEstimate, Vec3 } from "./pose-types.ts";
import { matrixOf, wrap } from "./rotation.ts";

/** Square root of the 95 % point of chi-square with two degrees of freedom. */
const WITHIN_95 = Math.sqrt(5.991);
const r = new Float64Array(9);

const vec = (a: Float64Array, at: number): Vec3 => [a[at]!, a[at + 1]!, a[at + 2]!];

function framePose(xyzM: Vec3, q: Float64Array, at: number): FramePose {
  matrixOf(q, at, r);
  return { xyzM, quaternion: [q[at]!, q[at + 1]!, q[at + 2]!, q[at + 3]!], yawRad: Math.atan2(r[3]!, r[0]!) };
}

export function estimateOf(s: Float64Array, odometry: Odometry, counts: PoseCounts): PoseEstimate {
  const odom = framePose(vec(odometry.xyz, 0), odometry.quaternion, 0);
  const map = framePose(vec(s, S.p), s, S.q);
  const cov = (i: number, j: number) => s[S.cov + i * ERRORS + j]!;
  const sigma = (i: number) => Math.sqrt(Math.max(0, cov(i, i)));
  const mapCovariance = new Float64Array(36);
  const order = [E.p, E.p + 1, E.p + 2, E.turn, E.turn + 1, E.turn + 2];
  for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) mapCovariance[i * 6 + j] = cov(order[i]!, order[j]!);
  const odomCovariance = new Float64Array(9);
  for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) odomCovariance[i * 3 + j] = odometry.cov[i * 5 + j]!;
  const yawRad = wrap(map.yawRad - odom.yawRad);
  const [c, n] = [Math.cos(yawRad), Math.sin(yawRad)];
  const [x, y, z] = odom.xyzM;
  const half = (cov(0, 0) + cov(1, 1)) / 2;
  const largest = half + Math.hypot((cov(0, 0) - cov(1, 1)) / 2, cov(0, 1));
  // In base axes; `r` holds the map's attitude.
  const inBase = (axis: number) => r[axis]! * s[S.v]! + r[3 + axis]! * s[S.v + 1]! + r[6 + axis]! * s[S.v + 2]!;
  const known = s[S.inGap] === 0;
  const rate = (i: number) => (known ? s[S.gyro + i]! - s[S.gyroBias + i]! : 0);
  return {
    timeS: s[S.time]!,
    map,
    odom,
    mapFromOdom: {
      yawRad,
      xyzM: [map.xyzM[0] - c * x + n * y, map.xyzM[1] - n * x - c * y, map.xyzM[2] - z],
    },
    mapCovariance,
    odomCovariance,
    velocityMps: [inBase(0), inBase(1), inBase(2)],
    velocitySigmaMps: [0, 1, 2].map((axis) => speedSigma(s, axis)) as [number, number, number],
    rateRadps: [rate(0), rate(1), rate(2)],
    radius95M: WITHIN_95 * Math.sqrt(Math.max(0, largest)),
    yawSigmaRad: sigma(E.turn + 2),
    gnssAgeS: s[S.time]! - s[S.positionUsed]!,
    slipping: s[S.slipping] === 1,
    gnssLatencyS: s[S.latency]!,
    gnssLatencySigmaS: sigma(E.latency),
    wheelScale: s[S.scale]!,
    wheelScaleSigma: sigma(E.scale),
    gyroBiasRadps: vec(s, S.gyroBias),
    accelBiasMps2: vec(s, S.accelBias),
    counts,
  };
}

function speedSigma(s: Float64Array, axis: number): number {
  let sum = 0;
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) sum += r[3 * i + axis]! * r[3 * j + axis]! * s[S.cov + (E.v + i) * ERRORS + E.v + j]!;
  return Math.sqrt(Math.max(0, sum));
}
