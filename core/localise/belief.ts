/** Probability that a fix was a gunshot: what the detectors heard, whether place and times hold together, and how loudness fell with distance. */
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

/**
 * @param direct log odds of the association against chance
 * @param share this place's share of the belief among its rivals
 */
export function shotProbability(
  used: readonly Heard[],
  direct: number,
  share: number,
  eastM: number,
  northM: number,
  upM: number,
): number {
  // Neighbouring microphones hear the same sound: their verdicts are far from independent, so the sum grows with the root.
  let detectors = 0;
  for (const h of used) detectors += logit(clamp(h.probability ?? SILENT_DETECTOR, 0.005, 0.995));
  detectors /= Math.sqrt(used.length);
  const geometry = clamp(0.1 * (direct - 10), -1.5, 1.5) + clamp(0.5 * levelOdds(used, eastM, northM, upM), -1.5, 1);
  return share * (1 / (1 + Math.exp(-(detectors + geometry))));
}
