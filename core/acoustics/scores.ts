/** Log odds of a gunshot, and scores in which it was changed. */
import type { Scores } from "#contract/shot.ts";

/** ln p / (1 - p), with p no surer than `least` of either. */
export function logOdds(p: number, least: number): number {
  const bounded = Math.min(1 - least, Math.max(least, p));
  return Math.log(bounded / (1 - bounded));
}

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/** The scores with another probability of a gunshot; the other classes share the rest as before. */
export function withGunshot(scores: Scores, gunshot: number): Scores {
  const rest = 1 - scores.gunshot;
  const part = (of: number) => (rest > 0 ? (of * (1 - gunshot)) / rest : (1 - gunshot) / 5);
  return {
    gunshot,
    firework: part(scores.firework),
    vehicle: part(scores.vehicle),
    impact: part(scores.impact),
    glass: part(scores.glass),
    other: part(scores.other),
  };
}
