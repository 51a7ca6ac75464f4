/** Probability that a fix was a gunshot: what the detectors heard, whether place and times hold together, and how loudness fell with distance. */
import type { Scores } from "#contract/shot.ts";
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

/** Log of gunshot over firework, from one detector's scores; neither is believed below half a percent. */
export function overFirework(scores: Scores | undefined): number | undefined {
  return scores && Math.log((scores.gunshot + 0.005) / (scores.firework + 0.005));
}

/**
 * What the mean over the nodes of `overFirework` says of the whole, and a height above the roofs. Fitted (logistic regression) on bursts,
 * rockets and mirror images of 40 simulated cities, seeds 2000 to 2039, with `models/gunshot/2`; bin/demo/chain.bench.ts measures it on others.
 */
const CLASSES = { base: 1.33, detectors: 0.4, perNat: 1.52, usualNats: 2 };
/** Detours over roofs lift a shot by some metres too, seldom by `highM`, which a rocket that is well measured stands above. */
const HEIGHT = { fromM: 20, highM: 40, perGain: 0.12, perGainHigh: 0.18, mostGain: 15, sure: 0.35, sureOdds: 1.1 };

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

export function shotProbability(used: readonly Heard[], belief: Belief): number {
  // Neighbouring microphones hear the same sound: their verdicts are far from independent, so the sum grows with the root.
  let detectors = 0;
  let nats = 0;
  let classed = 0;
  for (const h of used) {
    detectors += logit(clamp(h.probability ?? SILENT_DETECTOR, 0.005, 0.995));
    if (h.overFirework === undefined) continue;
    nats += h.overFirework;
    classed++;
  }
  detectors /= Math.sqrt(used.length);
  const levels = levelOdds(used, belief.eastM, belief.northM, belief.upM);
  let odds = detectors + clamp(0.1 * (belief.direct - 10), -1.5, 1.5) + clamp(0.5 * levels, -1.5, 1);
  if (classed >= 3) {
    const mean = nats / classed - CLASSES.usualNats;
    odds = CLASSES.base + CLASSES.detectors * clamp(odds, -4, 4) + CLASSES.perNat * clamp(mean, -2, 2);
  }
  odds -= againstHeight(belief.elevation);
  return belief.share / (1 + Math.exp(-odds));
}

/** Log odds against a shot, from a height above the roofs. */
function againstHeight(elevation: Elevation | undefined): number {
  if (!elevation || elevation.aboveM <= HEIGHT.fromM) return 0;
  const gain = clamp(elevation.gain, 0, HEIGHT.mostGain);
  if (elevation.aboveM <= HEIGHT.highM) return HEIGHT.perGain * gain;
  return HEIGHT.perGainHigh * gain + (elevation.sigmaM < HEIGHT.sure * elevation.aboveM ? HEIGHT.sureOdds : 0);
}
