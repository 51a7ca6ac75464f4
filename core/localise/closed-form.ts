/**
 * The two places from which a sound reaches three ears at three given times, in closed form.
 * Subtracting the first sphere from the other two leaves two lines in (x, y, range); put back into the first sphere
 * they give a quadratic in the range (Schmidt, IEEE AES-8(6), 1972; Chan & Ho, IEEE SP 42(8), 1994, the case of three).
 * Known heights enter the spheres, and wind is removed by going into the frame of the moving air, both without approximation.
 */
import type { Columns, Prior } from "./problem.ts";

/** Up to two candidates: east, north, firing time. */
export interface Candidates {
  count: number;
  x: [number, number];
  y: [number, number];
  t0: [number, number];
}

export const noCandidates = (): Candidates => ({ count: 0, x: [0, 0], y: [0, 0], t0: [0, 0] });

/** Candidates of the arrivals `i`, `j`, `k` into `out`. None where the ears stand in line or the times contradict each other. */
export function fromThree(c: Columns, i: number, j: number, k: number, prior: Prior, out: Candidates): void {
  out.count = 0;
  const { speedMps, windEastMps: wx, windNorthMps: wy } = prior.air;
  const ti = c.t[i]!;
  const tauJ = c.t[j]! - ti;
  const tauK = c.t[k]! - ti;
  // Ears as they stand in the moving air at their time of arrival, from ear i.
  const uJ = c.x[j]! - c.x[i]! - wx * tauJ;
  const vJ = c.y[j]! - c.y[i]! - wy * tauJ;
  const uK = c.x[k]! - c.x[i]! - wx * tauK;
  const vK = c.y[k]! - c.y[i]! - wy * tauK;
  const det = uJ * vK - uK * vJ;
  const size = uJ * uJ + vJ * vJ + uK * uK + vK * vK;
  if (Math.abs(det) < 1e-4 * size || size < 1) return;
  const hI = prior.sourceUpM - c.z[i]!;
  const hJ = prior.sourceUpM - c.z[j]!;
  const hK = prior.sourceUpM - c.z[k]!;
  const rJ = speedMps * tauJ;
  const rK = speedMps * tauK;
  const pJ = 0.5 * (uJ * uJ + vJ * vJ + hJ * hJ - hI * hI - rJ * rJ);
  const pK = 0.5 * (uK * uK + vK * vK + hK * hK - hI * hI - rK * rK);
  // x = ax + bx d, y = ay + by d with d the range to ear i.
  const ax = (pJ * vK - pK * vJ) / det;
  const ay = (uJ * pK - uK * pJ) / det;
  const bx = (-rJ * vK + rK * vJ) / det;
  const by = (-uJ * rK + uK * rJ) / det;
  const qa = bx * bx + by * by - 1;
  const qb = ax * bx + ay * by;
  const qc = ax * ax + ay * ay + hI * hI;
  const disc = qb * qb - qa * qc;
  let root: number;
  if (disc < 0) {
    // Noise can push a source near the edge of what is possible just over it: take the nearest possible one.
    if (disc < -0.02 * qb * qb || Math.abs(qa) < 1e-12) return;
    root = 0;
  } else root = Math.sqrt(disc);
  const minRange = Math.max(0, -rJ, -rK);
  for (let s = 0; s < 2; s++) {
    let d: number;
    if (Math.abs(qa) < 1e-12) {
      if (s === 1) break;
      d = -qc / (2 * qb);
    } else {
      if (s === 1 && root === 0) break;
      d = (-qb + (s === 0 ? root : -root)) / qa;
    }
    if (!(d >= minRange) || d > 20000) continue;
    const flight = d / speedMps;
    const n = out.count++;
    out.x[n] = c.x[i]! + ax + bx * d - wx * flight;
    out.y[n] = c.y[i]! + ay + by * d - wy * flight;
    out.t0[n] = ti - flight;
  }
}
