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
  /** Fewest false arrivals per second and node; a busier pool is counted. */
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
  /** What the direct arrivals and the nodes without one say, occam included. */
  direct: number;
  /** `direct` plus what echoes say: for ranking. */
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
 * Finds the rows that fit a solution: of each slot, of the free rows within `gate` sigmas of the prediction, the one that its time and
 * its detector's marks speak most for. A faint forerunner can be nearer than the shot itself where propagation is rough.
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
    let bestWorth = Number.NEGATIVE_INFINITY;
    let v = -1;
    for (let i = first; i < end; i++) {
      if (free[i] !== 1) continue;
      const off = c.t[i]! - predicted;
      if (off > 0.5 || off < -0.5) continue;
      if (v < 0) v = predictVarianceS2(s, prior, c.x[first]!, c.y[first]!, c.z[first]!) + widenS * widenS;
      const variance = v + c.sigma[i]! * c.sigma[i]!;
      if (off * off > gate * gate * variance) continue;
      const worth = pool.directBonus[i]! - (0.5 * off * off) / variance - 0.5 * Math.log(variance);
      if (worth > bestWorth) {
        bestWorth = worth;
        best = i;
      }
    }
    if (best >= 0) out.rows[out.count++] = best;
  }
}

/** Log odds of a direct sound from which an arrival that is passed over counts, and how much of them. */
const PASSED_OVER_FROM = 1;
const PASSED_OVER = 0.7;

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** Log odds that one more arrival adds to a place, before its own sigma and marks. */
function worthOfRow(pool: Pool, odds: Odds): number {
  return Math.log(odds.detection / Math.max(odds.falsePerS, pool.arrivalsPerS)) - LOG_SQRT_2PI;
}

/** Chance that a node there hears it: a node nearer than those that did should have; one further away than all need not. */
function heardAt(rangeM: number, usualM: number, farthestM: number, odds: Odds): number {
  if (rangeM <= usualM) return odds.detection;
  return odds.detection * Math.max(0.1, 1 - (0.7 * (rangeM - usualM)) / (farthestM - usualM + 1));
}

/**
 * What `weigh` can at most make of a rough place and the rows around it (`direct`): as if they fitted exactly and levels and
 * remoteness cost nothing. Refining only shrinks the volume that the unknowns leave.
 */
export function mostWorth(pool: Pool, s: Solution, prior: Prior, odds: Odds, e: Evidence): number {
  const c = pool.columns;
  let worth = occam(s, prior, odds) + e.count * worthOfRow(pool, odds);
  let sumM = 0;
  let farthestM = 0;
  for (let m = 0; m < e.count; m++) {
    const i = e.rows[m]!;
    const rangeM = Math.hypot(c.x[i]! - s.eastM, c.y[i]! - s.northM);
    sumM += rangeM;
    if (rangeM > farthestM) farthestM = rangeM;
    worth += pool.directBonus[i]! - Math.log(c.sigma[i]!);
  }
  const usualM = sumM / e.count;
  let next = 0;
  for (let slot = 0; slot < pool.slots; slot++) {
    if (next < e.count && pool.slotOf[e.rows[next]!] === slot) {
      next++;
      continue;
    }
    const first = pool.slotStart[slot]!;
    const rangeM = Math.hypot(c.x[first]! - s.eastM, c.y[first]! - s.northM);
    worth += Math.log(1 - heardAt(rangeM, usualM, farthestM, odds));
  }
  return worth;
}

/** Scores a solution with its rows (`e.rows`, in the order of their slots) in place. */
export function weigh(pool: Pool, free: Uint8Array, s: Solution, prior: Prior, odds: Odds, e: Evidence): void {
  const c = pool.columns;
  const falsePerS = Math.max(odds.falsePerS, pool.arrivalsPerS);
  const perRow = worthOfRow(pool, odds);
  let direct = -0.5 * s.chi2 + s.cueOdds + occam(s, prior, odds);
  let farthestM = 0;
  let sumM = 0;
  for (let m = 0; m < e.count; m++) {
    const i = e.rows[m]!;
    const rangeM = Math.hypot(c.x[i]! - s.eastM, c.y[i]! - s.northM);
    sumM += rangeM;
    if (rangeM > farthestM) farthestM = rangeM;
    direct += perRow - Math.log(c.sigma[i]!) + pool.directBonus[i]!;
  }
  const usualM = sumM / e.count;
  direct += levels(pool, s, e) - remoteness(pool, s);
  let echoes = 0;
  e.silent = 0;
  e.early = 0;
  let next = 0;
  for (let slot = 0; slot < pool.slots; slot++) {
    const first = pool.slotStart[slot]!;
    const end = pool.slotStart[slot + 1]!;
    const used = next < e.count && pool.slotOf[e.rows[next]!] === slot ? e.rows[next++]! : -1;
    const predicted = used >= 0 ? c.t[used]! : predictS(s, prior, c.x[first]!, c.y[first]!, c.z[first]!);
    let near = used >= 0;
    let echo = 0;
    let passedOver = 0;
    for (let i = first; i < end; i++) {
      if (i === used || free[i] !== 1) continue;
      const delay = c.t[i]! - predicted;
      if (delay > 2 || delay < -2) continue;
      near = true;
      if (delay > 0) {
        const gain = Math.log1p((odds.echo * echoDelayDensity(delay)) / falsePerS);
        if (gain > echo) echo = gain;
      } else if (delay > -1) {
        e.early++;
        if (pool.directBonus[i]! > passedOver) passedOver = pool.directBonus[i]!;
      }
    }
    echoes += echo;
    // What the detector holds for a direct shot, just before: that shot has to be explained first.
    if (passedOver > PASSED_OVER_FROM) echoes -= PASSED_OVER * passedOver;
    if (used >= 0) continue;
    if (near) e.silent++;
    const rangeM = Math.hypot(c.x[first]! - s.eastM, c.y[first]! - s.northM);
    direct += Math.log(1 - heardAt(rangeM, usualM, farthestM, odds));
  }
  e.direct = direct;
  e.total = direct + echoes;
}

/** Shots are fired where nodes were put: far outside their circle a place is the less likely the further it is. */
function remoteness(pool: Pool, s: Solution): number {
  const c = pool.columns;
  let nearest2 = Number.POSITIVE_INFINITY;
  for (let slot = 0; slot < pool.slots; slot++) {
    const i = pool.slotStart[slot]!;
    const dx = c.x[i]! - s.eastM;
    const dy = c.y[i]! - s.northM;
    nearest2 = Math.min(nearest2, dx * dx + dy * dy);
  }
  const beyondM = Math.sqrt(nearest2) - pool.spacingM;
  // A fix that hardly knows its distance must not gain by the room it leaves open.
  const n = s.unknowns;
  const majorM = Math.sqrt(s.covariance[0]! + s.covariance[n + 1]!);
  const open = majorM > 2 * pool.spacingM ? Math.log(majorM / (2 * pool.spacingM)) : 0;
  return (beyondM > 0 ? (2 * beyondM) / pool.spacingM : 0) + open;
}

/** One source is heard the fainter the further away, with this scatter; unrelated sounds with that. */
const SOURCE_SIGMA_DB = 9;
const CHANCE_SIGMA_DB = 14;
const LEVEL_GAIN = Math.log(CHANCE_SIGMA_DB / SOURCE_SIGMA_DB);
const LEVEL_COST = 0.5 * (1 / SOURCE_SIGMA_DB ** 2 - 1 / CHANCE_SIGMA_DB ** 2);

/** Log odds, at most zero, that the rows' levels fall with 20 lg r from one source, against levels by chance. */
function levels(pool: Pool, s: Solution, e: Evidence): number {
  const c = pool.columns;
  let count = 0;
  let sum = 0;
  let sum2 = 0;
  for (let m = 0; m < e.count; m++) {
    const i = e.rows[m]!;
    const level = pool.levelDb[i]!;
    if (Number.isNaN(level)) continue;
    const dx = c.x[i]! - s.eastM;
    const dy = c.y[i]! - s.northM;
    const atSource = level + 10 * Math.log10(Math.max(1, dx * dx + dy * dy));
    count++;
    sum += atSource;
    sum2 += atSource * atSource;
  }
  if (count < 3) return 0;
  // Levels that agree by chance are common among few nodes: they never speak for a fix, only against one.
  return Math.min(0, (count - 1) * LEVEL_GAIN - LEVEL_COST * (sum2 - (sum * sum) / count));
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
