/** Probability that a fix was a gunshot: what the detectors heard, whether place and times hold together, and how loudness fell with distance. */
import type { Elevation } from "./elevation.ts";
import type { Heard } from "./problem.ts";

/** A node that says nothing about the kind of sound. */
const SILENT_DETECTOR = 0.75;
/** Level against distance: one source scatters by 6 dB around 20 lg r, unrelated sounds by 14. */
const SOURCE_SIGMA_DB = 6;
const CHANCE_SIGMA_DB = 14;

const logit = (p: number) => Math.log(p / (1 - p));
const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

/** Natural log of the odds that these levels come from one source there; 0 with fewer than three levels. */
export function levelOdds(used: readonly Heard[], eastM: number, northM: number, upM: number): number {
  const source: number[] = [];
  for (const h of used) {
    if (h.peakDbSpl === undefined) continue;
    const rangeM = Math.max(1, Math.hypot(h.eastM - eastM, h.northM - northM, h.upM - upM));
    source.push(h.peakDbSpl + 20 * Math.log10(rangeM));
  }
  if (source.length < 3) return 0;
  const mean = source.reduce((a, b) => a + b, 0) / source.length;
  let ss = 0;
  for (const s of source) ss += (s - mean) ** 2;
  const dof = source.length - 1;
  return (
    dof * Math.log(CHANCE_SIGMA_DB / SOURCE_SIGMA_DB) -
    (ss / 2) * (1 / (SOURCE_SIGMA_DB * SOURCE_SIGMA_DB) - 1 / (CHANCE_SIGMA_DB * CHANCE_SIGMA_DB))
  );
}

/** Of the detectors, the clearer half is asked what it was: behind corners every sound is dulled to the same. */
const CLEARER = 0.5;
/** Detours over roofs seem to lift a shot too, seldom by that much; a height that the residuals hardly ask for says little. */
const HEIGHT = { fromM: 35, perM: 0.1, most: 3, gain: 8 };
/** An association is usually this much better than chance. */
const USUAL_DIRECT = 25;
const FEWEST_CLASSED = 3;

/**
 * Weights of `features` in the log odds, for `models/gunshot/8`: fitted by bin/demo/fit-belief.ts to 100 simulated cities of low and 40
 * of high houses, with other sounds counted four times as often as shots; 94.2 % of their versions are on the right side (in-sample,
 * docs/bench/chain.md).
 */
export const WEIGHTS: readonly number[] = [-3.37, 1.26, -2.33, 0.85];

/** Those of model 6: records from before they were written down have no other. */
export const WEIGHTS_UNTOLD: readonly number[] = [-3.23, 1.86, -2, 0.71];

export interface Belief {
  /** Log odds of the association against chance. */
  direct: number;
  /** This place's share of the belief among its rivals. */
  share: number;
  eastM: number;
  northM: number;
  upM: number;
  elevation: Elevation | undefined;
}

/** One, the clearer detectors' verdict, a height above the roofs, and how well place and times hold together. */
export function features(
  probabilities: readonly number[],
  { direct, elevation }: Pick<Belief, "direct" | "elevation">,
) {
  const logits = probabilities.map((p) => logit(clamp(p, 0.005, 0.995))).sort((a, b) => b - a);
  const clearer = logits.slice(0, Math.ceil(CLEARER * logits.length));
  const verdict = clearer.reduce((a, b) => a + b, 0) / clearer.length;
  return [1, clamp(verdict, -4, 4), aboveRoofs(elevation), clamp((direct - USUAL_DIRECT) / 15, -1.5, 1.5)];
}

/** @param weights of `features`; an older record is computed again with its own. */
export function shotProbability(used: readonly Heard[], belief: Belief, weights = WEIGHTS): number {
  return belief.share / (1 + Math.exp(-odds(used, belief, weights)));
}

function odds(used: readonly Heard[], belief: Belief, weights: readonly number[]): number {
  const verdicts = used.map((h) => h.probability ?? SILENT_DETECTOR);
  if (used.filter((h) => h.classed).length >= FEWEST_CLASSED)
    return features(verdicts, belief).reduce((sum, x, i) => sum + weights[i]! * x, 0);
  // Neighbouring microphones hear the same sound: their verdicts are far from independent, so the sum grows with the root.
  const detectors = verdicts.reduce((sum, p) => sum + logit(clamp(p, 0.005, 0.995)), 0) / Math.sqrt(used.length);
  const levels = levelOdds(used, belief.eastM, belief.northM, belief.upM);
  const place = clamp(0.1 * (belief.direct - 10), -1.5, 1.5) + clamp(0.5 * levels, -1.5, 1);
  return detectors + place - HEIGHT_ODDS * aboveRoofs(belief.elevation);
}

/** Of detectors that tell no classes, a height costs as much as it does beside classes. */
const HEIGHT_ODDS = 1.4;

/** 0 at the ground, 3 where it is well measured and far above the roofs. */
function aboveRoofs(elevation: Elevation | undefined): number {
  if (!elevation) return 0;
  return (
    clamp(HEIGHT.perM * (elevation.aboveM - HEIGHT.fromM), 0, HEIGHT.most) * clamp(elevation.gain / HEIGHT.gain, 0, 1)
  );
}
