/** Looks for another round from a place that is known. */
import type { Pool } from "./pool.ts";
import { oneShooter, stepsOf, worthOfRepeat } from "./repeats.ts";
import type { Hypothesis, Search } from "./search.ts";

/** Shots whose first arrivals lie this close in time compete for arrivals. */
export const COMPETE_S = 3;
/** A round's place predicts another's arrivals within this, before it is refined. */
const ROUGH_S = 6e-3;
/** Two rounds' gaps at one node and at another agree this well. */
const SAME_WAY_S = 3e-3;
const FEWEST = 4;

/** The best hypothesis with that one's place and another time, of arrivals that it does not use. */
export type RepeatOf = (of: Hypothesis, good: (h: Hypothesis) => boolean) => Hypothesis | undefined;

/** @param free rows that belong to no shot; they are as before when a search is over. */
export function repeatsIn(pool: Pool, free: Uint8Array, search: Search, minRoundGapS: number): RepeatOf {
  const { t } = pool.columns;

  return (of, good) => {
    let best: Hypothesis | undefined;
    let bestWorth = Number.NEGATIVE_INFINITY;
    const directOf = new Map([...of.rows].map((row) => [pool.slotOf[row]!, t[row]!]));
    const lifted = [...of.rows].filter((row) => free[row] === 1);
    for (const row of lifted) free[row] = 0;
    const { eastM, northM, t0S } = of.solution;
    for (let row = 0; row < pool.heard.length; row++) {
      const directS = directOf.get(pool.slotOf[row]!);
      if (free[row] !== 1 || directS === undefined) continue;
      const gapS = t[row]! - directS;
      if (Math.abs(gapS) < minRoundGapS || Math.abs(gapS) > COMPETE_S) continue;
      for (const h of [search.refine(eastM, northM, t0S + gapS, ROUGH_S), sameWays(of, gapS)]) {
        if (!h || h.rows.length < FEWEST || !oneShooter(h, of, pool)) continue;
        const worth = worthOfRepeat(h, of, pool);
        if (worth <= bestWorth || !good(h)) continue;
        best = h;
        bestWorth = worth;
      }
    }
    for (const row of lifted) free[row] = 1;
    return best;
  };

  /** The arrivals that follow that round's own by just this gap: where propagation is rough, they tell more than the place does. */
  function sameWays(of: Hypothesis, gapS: number): Hypothesis | undefined {
    const followers: number[] = [];
    for (const row of of.rows) {
      const slot = pool.slotOf[row]!;
      let nearest = -1;
      let nearestS = SAME_WAY_S;
      for (const step of [row, ...stepsOf(row, pool)]) {
        // A step that the other round was not heard by counts where none follows its own.
        if (step !== row && nearest >= 0) break;
        for (let i = pool.slotStart[slot]!; i < pool.slotStart[slot + 1]!; i++) {
          const offS = Math.abs(t[i]! - t[step]! - gapS);
          if (free[i] !== 1 || offS > nearestS) continue;
          nearest = i;
          nearestS = offS;
        }
      }
      if (nearest >= 0) followers.push(nearest);
    }
    if (followers.length < FEWEST) return undefined;
    const { eastM, northM, t0S } = of.solution;
    return search.fit(Int32Array.from(followers), eastM, northM, t0S + gapS);
  }
}
