/**
 * How likely an arrival is an echo of one before it.
 *
 * One microphone cannot tell a 90 ms echo from a 90 ms round for certain; what it has is level and likeness. A second
 * round of the same weapon arrives over the same path: about as loud, and with the same reflections behind it, so that
 * the 40 ms after both onsets are alike. An echo has been over another path: weaker as a rule, and unlike.
 */
import { probabilityOf } from "./scores.ts";

/** Within this an earlier arrival may be the cause, seconds. */
export const ECHO_WITHIN_S = 0.5;
/** Sound after an onset that is compared, and how far the two onsets may be off each other, seconds. */
export const LIKENESS_S = 0.04;
const LAG_S = 0.0008;

/** Logistic weights over the measures below, set by hand after the physics above: not fitted. */
const BIAS = -0.2;
const PER_DB_WEAKER = 0.22;
const PER_LIKENESS = -3.4;
const PER_S_LATER = -1.5;

/**
 * @param weakerDb how much weaker than the earlier arrival, dB
 * @param likeness `likeness` of the two, -1 to 1
 * @param laterS how much later
 */
export function echoProbability(weakerDb: number, likeness: number, laterS: number): number {
  if (laterS > ECHO_WITHIN_S) return 0;
  const clippedDb = Math.max(-12, Math.min(30, weakerDb));
  const z = BIAS + PER_DB_WEAKER * clippedDb + PER_LIKENESS * (likeness - 0.5) + PER_S_LATER * laterS;
  return probabilityOf(z);
}

/**
 * Largest normalised correlation of two stretches of sound over small lags.
 * `b` is longer than `a` by twice the lag and starts one lag earlier.
 */
export function likeness(a: Float32Array, b: Float32Array): number {
  const lags = b.length - a.length;
  let energyA = 0;
  for (let i = 0; i < a.length; i++) energyA += a[i]! * a[i]!;
  let best = 0;
  for (let lag = 0; lag <= lags; lag++) {
    let dot = 0;
    let energyB = 0;
    for (let i = 0; i < a.length; i++) {
      const y = b[i + lag]!;
      dot += a[i]! * y;
      energyB += y * y;
    }
    const scale = Math.sqrt(energyA * energyB);
    if (scale > 0) best = Math.max(best, dot / scale);
  }
  return best;
}

export function likenessLag(sampleRateHz: number): number {
  return Math.max(1, Math.round(LAG_S * sampleRateHz));
}
