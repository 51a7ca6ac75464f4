/**
 * Place and instant of a shot from arrivals that belong together: weighted Gauss-Newton in east, north and firing time,
 * with the muzzle's height and the speed of sound as further unknowns where they are not known, each under its prior.
 * Everything is scaled to metres, so that the normal matrix is well conditioned.
 */

import { cholesky, choleskyInverse, choleskySolve } from "#core/algebra/cholesky.ts";
import { travelOverS } from "./air.ts";
import {
  BEARING_CHANCE,
  bearingOff,
  cueCost,
  cueFloor,
  cueGain,
  cueWeight,
  LEAST_FLOOR,
  TRAVEL_CHANCE,
} from "./cues.ts";
import type { Columns, Prior } from "./problem.ts";

const MAX_UNKNOWNS = 5;

export interface Solution {
  ok: boolean;
  eastM: number;
  northM: number;
  upM: number;
  /** Firing time, seconds from the origin of time. */
  t0S: number;
  speedMps: number;
  /** Sum of squared standardised residuals, priors included; of the cues those that fit. */
  chi2: number;
  /** Log odds that bearings and ranges add, beyond what `chi2` counts of them. */
  cueOdds: number;
  /** Arrivals and cues that fit less unknowns without prior (three). */
  dof: number;
  unknowns: number;
  /** Covariance of east, north, c * time, [height], [relative speed], row-major with stride `unknowns`. */
  covariance: Float64Array;
  /** Which unknown stands in which row; -1 where it is held. */
  upRow: number;
  speedRow: number;
}

export const noSolution = (): Solution => ({
  ok: false,
  eastM: 0,
  northM: 0,
  upM: 0,
  t0S: 0,
  speedMps: 0,
  chi2: 0,
  cueOdds: 0,
  dof: 0,
  unknowns: 0,
  covariance: new Float64Array(MAX_UNKNOWNS * MAX_UNKNOWNS),
  upRow: -1,
  speedRow: -1,
});

/** Normal matrix and right side where the search stands, and where it tries to step: swapped when the step is taken. */
let normal = new Float64Array(MAX_UNKNOWNS * MAX_UNKNOWNS);
let right = new Float64Array(MAX_UNKNOWNS);
let heldNormal = new Float64Array(MAX_UNKNOWNS * MAX_UNKNOWNS);
let heldRight = new Float64Array(MAX_UNKNOWNS);
const factor = new Float64Array(MAX_UNKNOWNS * MAX_UNKNOWNS);
const row = new Float64Array(MAX_UNKNOWNS);
const at = new Float64Array(MAX_UNKNOWNS);
const trial = new Float64Array(MAX_UNKNOWNS);

export interface SolveOptions {
  maxIterations?: number;
  /** Off: plain weighted least squares. */
  robust?: boolean;
  /** Factor on the cues' sigmas, so that a right one pulls from further away. */
  cueScale?: number;
}

/**
 * Solves for the rows `use[0..count)` of `c`, starting from a place and time.
 * @returns false where the geometry leaves an unknown open; `out.ok` says the same.
 */
export function solve(
  c: Columns,
  use: Int32Array,
  count: number,
  prior: Prior,
  startEastM: number,
  startNorthM: number,
  startT0S: number,
  out: Solution,
  options: SolveOptions = {},
): boolean {
  const c0 = prior.air.speedMps;
  const { windEastMps: wx, windNorthMps: wy } = prior.air;
  const refS = c.t[use[0]!]!;
  let unknowns = 3;
  out.upRow = prior.sourceUpSigmaM > 0 ? unknowns++ : -1;
  out.speedRow = prior.speedSigma > 0 ? unknowns++ : -1;
  const { upRow, speedRow } = out;
  const robust = options.robust ?? true;
  const huber = prior.huberK;
  const cueScale = options.cueScale ?? 1;
  const maxIterations = options.maxIterations ?? 12;
  at[0] = startEastM;
  at[1] = startNorthM;
  at[2] = (startT0S - refS) * c0;
  at[3] = 0;
  at[4] = 0;
  let cost = build(at);
  swap();
  let lambda = 0;
  out.ok = false;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    let stepped = false;
    let stepM = 0;
    for (let attempt = 0; attempt < 6; attempt++) {
      for (let i = 0; i < unknowns * unknowns; i++) factor[i] = heldNormal[i]!;
      if (lambda > 0) for (let i = 0; i < unknowns; i++) factor[i * unknowns + i]! *= 1 + lambda;
      if (!cholesky(factor, unknowns)) {
        lambda = lambda === 0 ? 1e-4 : lambda * 10;
        continue;
      }
      for (let i = 0; i < unknowns; i++) row[i] = heldRight[i]!;
      choleskySolve(factor, unknowns, row);
      stepM = Math.hypot(row[0]!, row[1]!, row[2]!);
      if (!(stepM < 1e5)) {
        lambda = lambda === 0 ? 1e-4 : lambda * 10;
        continue;
      }
      for (let i = 0; i < unknowns; i++) trial[i] = at[i]! + row[i]!;
      const next = build(trial);
      if (next <= cost + 1e-9) {
        cost = next;
        swap();
        for (let i = 0; i < unknowns; i++) at[i] = trial[i]!;
        lambda = lambda < 1e-6 ? 0 : lambda * 0.1;
        stepped = true;
        break;
      }
      lambda = lambda === 0 ? 1e-3 : lambda * 10;
    }
    if (!stepped || stepM < 1e-4) break;
  }
  for (let i = 0; i < unknowns * unknowns; i++) factor[i] = heldNormal[i]!;
  if (!cholesky(factor, unknowns)) return false;
  choleskyInverse(factor, unknowns, out.covariance);
  out.ok = true;
  out.unknowns = unknowns;
  out.eastM = at[0]!;
  out.northM = at[1]!;
  out.upM = prior.sourceUpM + (upRow >= 0 ? at[upRow]! : 0);
  out.t0S = refS + at[2]! / c0;
  out.speedMps = c0 * (1 + (speedRow >= 0 ? at[speedRow]! : 0));
  out.chi2 = cost - cuesCost + cuesChi2;
  out.cueOdds = cuesGain - 0.5 * (cuesCost - cuesChi2);
  out.dof = count + cuesFitting - 3;
  return true;

  function swap(): void {
    [normal, heldNormal] = [heldNormal, normal];
    [right, heldRight] = [heldRight, right];
  }

  /** Lower half of the normal matrix and right side at `p`; returns the robust cost. */
  function build(p: Float64Array): number {
    normal.fill(0, 0, unknowns * unknowns);
    right.fill(0, 0, unknowns);
    cuesFitting = 0;
    cuesCost = 0;
    cuesChi2 = 0;
    cuesGain = 0;
    const up = prior.sourceUpM + (upRow >= 0 ? p[upRow]! : 0);
    const kappa = speedRow >= 0 ? p[speedRow]! : 0;
    const speed = c0 * (1 + kappa);
    const k = speed * speed - wx * wx - wy * wy;
    let sum = 0;
    for (let m = 0; m < count; m++) {
      const i = use[m]!;
      const dx = c.x[i]! - p[0]!;
      const dy = c.y[i]! - p[1]!;
      const dz = c.z[i]! - up;
      // Path in metres of still air at c0, and its derivatives with respect to the ear's place: of |r - w t| = c t (air.ts).
      const r2 = dx * dx + dy * dy + dz * dz + 1e-18;
      const along = dx * wx + dy * wy;
      const root = Math.sqrt(along * along + k * r2);
      const path = (c0 * (root - along)) / k;
      const scale = c0 / root;
      const u = ((c.t[i]! - refS) * c0 - p[2]! - path) / (c0 * c.sigma[i]!);
      row[0] = -dx * scale - (wx * (along * scale - c0)) / k;
      row[1] = -dy * scale - (wy * (along * scale - c0)) / k;
      row[2] = 1;
      if (upRow >= 0) row[upRow] = -dz * scale;
      if (speedRow >= 0) row[speedRow] = (2 * speed * c0 * (0.5 * r2 * scale - path)) / k;
      const invSigma = 1 / (c0 * c.sigma[i]!);
      const a = Math.abs(u);
      const w = robust && a > huber ? huber / a : 1;
      sum += robust && a > huber ? huber * (2 * a - huber) : u * u;
      add(u, invSigma, w);
      const travel = c.travel[i]!;
      if (!Number.isNaN(travel)) {
        const least = c.travelLeast[i] === 1;
        const sigma = c.travelSigma[i]! * cueScale;
        const off = travel * c0 - path;
        // The derivatives are those of the arrival, but for the instant of firing.
        row[2] = 0;
        if (!least) cuesGain += cueGain(sigma, TRAVEL_CHANCE);
        if (!least || off > 0) sum += addCue(off, sigma * c0, least ? LEAST_FLOOR : cueFloor(sigma, TRAVEL_CHANCE));
      }
      const bearing = c.bearing[i]!;
      if (!Number.isNaN(bearing)) {
        // Bearing from the node to the source, clockwise from north.
        const flat2 = dx * dx + dy * dy + 1;
        const off = bearingOff(bearing, c.bearingMirror[i]!, Math.atan2(-dx, -dy));
        row[0] = -dy / flat2;
        row[1] = dx / flat2;
        row[2] = 0;
        if (upRow >= 0) row[upRow] = 0;
        if (speedRow >= 0) row[speedRow] = 0;
        const sigma = c.bearingSigma[i]! * cueScale;
        const spread = c.bearingSpread[i]! * cueScale;
        cuesGain += cueGain(spread, BEARING_CHANCE);
        sum += addCue(off, sigma, cueFloor(spread, BEARING_CHANCE));
      }
    }
    if (upRow >= 0) sum += addPrior(upRow, p[upRow]!, prior.sourceUpSigmaM);
    if (speedRow >= 0) sum += addPrior(speedRow, kappa, prior.speedSigma);
    return sum;
  }

  function add(u: number, invSigma: number, w: number): void {
    const s = invSigma * w;
    for (let a = 0; a < unknowns; a++) {
      const ra = row[a]! * s;
      right[a]! += ra * u;
      for (let b = 0; b <= a; b++) normal[a * unknowns + b]! += ra * row[b]! * invSigma;
    }
  }

  /** A bearing or a range, its derivatives in `row`; returns its cost. */
  function addCue(off: number, sigma: number, floor: number): number {
    const u = off / sigma;
    const w = cueWeight(u, floor);
    const cost = cueCost(u, floor);
    add(u, 1 / sigma, w);
    cuesCost += cost;
    if (w >= 0.5) {
      cuesFitting++;
      cuesChi2 += u * u;
    }
    return cost;
  }

  function addPrior(index: number, value: number, sigma: number): number {
    const w = 1 / (sigma * sigma);
    normal[index * unknowns + index]! += w;
    right[index]! -= w * value;
    return value * value * w;
  }
}

let cuesFitting = 0;
let cuesCost = 0;
let cuesChi2 = 0;
let cuesGain = 0;

/** Predicted time of arrival at a place of the frame, seconds from the origin of time. */
export function predictS(s: Solution, prior: Prior, x: number, y: number, z: number): number {
  return (
    s.t0S + travelOverS(x - s.eastM, y - s.northM, z - s.upM, s.speedMps, prior.air.windEastMps, prior.air.windNorthMps)
  );
}

/** Variance in s2 of the prediction at that place, from the covariance of the solution. */
export function predictVarianceS2(s: Solution, prior: Prior, x: number, y: number, z: number): number {
  const n = s.unknowns;
  const c0 = prior.air.speedMps;
  const dx = x - s.eastM;
  const dy = y - s.northM;
  const dz = z - s.upM;
  const d = Math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-9;
  const scale = c0 / s.speedMps;
  const g0 = (-dx / d) * scale;
  const g1 = (-dy / d) * scale;
  const gu = s.upRow >= 0 ? (-dz / d) * scale : 0;
  const gs = s.speedRow >= 0 ? -d * scale : 0;
  const p = s.covariance;
  let v = g0 * g0 * p[0]! + g1 * g1 * p[n + 1]! + p[2 * n + 2]! + 2 * (g0 * g1 * p[1]! + g0 * p[2]! + g1 * p[n + 2]!);
  if (s.upRow >= 0) {
    const u = s.upRow;
    v += gu * gu * p[u * n + u]! + 2 * gu * (g0 * p[u]! + g1 * p[n + u]! + p[2 * n + u]!);
  }
  if (s.speedRow >= 0) {
    const q = s.speedRow;
    v += gs * gs * p[q * n + q]! + 2 * gs * (g0 * p[q]! + g1 * p[n + q]! + p[2 * n + q]!);
    if (s.upRow >= 0) v += 2 * gs * gu * p[s.upRow * n + q]!;
  }
  return v / (c0 * c0);
}
