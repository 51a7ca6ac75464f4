/**
 * A simulated patrol and its sensors, for tests and benches of the pose filter. Shares no kinematics with it: Euler angles and closed
 * forms here (Groves, Principles of GNSS, Inertial and Multisensor Navigation, 2013, section 2.3), quaternions and matrices there.
 */
import { Rng } from "#sim/rng.ts";
import { drive, STEP_S, WIDTH } from "./testing-drive.ts";

export interface PatrolWorld {
  seed: number;
  lastsS: number;
  imuHz: number;
  wheelHz: number;
  gnssHz: number;
  gyroNoise: number;
  accelNoise: number;
  gyroBiasWalk: number;
  accelBiasWalk: number;
  gyroBiasSigma: number;
  accelBiasSigma: number;
  wheelSigma: number;
  wheelScaleSigma: number;
  /** Slips: share of time; wheels then turn faster by 30 to 100 % and at least 0.4 m/s. */
  slipShare: number;
  gnssSigmaM: readonly [number, number, number];
  gnssVelocitySigma: number;
  /** True latency of fixes: mean and sigma. */
  latencyS: number;
  latencySigmaS: number;
  /** Share of fixes that are off by `multipathM`, in spells of `multipathSpellS` (0: each its own). */
  multipathShare: number;
  multipathM: number;
  multipathSpellS: number;
  /** Errors that hold over this time, with the sigma of the fixes (0: white). */
  gnssCorrelationS: number;
  gnssLostS?: readonly [number, number];
  leverM: readonly [number, number, number];
  /** Odometry measures all three axes with the same sigma (legs); otherwise forward only (wheels that roll). */
  threeAxes: boolean;
  /** Sigmas of what the filter is told at the start. */
  start: { positionSigmaM: number; speedSigma: number; levelSigmaRad: number; yawSigmaRad: number };
}

export const clean: PatrolWorld = {
  seed: 1,
  lastsS: 60,
  imuHz: 50,
  wheelHz: 20,
  gnssHz: 5,
  gyroNoise: 2e-4,
  accelNoise: 2e-3,
  gyroBiasWalk: 2e-5,
  accelBiasWalk: 2e-4,
  gyroBiasSigma: 0.005,
  accelBiasSigma: 0.05,
  wheelSigma: 0.05,
  wheelScaleSigma: 0.02,
  slipShare: 0,
  gnssSigmaM: [1.5, 1.5, 3],
  gnssVelocitySigma: 0.1,
  latencyS: 0,
  latencySigmaS: 0.05,
  multipathShare: 0,
  multipathM: 15,
  multipathSpellS: 0,
  gnssCorrelationS: 0,
  leverM: [0.2, 0, 0.5],
  threeAxes: false,
  start: { positionSigmaM: 2, speedSigma: 0.1, levelSigmaRad: 0.02, yawSigmaRad: 0.1 },
};

/** What is so at one time. */
export interface Truth {
  xyz: [number, number, number];
  /** Roll, pitch, yaw. */
  rpy: [number, number, number];
  velocity: [number, number, number];
}

export type Measured =
  | { at: "imu"; timeS: number; gyroRadps: [number, number, number]; accelMps2: [number, number, number] }
  | { at: "wheel"; timeS: number; forwardMps: number; sidewaysMps: number; upwardMps: number; yawRateRadps: number }
  | {
      at: "gnss";
      timeS: number;
      enuM: [number, number, number];
      sigmaM: readonly [number, number, number];
      velocityMps: [number, number, number];
      velocitySigmaMps: [number, number, number];
    };

export interface Patrol {
  measured: Measured[];
  truthAt(timeS: number): Truth;
  /** What the start is told, off by its own sigmas. */
  start: {
    timeS: number;
    enuM: [number, number, number];
    velocityMps: [number, number, number];
    rpyRad: [number, number, number];
    sigmaM: [number, number, number];
    velocitySigmaMps: [number, number, number];
    rpySigmaRad: [number, number, number];
  };
  gyroBias: [number, number, number];
  latencyS: number;
  wheelScale: number;
}

/** No slip before: wheels that spin while the sensor is not yet level cannot be told from a slope. */
const LEVELLED_S = 4;
const GRAVITY = 9.80665;

/** Base to frame, times the vector: roll first, then pitch, then yaw. */
function turned([roll, pitch, yaw]: readonly number[], [x, y, z]: readonly number[]): [number, number, number] {
  const y1 = y! * Math.cos(roll!) - z! * Math.sin(roll!);
  const z1 = y! * Math.sin(roll!) + z! * Math.cos(roll!);
  const x2 = x! * Math.cos(pitch!) + z1 * Math.sin(pitch!);
  const z2 = -x! * Math.sin(pitch!) + z1 * Math.cos(pitch!);
  return [x2 * Math.cos(yaw!) - y1 * Math.sin(yaw!), x2 * Math.sin(yaw!) + y1 * Math.cos(yaw!), z2];
}

/** Frame to base: the same turns undone. */
function unturned([roll, pitch, yaw]: readonly number[], [x, y, z]: readonly number[]): [number, number, number] {
  const x1 = x! * Math.cos(yaw!) + y! * Math.sin(yaw!);
  const y1 = -x! * Math.sin(yaw!) + y! * Math.cos(yaw!);
  const x2 = x1 * Math.cos(pitch!) - z! * Math.sin(pitch!);
  const z2 = x1 * Math.sin(pitch!) + z! * Math.cos(pitch!);
  return [x2, y1 * Math.cos(roll!) + z2 * Math.sin(roll!), -y1 * Math.sin(roll!) + z2 * Math.cos(roll!)];
}

export function patrolOf(world: PatrolWorld): Patrol {
  const rng = new Rng(world.seed);
  const n = () => rng.normal();
  const three = (sigma: number): [number, number, number] => [sigma * n(), sigma * n(), sigma * n()];
  const { table, tilt } = drive(world.lastsS, rng);
  const cell = (t: number, column: number) => {
    const at = Math.max(0, t / STEP_S + 500);
    const i = Math.floor(at);
    const part = at - i;
    return table[i * WIDTH + column]! * (1 - part) + table[(i + 1) * WIDTH + column]! * part;
  };
  const full = (t: number) => {
    const [roll, pitch, dRoll, dPitch] = tilt(t) as [number, number, number, number];
    const [yaw, v, a, w] = [cell(t, 3), cell(t, 4), cell(t, 5), cell(t, 6)];
    const along = [Math.cos(yaw) * Math.cos(pitch), Math.sin(yaw) * Math.cos(pitch), -Math.sin(pitch)];
    const swing = [
      -Math.sin(yaw) * Math.cos(pitch) * w - Math.cos(yaw) * Math.sin(pitch) * dPitch,
      Math.cos(yaw) * Math.cos(pitch) * w - Math.sin(yaw) * Math.sin(pitch) * dPitch,
      -Math.cos(pitch) * dPitch,
    ];
    const rpy: [number, number, number] = [roll, pitch, yaw];
    const force = unturned(rpy, [
      a * along[0]! + v * swing[0]!,
      a * along[1]! + v * swing[1]!,
      a * along[2]! + v * swing[2]! + GRAVITY,
    ]);
    const rate: [number, number, number] = [
      dRoll - w * Math.sin(pitch),
      dPitch * Math.cos(roll) + w * Math.cos(pitch) * Math.sin(roll),
      -dPitch * Math.sin(roll) + w * Math.cos(pitch) * Math.cos(roll),
    ];
    const velocity: [number, number, number] = [v * along[0]!, v * along[1]!, v * along[2]!];
    const xyz: [number, number, number] = [cell(t, 0), cell(t, 1), cell(t, 2)];
    return { xyz, rpy, velocity, force, rate, v, w };
  };

  const gyroBias = three(world.gyroBiasSigma);
  const accelBias = three(world.accelBiasSigma);
  const firstGyroBias: [number, number, number] = [...gyroBias];
  const latencyS = world.latencyS + world.latencySigmaS * n();
  const wheelScale = world.wheelScaleSigma * n();
  const measured: Measured[] = [];
  const imuDt = 1 / world.imuHz;
  for (let i = 0; i <= world.lastsS * world.imuHz; i++) {
    const t = i * imuDt;
    const { force, rate } = full(t);
    const gyro = three(world.gyroNoise / Math.sqrt(imuDt));
    const accel = three(world.accelNoise / Math.sqrt(imuDt));
    for (let k = 0; k < 3; k++) {
      gyro[k]! += rate[k]! + gyroBias[k]!;
      accel[k]! += force[k]! + accelBias[k]!;
      gyroBias[k]! += world.gyroBiasWalk * Math.sqrt(imuDt) * n();
      accelBias[k]! += world.accelBiasWalk * Math.sqrt(imuDt) * n();
    }
    measured.push({ at: "imu", timeS: t, gyroRadps: gyro, accelMps2: accel });
  }
  let [slipUntil, slipBy] = [-1, 0];
  for (let i = 1; i <= world.lastsS * world.wheelHz; i++) {
    const t = i / world.wheelHz;
    const { v, w } = full(t);
    // A slip lasts 1.5 s on average.
    if (t > Math.max(slipUntil, LEVELLED_S) && rng.uniform() < world.slipShare / (1.5 * world.wheelHz))
      [slipUntil, slipBy] = [t + 0.5 + 2 * rng.uniform(), Math.max(0.4, v * (0.3 + 0.7 * rng.uniform()))];
    const slip = t < slipUntil && v > 0.2 ? slipBy : 0;
    measured.push({
      at: "wheel",
      timeS: t,
      forwardMps: v * (1 + wheelScale) + slip + world.wheelSigma * n(),
      sidewaysMps: world.threeAxes ? world.wheelSigma * n() : 0,
      upwardMps: world.threeAxes ? world.wheelSigma * n() : 0,
      yawRateRadps: w + 0.01 * n(),
    });
  }
  const held = three(1);
  let [falseUntil, falseToward] = [-1, 0];
  for (let i = 1; i <= world.lastsS * world.gnssHz; i++) {
    const t = i / world.gnssHz;
    if (world.gnssLostS && t >= world.gnssLostS[0] && t < world.gnssLostS[1]) continue;
    const { xyz, rpy, velocity, rate } = full(t - latencyS);
    const arm = turned(rpy, world.leverM);
    const [p, q, r] = rate;
    const [lx, ly, lz] = world.leverM;
    const armSpeed = turned(rpy, [q * lz - r * ly, r * lx - p * lz, p * ly - q * lx]);
    const keep = world.gnssCorrelationS > 0 ? Math.exp(-1 / (world.gnssHz * world.gnssCorrelationS)) : 0;
    for (let k = 0; k < 3; k++) held[k] = keep * held[k]! + Math.sqrt(1 - keep * keep) * n();
    const spellS = world.multipathSpellS || 1 / world.gnssHz;
    const begins = world.multipathShare / (1 - world.multipathShare) / (spellS * world.gnssHz);
    const isFalse =
      world.multipathSpellS === 0 ? rng.uniform() < world.multipathShare : t < falseUntil || rng.uniform() < begins;
    if (isFalse && t >= falseUntil) [falseUntil, falseToward] = [t + world.multipathSpellS, 6.28 * rng.uniform()];
    const off = isFalse ? world.multipathM : 0;
    measured.push({
      at: "gnss",
      timeS: t,
      enuM: [
        xyz[0] + arm[0] + world.gnssSigmaM[0] * held[0]! + off * Math.cos(falseToward),
        xyz[1] + arm[1] + world.gnssSigmaM[1] * held[1]! + off * Math.sin(falseToward),
        xyz[2] + arm[2] + world.gnssSigmaM[2] * held[2]!,
      ],
      sigmaM: world.gnssSigmaM,
      velocityMps: [0, 1, 2].map((k) => velocity[k]! + armSpeed[k]! + world.gnssVelocitySigma * n()) as never,
      velocitySigmaMps: [world.gnssVelocitySigma, world.gnssVelocitySigma, world.gnssVelocitySigma],
    });
  }
  const rank = { imu: 0, wheel: 1, gnss: 2 };
  measured.sort((a, b) => a.timeS - b.timeS || rank[a.at] - rank[b.at]);

  const at0 = full(0);
  const { positionSigmaM: pS, speedSigma: vS, levelSigmaRad: lS, yawSigmaRad: yS } = world.start;
  const off = (from: readonly number[], sigmas: readonly number[]) =>
    from.map((value, i) => value + sigmas[i]! * n()) as [number, number, number];
  const [sigmaM, velocitySigmaMps, rpySigmaRad] = [
    [pS, pS, pS],
    [vS, vS, vS],
    [lS, lS, yS],
  ] as [number, number, number][];
  return {
    measured,
    truthAt: (t) => full(t),
    start: {
      timeS: 0,
      enuM: off(at0.xyz, sigmaM!),
      velocityMps: off(at0.velocity, velocitySigmaMps!),
      rpyRad: off(at0.rpy, rpySigmaRad!),
      sigmaM: sigmaM!,
      velocitySigmaMps: velocitySigmaMps!,
      rpySigmaRad: rpySigmaRad!,
    },
    gyroBias: firstGyroBias,
    latencyS,
    wheelScale,
  };
}
