/** How high above the ground a sound seems to have been made. Shots are fired by people; rockets burst above the roofs. */
import { UNMEASURED_SPEED_SIGMA } from "./prior.ts";
import { addRow, columnsFor, type Heard, type Prior } from "./problem.ts";
import { noSolution, type Solution, solve } from "./solve.ts";

export interface Elevation {
  /** Above where a muzzle is expected, metres, with one sigma. */
  aboveM: number;
  sigmaM: number;
  /** By how much the squared residuals fall when the height is left free. */
  gain: number;
}

/** Anything up to a rocket's height. */
const ANY_HEIGHT_M = 40;
const ANY_HEIGHT_SIGMA_M = 60;
/** Air that was measured, as a relative sigma of the speed of sound: a little over 1 degree. */
const MEASURED_SPEED_SIGMA = 2e-3;
/** What it costs, in squared residuals, that the air was measured wrongly: odds of about 50. */
const WRONG_AIR = 8;
/** With fewer nodes a height fits anything. */
const FEWEST = 6;

const work = noSolution();

/**
 * Undefined where too few nodes heard it, or their geometry tells no height. Another speed of sound and a height bend the same
 * arrivals alike: where the measured air was doubted to fit a place on the ground, both places are asked with the air as measured and
 * with the air measured wrongly.
 */
export function elevationOf(used: readonly Heard[], prior: Prior, ground: Solution): Elevation | undefined {
  if (used.length < FEWEST) return undefined;
  const columns = columnsFor(used.length);
  for (const h of used) addRow(columns, h);
  const rows = Int32Array.from(used, (_, i) => i);
  const airs =
    prior.speedSigma > UNMEASURED_SPEED_SIGMA
      ? [
          { speedSigma: MEASURED_SPEED_SIGMA, cost: 0 },
          { speedSigma: prior.speedSigma, cost: WRONG_AIR },
        ]
      : [{ speedSigma: prior.speedSigma, cost: 0 }];
  const fit = (sourceUpM: number, sourceUpSigmaM: number) => {
    let best: Elevation | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const { speedSigma, cost } of airs) {
      const under = { ...prior, speedSigma, sourceUpM, sourceUpSigmaM };
      const { eastM, northM, t0S } = ground;
      if (!solve(columns, rows, used.length, under, eastM, northM, t0S, work, { maxIterations: 30 })) continue;
      if (work.chi2 + cost >= least) continue;
      least = work.chi2 + cost;
      const variance = work.covariance[work.upRow * work.unknowns + work.upRow]!;
      best = { aboveM: work.upM - prior.sourceUpM, sigmaM: Math.sqrt(variance), gain: -least };
    }
    return best;
  };
  const low = fit(prior.sourceUpM, Math.max(prior.sourceUpSigmaM, 0.5));
  const free = fit(prior.sourceUpM + ANY_HEIGHT_M, ANY_HEIGHT_SIGMA_M);
  return low && free && { ...free, gain: free.gain - low.gain };
}
