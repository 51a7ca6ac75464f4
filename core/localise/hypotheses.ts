/** Comparing hypotheses. */
import type { Hypothesis } from "./search.ts";

/** Residuals larger than the sigmas allow: once in a hundred good fixes. */
export function strained(h: Hypothesis | undefined): boolean {
  return h !== undefined && h.solution.chi2 > h.solution.dof + 3.3 * Math.sqrt(2 * h.solution.dof);
}

export function movedM(a: Hypothesis, b: Hypothesis): number {
  return Math.hypot(a.solution.eastM - b.solution.eastM, a.solution.northM - b.solution.northM);
}

export function overlaps(a: Hypothesis, b: Hypothesis): boolean {
  let shared = 0;
  for (const row of b.rows) if (a.rows.includes(row)) shared++;
  return shared >= 2;
}
