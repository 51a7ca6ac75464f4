/**
 * What the arrivals of a fix cannot tell: how far one of them, late by an echo that the others are too few to expose, may have pulled it
 * (external reliability; W. Baarda, A testing procedure for use in geodetic networks, 1968).
 */
import type { Heard, Prior } from "./problem.ts";
import type { Solution } from "./solve.ts";
import { ellipseDistance2, ellipseOfSolution } from "./uncertainty.ts";

/** Sigmas by which an arrival may be off what the others say before it is put out of a fix. */
const UNSEEN = 3.9;
/** An arrival that the others check less than this is not checked. */
const LEAST_REDUNDANCY = 0.01;
/** Pulled by less than this many metres, a fix still leads to the place; within this many times its ellipse it says so itself. */
const FAR_M = 10;
const FAR_ELLIPSES = 3;

/** True where a hidden echo at one node could have moved the fix over 10 m and out of three times its ellipse. */
export function oneEchoMisleads(used: readonly Heard[], prior: Prior, s: Solution): boolean {
  const n = s.unknowns;
  const p = s.covariance;
  const c0 = prior.air.speedMps;
  const ellipse = ellipseOfSolution(s);
  const g = new Float64Array(n);
  const pulled = new Float64Array(n);
  for (const h of used) {
    const dx = h.eastM - s.eastM;
    const dy = h.northM - s.northM;
    const dz = h.upM - s.upM;
    const d = Math.hypot(dx, dy, dz) + 1e-9;
    const scale = c0 / s.speedMps;
    g[0] = (-dx / d) * scale;
    g[1] = (-dy / d) * scale;
    g[2] = 1;
    if (s.upRow >= 0) g[s.upRow] = (-dz / d) * scale;
    if (s.speedRow >= 0) g[s.speedRow] = -d * scale;
    const sigmaM = c0 * h.sigmaS;
    let held = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += p[i * n + j]! * g[j]!;
      pulled[i] = sum / sigmaM ** 2;
      held += g[i]! * pulled[i]!;
    }
    const hiddenM = (UNSEEN * sigmaM) / Math.sqrt(Math.max(LEAST_REDUNDANCY, 1 - held));
    const eastM = pulled[0]! * hiddenM;
    const northM = pulled[1]! * hiddenM;
    if (Math.hypot(eastM, northM) > FAR_M && ellipseDistance2(ellipse, eastM, northM) > FAR_ELLIPSES ** 2) return true;
  }
  return false;
}
