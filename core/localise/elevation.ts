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
/** What it costs a shot, in squared residuals, that the air had to be measured wrongly: odds of about 50. */
const WRONG_AIR = 8;
/** With fewer nodes a height fits anything. */
const FEWEST = 6;

const work = noSolution();

/**
 * Undefined where too few nodes heard it, or their geometry tells no height. Another speed of sound and a height bend the same
 * arrivals alike: where the measured air was doubted to fit a place on the ground, the height is asked with the air as measured.
 */
export function elevationOf(used: readonly Heard[], prior: Prior, ground: Solution): Elevation | undefined {
  if (used.length < FEWEST) return undefined;
  const columns = columnsFor(used.length);
  for (const h of used) addRow(columns, h);
  const rows = Int32Array.from(used, (_, i) => i);
  const held = { ...prior, sourceUpSigmaM: Math.max(prior.sourceUpSigmaM, 0.5) };
  if (!solve(columns, rows, used.length, held, ground.eastM, ground.northM, ground.t0S, work)) return undefined;
  const doubted = prior.speedSigma > UNMEASURED_SPEED_SIGMA;
  const chi2 = work.chi2 + (doubted ? WRONG_AIR : 0);
  const free = {
    ...prior,
    ...(doubted && { speedSigma: 0 }),
    sourceUpM: prior.sourceUpM + ANY_HEIGHT_M,
    sourceUpSigmaM: ANY_HEIGHT_SIGMA_M,
  };
  if (!solve(columns, rows, used.length, free, ground.eastM, ground.northM, ground.t0S, work, { maxIterations: 30 })) {
    return undefined;
  }
  const variance = work.covariance[work.upRow * work.unknowns + work.upRow]!;
  return { aboveM: work.upM - prior.sourceUpM, sigmaM: Math.sqrt(variance), gain: chi2 - work.chi2 };
}
