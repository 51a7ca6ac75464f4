/** Comparing hypotheses. */
import type { Hypothesis } from "./search.ts";

/** Residuals larger than the sigmas allow: once in a hundred good fixes. */
export function strained(h: Hypothesis | undefined): boolean {
  return h !== undefined && h.solution.chi2 > h.solution.dof + 3.3 * Math.sqrt(2 * h.solution.dof);
}

export function movedM(a: Hypothesis, b: Hypothesis): number {
  return Math.hypot(a.solution.eastM - b.solution.eastM, a.solution.northM - b.solution.northM);
}

function overlaps(a: Hypothesis, b: Hypothesis): boolean {
  let shared = 0;
  for (const row of b.rows) if (a.rows.includes(row)) shared++;
  return shared >= 2;
}

/** Keeps the best of each place. */
export function keep(found: Hypothesis[], h: Hypothesis): void {
  for (let m = 0; m < found.length; m++) {
    const other = found[m]!.solution;
    const apartM = Math.hypot(other.eastM - h.solution.eastM, other.northM - h.solution.northM);
    const sigmaM = Math.sqrt(h.solution.covariance[0]! + h.solution.covariance[h.solution.unknowns + 1]!);
    if (apartM < Math.max(5, 2 * sigmaM) && Math.abs(other.t0S - h.solution.t0S) < 0.03) {
      if (h.total > found[m]!.total) found[m] = h;
      return;
    }
  }
  found.push(h);
  if (found.length > 12) {
    found.sort((a, b) => b.total - a.total);
    found.pop();
  }
}

export function sorted(found: Hypothesis[]): Hypothesis[] {
  return found.sort((a, b) => b.total - a.total);
}

/** Of what else was found, the places that explain the same arrivals, with their share of the belief; and the share that is left. */
export function rivalsOf(h: Hypothesis, found: readonly Hypothesis[]) {
  const rivals: { hypothesis: Hypothesis; share: number }[] = [];
  let sum = 1;
  for (const other of found) {
    if (other === h) continue;
    const share = Math.exp(other.total - h.total);
    // Three nodes always have two places where the geometry gives two.
    if ((share < 0.01 && h.rows.length > 3) || !overlaps(h, other)) continue;
    sum += share;
    rivals.push({ hypothesis: other, share });
  }
  for (const rival of rivals) rival.share /= sum;
  return { rivals, share: 1 / sum };
}
