/** Runs the pose filter over simulated patrols and compares it with the truth. For tests and benches. */
import { cholesky, choleskySolve } from "#core/algebra/cholesky.ts";
import { PoseFilter } from "./pose-filter.ts";
import { type PoseSettings, streetRobot } from "./pose-settings.ts";
import type { PoseEstimate } from "./pose-types.ts";
import { clean, type Measured, type Patrol, type PatrolWorld, patrolOf } from "./testing-patrol.ts";
import { ReferenceEkf } from "./testing-reference-ekf.ts";

/** Settings that say of the sensors what the world gives them. */
export function settingsFor(world: PatrolWorld, change: Partial<PoseSettings["gnss"]> = {}): PoseSettings {
  return {
    ...streetRobot,
    gnss: {
      ...streetRobot.gnss,
      leverM: world.leverM,
      latencyS: world.latencyS,
      latencySigmaS: world.latencySigmaS,
      ...change,
    },
  };
}

export function push(filter: PoseFilter, measured: Measured) {
  if (measured.at === "imu") return filter.imu(measured);
  return measured.at === "wheel" ? filter.wheel(measured) : filter.gnss(measured);
}

export function poseOf(filter: PoseFilter): PoseEstimate {
  const reading = filter.read();
  if (reading.kind !== "pose") throw new Error(`no pose: ${reading.why}`);
  return reading.pose;
}

/** Small-angle difference of attitudes about the frame's axes, of Euler angles (roll, pitch, yaw). */
function turnError(estimate: PoseEstimate, rpy: readonly number[]): number[] {
  const [cr, sr] = [Math.cos(rpy[0]! / 2), Math.sin(rpy[0]! / 2)];
  const [cp, sp] = [Math.cos(rpy[1]! / 2), Math.sin(rpy[1]! / 2)];
  const [cy, sy] = [Math.cos(rpy[2]! / 2), Math.sin(rpy[2]! / 2)];
  const [w, x, y, z] = [
    cr * cp * cy + sr * sp * sy,
    sr * cp * cy - cr * sp * sy,
    cr * sp * cy + sr * cp * sy,
    cr * cp * sy - sr * sp * cy,
  ];
  const [ew, ex, ey, ez] = estimate.map.quaternion;
  // True times the estimate's inverse.
  const dw = w * ew + x * ex + y * ey + z * ez;
  const sign = dw < 0 ? -2 : 2;
  return [
    sign * (x * ew - w * ex + z * ey - y * ez),
    sign * (y * ew - w * ey + x * ez - z * ex),
    sign * (z * ew - w * ez + y * ex - x * ey),
  ];
}

export interface Check {
  timeS: number;
  /** Over x, y, z and three turns. */
  nees: number;
  /** Over x, y, yaw. */
  planarNees: number;
  errorM: number;
  radius95M: number;
  estimate: PoseEstimate;
}

export function nees(error: readonly number[], cov: Float64Array, order: readonly number[], stride: number): number {
  const n = order.length;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) l[i * n + j] = cov[order[i]! * stride + order[j]!]!;
  if (!cholesky(l, n)) throw new Error("the covariance is not positive definite");
  const e = Float64Array.from(order, (i) => error[i]!);
  const solved = Float64Array.from(e);
  choleskySolve(l, n, solved);
  return e.reduce((sum, value, i) => sum + value * solved[i]!, 0);
}

export function checkAgainst(patrol: Patrol, estimate: PoseEstimate): Check {
  const truth = patrol.truthAt(estimate.timeS);
  const error = [
    ...truth.xyz.map((value, i) => value - estimate.map.xyzM[i]!),
    ...turnError(estimate, truth.rpy),
  ] as number[];
  return {
    timeS: estimate.timeS,
    nees: nees(error, estimate.mapCovariance, [0, 1, 2, 3, 4, 5], 6),
    planarNees: nees(error, estimate.mapCovariance, [0, 1, 5], 6),
    errorM: Math.hypot(error[0]!, error[1]!),
    radius95M: estimate.radius95M,
    estimate,
  };
}

export interface Runs {
  /** Row: patrol, column: checkpoint. */
  checks: Check[][];
  measurements: number;
  seconds: number;
}

/** `patrols` of them from `world.seed` on, checked every `everyS`. */
export function run(
  patrols: number,
  everyS: number,
  world: Partial<PatrolWorld> = {},
  change: Partial<PoseSettings["gnss"]> = {},
  believed: Partial<PatrolWorld> = {},
): Runs {
  const checks: Check[][] = [];
  let measurements = 0;
  let seconds = 0;
  for (let i = 0; i < patrols; i++) {
    const full = { ...clean, ...world };
    const patrol = patrolOf({ ...full, seed: full.seed * 1000 + i });
    const filter = new PoseFilter(settingsFor({ ...full, ...believed }, change), patrol.start);
    const row: Check[] = [];
    let next = everyS;
    const began = performance.now();
    for (const measured of patrol.measured) {
      if (measured.timeS > next + 1e-9) {
        row.push(checkAgainst(patrol, poseOf(filter)));
        next += everyS;
      }
      push(filter, measured);
    }
    row.push(checkAgainst(patrol, poseOf(filter)));
    seconds += (performance.now() - began) / 1000;
    measurements += patrol.measured.length;
    checks.push(row);
  }
  return { checks, measurements, seconds };
}

/** Mean over patrols of a figure, for every checkpoint. */
export function meanPerCheck(runs: Runs, of: (check: Check) => number): number[] {
  const columns = runs.checks[0]?.length ?? 0;
  return Array.from(
    { length: columns },
    (_, c) => runs.checks.reduce((sum, row) => sum + of(row[c]!), 0) / runs.checks.length,
  );
}

export function shareOf(runs: Runs, of: (check: Check) => boolean): number {
  const all = runs.checks.flat();
  return all.filter(of).length / all.length;
}

export function rmse(runs: Runs): number {
  const all = runs.checks.flat();
  return Math.sqrt(all.reduce((sum, check) => sum + check.errorM ** 2, 0) / all.length);
}

/** 95 % bounds of the mean of `n` draws of chi-square with `dof` degrees (normal for these numbers). */
export function neesBounds(dof: number, n: number): [number, number] {
  const half = 1.96 * Math.sqrt((2 * dof) / n);
  return [dof - half, dof + half];
}

/** Horizontal errors of the filter and of the yardstick on the same patrols, root mean square over checkpoints. */
export function besideReference(patrols: number, everyS: number, change: Partial<PatrolWorld> = {}) {
  let [own, reference, checks] = [0, 0, 0];
  for (let i = 0; i < patrols; i++) {
    const world = { ...clean, ...change, seed: clean.seed * 7000 + i };
    const patrol = patrolOf(world);
    const filter = new PoseFilter(settingsFor(world), patrol.start);
    const yardstick = new ReferenceEkf(patrol, world);
    let next = everyS;
    for (const measured of patrol.measured) {
      push(filter, measured);
      yardstick.take(measured);
      if (measured.timeS < next - 1e-9) continue;
      next += everyS;
      const { xyz } = patrol.truthAt(measured.timeS);
      const { xyzM } = poseOf(filter).map;
      own += (xyzM[0] - xyz[0]) ** 2 + (xyzM[1] - xyz[1]) ** 2;
      reference += (yardstick.x[0]! - xyz[0]) ** 2 + (yardstick.x[1]! - xyz[1]) ** 2;
      checks++;
    }
  }
  return { ownRmseM: Math.sqrt(own / checks), referenceRmseM: Math.sqrt(reference / checks) };
}
