/**
 * How well a place and time explains a pool of arrivals: log of the odds against chance.
 * Every arrival it predicts counts by its likelihood against false arrivals spread over time, each node that should have
 * heard and did not costs, arrivals later than the prediction may be echoes (sound takes detours), earlier ones may not,
 * and the fit's free unknowns cost the volume they shrink (Laplace's approximation of the evidence).
 */
import type { Pool } from "./pool.ts";
import type { Prior } from "./problem.ts";
import { predictS, predictVarianceS2, type Solution } from "./solve.ts";

export interface Odds {
  /** Chance that a node in reach hears a shot directly. */
  detection: number;
  /** False arrivals per second and node. */
  falsePerS: number;
  /** Chance of an echo arrival at a node. */
  echo: number;
  /** Place and time over which shots are spread: square metres, seconds. */
  areaM2: number;
  spanS: number;
}

export const usualOdds: Odds = { detection: 0.8, falsePerS: 0.1, echo: 0.5, areaM2: 1e6, spanS: 1 };

/** Density of echo delays in 1/s: near walls first, far ones up to a second. */
export function echoDelayDensity(delayS: number): number {
  return 0.7 * 10 * Math.exp(-delayS * 10) + 0.3 * 2 * Math.exp(-delayS * 2);
}

export interface Evidence {
  /** Rows the hypothesis takes for direct, one per slot. */
  rows: Int32Array;
  count: number;
  /** What the direct arrivals alone say, occam included. */
  direct: number;
  /** `direct` plus what echoes and silent nodes say: for ranking. */
  total: number;
  /** Slots that have free arrivals within reach, and those among them left without a direct one. */
  silent: number;
  /** Free arrivals earlier than predicted that nothing explains. */
  early: number;
}

export const noEvidence = (capacity: number): Evidence => ({
  rows: new Int32Array(capacity),
  count: 0,
  direct: 0,
  total: Number.NEGATIVE_INFINITY,
  silent: 0,
  early: 0,
});

/**
 * Finds the rows that fit a solution: of each slot the free row nearest the prediction within `gate` sigmas.
 * `widenS` is added to the sigma (for rough hypotheses).
 */
export function gather(
  pool: Pool,
  free: Uint8Array,
  s: Solution,
  prior: Prior,
  gate: number,
  widenS: number,
  out: Evidence,
): void {
  const c = pool.columns;
  out.count = 0;
  for (let slot = 0; slot < pool.slots; slot++) {
    const first = pool.slotStart[slot]!;
    const end = pool.slotStart[slot + 1]!;
    const predicted = predictS(s, prior, c.x[first]!, c.y[first]!, c.z[first]!);
    let best = -1;
    let bestOff = Number.POSITIVE_INFINITY;
    for (let i = first; i < end; i++) {
      if (free[i] !== 1) continue;
      const off = Math.abs(c.t[i]! - predicted);
      if (off < bestOff) {
        bestOff = off;
        best = i;
      }
    }
    if (best < 0 || bestOff > 0.5) continue;
    const v = predictVarianceS2(s, prior, c.x[first]!, c.y[first]!, c.z[first]!);
    const sigma = c.sigma[best]!;
    if (bestOff * bestOff <= gate * gate * (v + sigma * sigma + widenS * widenS)) out.rows[out.count++] = best;
  }
}

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** Scores a solution with its rows (`e.rows`) in place. */
export function weigh(pool: Pool, free: Uint8Array, s: Solution, prior: Prior, odds: Odds, e: Evidence): void {
  const c = pool.columns;
  let direct = -0.5 * s.chi2 + occam(s, prior, odds);
  let extra = 0;
  e.silent = 0;
  e.early = 0;
  let next = 0;
  const perRow = Math.log(odds.detection / odds.falsePerS) - LOG_SQRT_2PI;
  const miss = Math.log(1 - odds.detection);
  for (let slot = 0; slot < pool.slots; slot++) {
    const first = pool.slotStart[slot]!;
    const end = pool.slotStart[slot + 1]!;
    // Rows of a solution come in the order of their slots.
    const used = next < e.count && pool.slotOf[e.rows[next]!] === slot ? e.rows[next++]! : -1;
    const predicted = used >= 0 ? c.t[used]! : predictS(s, prior, c.x[first]!, c.y[first]!, c.z[first]!);
    if (used >= 0) direct += perRow - Math.log(c.sigma[used]!) + pool.directBonus[used]!;
    let near = used >= 0;
    let echo = 0;
    for (let i = first; i < end; i++) {
      if (i === used || free[i] !== 1) continue;
      const delay = c.t[i]! - predicted;
      if (delay > 2 || delay < -2) continue;
      near = true;
      if (delay > 0) {
        const gain = Math.log1p((odds.echo * echoDelayDensity(delay)) / odds.falsePerS);
        if (gain > echo) echo = gain;
      } else if (delay > -1) e.early++;
    }
    extra += echo;
    if (used < 0 && near) {
      e.silent++;
      extra += miss;
    }
  }
  e.direct = direct;
  e.total = direct + extra;
}

/** Log of posterior over prior volume of the unknowns. */
function occam(s: Solution, prior: Prior, odds: Odds): number {
  const n = s.unknowns;
  // Determinant by Cholesky on a copy small enough for the stack of a hot loop.
  for (let i = 0; i < n * n; i++) scratch[i] = s.covariance[i]!;
  let logDet = 0;
  for (let j = 0; j < n; j++) {
    let d = scratch[j * n + j]!;
    for (let k = 0; k < j; k++) d -= scratch[j * n + k]! * scratch[j * n + k]!;
    const l = Math.sqrt(Math.max(d, 1e-18));
    logDet += 2 * Math.log(l);
    scratch[j * n + j] = l;
    for (let i = j + 1; i < n; i++) {
      let v = scratch[i * n + j]!;
      for (let k = 0; k < j; k++) v -= scratch[i * n + k]! * scratch[j * n + k]!;
      scratch[i * n + j] = v / l;
    }
  }
  let log = 0.5 * logDet + 3 * LOG_SQRT_2PI - Math.log(odds.areaM2 * prior.air.speedMps * odds.spanS);
  if (s.upRow >= 0) log -= Math.log(prior.sourceUpSigmaM);
  if (s.speedRow >= 0) log -= Math.log(prior.speedSigma);
  return log;
}

const scratch = new Float64Array(25);
