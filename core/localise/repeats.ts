/**
 * Two rounds from one place take the same ways: corners, roofs and the errors of survey and clock are common to both, so the gap
 * between them is the same at every node, far more exactly than either arrival is known by itself.
 */
import { movedM } from "./hypotheses.ts";
import type { Pool } from "./pool.ts";
import type { Heard } from "./problem.ts";
import type { Hypothesis } from "./search.ts";

/** What knowing the place already is worth, in log odds: some hundred metres around against a square kilometre. */
export const KNOWN_PLACE = 6;
/** One sigma of a gap at one node: two onsets, and a muzzle that moves by some decimetres between two rounds. */
const GAP_SIGMA_S = 5e-4;
/** Between two rounds a shooter steps aside, or runs. */
const STEP_M = 2;
const RUN_MPS = 6;
/** A gap further off than this many sigmas is another: the node took an echo once, which is as seldom as this (log odds). */
const WORST = 3;
const OTHER_WAY = -4;
/** Of a wave that comes in two steps so close together, a node takes the one in one round and the other in another (log odds). */
const STEPS_S = 0.03;
const OTHER_STEP = -2;
/** Two rounds of three nodes always agree well enough. */
const FEWEST = 4;
/** In the reverberation of the round before, a node misses a round more often than out of silence: log of 0.5 over log of 0.2. */
const QUIET = Math.log(0.5 / 0.2);

/** Where arrivals are timed worse than this, gaps say no more than the arrivals themselves. */
const WELL_TIMED_S = 2.5e-3;
/** Between rounds whose places are known no better than that, metres. */
const LOOSE_MOVE_M = 20;

export function wellTimed(pool: Pool): boolean {
  const sorted = Array.from(pool.columns.sigma.subarray(0, pool.columns.n)).sort((a, b) => a - b);
  return (sorted[sorted.length >> 1] ?? 1) < WELL_TIMED_S;
}

/** What a repetition is worth beside others: in the reverberation of the round before, what came earlier and what follows tells little. */
export function worthOfRepeat(h: Hypothesis, of: Hypothesis, pool: Pool): number {
  return (wellTimed(pool) ? h.direct : h.total) + repeatOdds(h, of, pool);
}

/** Log odds that `h` gains by being a repetition of `of`: equal gaps, and nodes that need not have heard it again. */
export function repeatOdds(h: Hypothesis, of: Hypothesis, pool: Pool): number {
  const { ownSigmaS } = pool;
  const { t, sigma } = pool.columns;
  const before = new Map([...of.rows].map((row) => [pool.slotOf[row]!, row]));
  const shared: { row: number; first: number; gapS: number; wideS: number; tightS: number }[] = [];
  for (const row of h.rows) {
    const first = before.get(pool.slotOf[row]!);
    if (first !== undefined) {
      const tightS = Math.hypot(GAP_SIGMA_S, ownSigmaS[row]!, ownSigmaS[first]!);
      shared.push({
        row,
        first,
        gapS: t[row]! - t[first]!,
        wideS: Math.max(tightS, Math.hypot(sigma[row]!, sigma[first]!)),
        tightS,
      });
    }
  }
  if (shared.length < FEWEST) return 0;
  const sorted = shared.map(({ gapS }) => gapS).sort((a, b) => a - b);
  const middleS = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  let odds = 0;
  for (const { row, first, gapS, wideS, tightS } of shared) {
    const tight = Math.abs(gapS - middleS) / tightS;
    const wide = Math.abs(gapS - middleS) / wideS;
    const same = Math.log(wideS / tightS) - 0.5 * tight * tight + 0.5 * wide * wide;
    const otherStep = stepsOf(first, pool).some((step) => Math.abs(t[row]! - t[step]! - middleS) < WORST * tightS);
    odds += tight <= WORST ? same : otherStep ? OTHER_STEP : OTHER_WAY;
  }
  return odds + QUIET * Math.max(0, of.rows.length - shared.length);
}

/** What its node heard in one go with that arrival, itself left out. */
export function stepsOf(row: number, pool: Pool): number[] {
  const slot = pool.slotOf[row]!;
  const { t } = pool.columns;
  const steps: number[] = [];
  for (let i = pool.slotStart[slot]!; i < pool.slotStart[slot + 1]!; i++)
    if (i !== row && Math.abs(t[i]! - t[row]!) < STEPS_S) steps.push(i);
  return steps;
}

/** Places this close are one, whatever their ellipses say; rounds this close in time are of one burst. */
const SAME_PLACE_M = 30;
const BURST_S = 2;
/** Of the nodes that heard one round of a burst, this share hears another: 0.56 at least in 240 simulated bursts, echoes 0.45 at most. */
const LEAST_SHARE = 0.5;
/** Where so many heard the other round, log odds of a true one are this share of its own at least: 0.25 and more in those bursts, echoes 0 at most. */
const MANY = 12;
const LEAST_ODDS = 0.15;

/**
 * Whoever fires again from a place is heard again by most of the nodes that heard the other round. A few nodes in one direction that
 * hear the same echo of it agree on that place too. Nodes that the sound cannot have reached by the newest arrival do not count.
 */
export function heardByTooFew(
  h: Hypothesis,
  of: { hypothesis: Hypothesis; used: readonly Heard[] },
  pool: Pool,
): boolean {
  const gapS = h.solution.t0S - of.hypothesis.solution.t0S;
  if (Math.abs(gapS) > BURST_S || movedM(h, of.hypothesis) > SAME_PLACE_M) return false;
  const newestS = pool.columns.t[pool.byTime[pool.byTime.length - 1]!]!;
  let expected = 0;
  for (const { toaS } of of.used) if (toaS + gapS <= newestS) expected++;
  if (h.rows.length < LEAST_SHARE * expected) return true;
  return of.used.length >= MANY && h.direct < LEAST_ODDS * of.hypothesis.direct;
}

/** Could one shooter have fired both? Not if the two places are further apart than somebody runs in between, with what both fixes leave open. */
export function oneShooter(h: Hypothesis, of: Hypothesis, pool: Pool): boolean {
  if (!wellTimed(pool)) return movedM(h, of) <= LOOSE_MOVE_M;
  const gapS = Math.abs(h.solution.t0S - of.solution.t0S);
  return movedM(h, of) <= STEP_M + RUN_MPS * gapS + 3 * Math.hypot(sigmaM(h), sigmaM(of));
}

function sigmaM({ solution: { covariance, unknowns } }: Hypothesis): number {
  return Math.sqrt(covariance[0]! + covariance[unknowns + 1]!);
}
