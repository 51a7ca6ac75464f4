/**
 * The consistency search: the best place and time that a given arrival may have come from, by closed-form candidates
 * of that arrival and two others, each judged against all nodes and refined (locally optimised RANSAC over minimal sets,
 * Chum, Matas & Kittler 2003, with the sets taken in a fixed order instead of by chance).
 */
import { fromThree, noCandidates } from "./closed-form.ts";
import { keep, sorted } from "./hypotheses.ts";
import type { Pool } from "./pool.ts";
import type { Prior } from "./problem.ts";
import { type Evidence, gather, mostWorth, noEvidence, type Odds, weigh } from "./score.ts";
import { noSolution, predictVarianceS2, type Solution, solve } from "./solve.ts";

/** A place and time with the rows it explains. */
export interface Hypothesis {
  solution: Solution;
  rows: Int32Array;
  direct: number;
  total: number;
  silent: number;
  early: number;
}

export interface SearchOptions {
  odds: Odds;
  /** Sigmas within which an arrival belongs to a refined fix. */
  gate: number;
  /** Minimal sets tried for one anchor. */
  maxSets: number;
  /** Fewest nodes of a hypothesis worth refining. */
  minNodes: number;
  /** Metres from the nearest used node beyond which a fix is not believed. */
  maxRangeM: number;
  /** Log odds against chance that a hypothesis has to have to be of use to anyone; a minimal set that cannot reach them is not refined. */
  leastWorth?: number;
}

/** Nodes a minimal set is drawn from: the best of them carry a shot, more only cost. */
const MAX_PARTNERS = 14;
/** How many arrivals of one node are tried in minimal sets. */
const MAX_RANK = 5;
/** Leave-one-out residual, in sigmas, above which an arrival is put out of a fix. */
const OUTLIER = 3.9;

/** Of the first look: a bearing or a range pulls from four times as far. */
const FAR_CUES = 4;
const SQUARES = { robust: false, cueScale: FAR_CUES };
const FIRST = { cueScale: FAR_CUES };
const ROBUST = {};

export interface Search {
  /** Hypotheses through `anchor` (a row), best first, distinct in place. `complete`: the first leaves nothing to explain. */
  from(anchor: number): { found: Hypothesis[]; complete: boolean };
  /** Refines a place and time that is believed for other reasons (an earlier version, the round before). */
  refine(eastM: number, northM: number, t0S: number, roughS: number): Hypothesis | undefined;
  /** The place of just these rows that lies nearest to a start. */
  fit(rows: Int32Array, eastM: number, northM: number, t0S: number): Hypothesis | undefined;
  /** Minimal sets judged so far. */
  readonly sets: number;
}

export function searchIn(pool: Pool, free: Uint8Array, prior: Prior, options: SearchOptions): Search {
  const c = pool.columns;
  const { odds, gate } = options;
  const candidates = noCandidates();
  const evidence: Evidence = noEvidence(pool.slots + 1);
  const work = noSolution();
  const three = new Int32Array(3);
  const partnerRows = new Int32Array(MAX_PARTNERS * MAX_RANK);
  const partnerCount = new Int32Array(MAX_PARTNERS);
  const rough: Prior = { ...prior, sourceUpSigmaM: 0, speedSigma: 0 };
  const fewest = Math.max(options.minNodes, Math.min(4, pool.slots));
  /** Bearings and ranges add to what the arrivals' times say. */
  const cues = pool.heard.some((h) => h.bearingRad !== undefined || h.travel !== undefined);
  const leastWorth = cues ? undefined : options.leastWorth;
  let sets = 0;

  return {
    from,
    refine,
    fit,
    get sets() {
      return sets;
    },
  };

  function from(anchor: number): { found: Hypothesis[]; complete: boolean } {
    const found: Hypothesis[] = [];
    const partners = choosePartners(anchor);
    const deepest = 2 * (MAX_RANK - 1);
    let budget = options.maxSets;
    for (let layer = 0; layer <= deepest && budget > 0; layer++) {
      for (let p = 0; p < partners - 1 && budget > 0; p++) {
        for (let q = p + 1; q < partners && budget > 0; q++) {
          for (let rankP = 0; rankP <= layer && rankP < partnerCount[p]!; rankP++) {
            const rankQ = layer - rankP;
            if (rankQ >= partnerCount[q]!) continue;
            budget--;
            sets++;
            if (tryThree(anchor, partnerRows[p * MAX_RANK + rankP]!, partnerRows[q * MAX_RANK + rankQ]!, found)) {
              // Its other candidate fits the same three only; nothing is left over that could tell otherwise.
              return { found: sorted(found), complete: true };
            }
          }
        }
      }
    }
    return { found: sorted(found), complete: false };
  }

  /** Fills the rows that may have come from the same shot as the anchor; the sharpest and loudest nodes first. */
  function choosePartners(anchor: number): number {
    const slots: { slot: number; worth: number }[] = [];
    const anchorSlot = pool.slotOf[anchor]!;
    for (let slot = 0; slot < pool.slots; slot++) {
      if (slot === anchorSlot) continue;
      let worth = Number.NEGATIVE_INFINITY;
      for (let i = pool.slotStart[slot]!; i < pool.slotStart[slot + 1]!; i++) {
        if (free[i] === 1 && mayShare(anchor, i)) worth = Math.max(worth, clarity(i));
      }
      if (worth > Number.NEGATIVE_INFINITY) slots.push({ slot, worth });
    }
    slots.sort((a, b) => b.worth - a.worth || a.slot - b.slot);
    const n = Math.min(slots.length, MAX_PARTNERS);
    for (let p = 0; p < n; p++) {
      const { slot } = slots[p]!;
      const rows: number[] = [];
      for (let i = pool.slotStart[slot]!; i < pool.slotStart[slot + 1]!; i++)
        if (free[i] === 1 && mayShare(anchor, i)) rows.push(i);
      // In time order, the direct sound first; a node that heard very much gives its clearest.
      if (rows.length > MAX_RANK) rows.sort((a, b) => clarity(b) - clarity(a) || a - b);
      const count = Math.min(rows.length, MAX_RANK);
      for (let r = 0; r < count; r++) partnerRows[p * MAX_RANK + r] = rows[r]!;
      partnerCount[p] = count;
    }
    return n;
  }

  function clarity(i: number): number {
    return -Math.log(c.sigma[i]!) + 0.05 * (pool.heard[i]!.snrDb ?? 10) + pool.directBonus[i]!;
  }

  /** Two ears cannot hear one sound further apart in time than sound needs between them. */
  function mayShare(a: number, b: number): boolean {
    const dx = c.x[a]! - c.x[b]!;
    const dy = c.y[a]! - c.y[b]!;
    const dz = c.z[a]! - c.z[b]!;
    const slowest =
      prior.air.speedMps * (1 - 2 * prior.speedSigma) - Math.hypot(prior.air.windEastMps, prior.air.windNorthMps);
    const reachS = Math.sqrt(dx * dx + dy * dy + dz * dz) / slowest;
    return Math.abs(c.t[a]! - c.t[b]!) <= reachS + 3 * Math.hypot(c.sigma[a]!, c.sigma[b]!);
  }

  /** Judges both candidates of three rows; true where one explains everything around. */
  function tryThree(i: number, j: number, k: number, found: Hypothesis[]): boolean {
    fromThree(c, i, j, k, rough, candidates);
    for (let s = 0; s < candidates.count; s++) {
      three[0] = i;
      three[1] = j;
      three[2] = k;
      const { x, y, t0 } = candidates;
      if (!solve(c, three, 3, rough, x[s]!, y[s]!, t0[s]!, work, { maxIterations: 2, robust: false })) continue;
      if (!Number.isFinite(work.eastM) || work.t0S > c.t[i]! + 0.01) continue;
      const h = improve(leastWorth);
      if (!h) continue;
      keep(found, h);
      if (h.silent === 0 && h.early === 0 && h.rows.length >= 5) return true;
    }
    return false;
  }

  /** From a rough solution in `work` to a refined hypothesis: gather, fit, put out what does not fit, gather again. */
  function improve(least?: number): Hypothesis | undefined {
    // The rough solution holds height and speed: what they may shift a prediction by.
    const wideS = 2e-4 + 3e-4 * prior.sourceUpSigmaM + 0.6 * prior.speedSigma;
    gather(pool, free, work, prior, 3.5, wideS, evidence);
    if (evidence.count < fewest) return undefined;
    const hopeless = (under: Prior) => least !== undefined && mostWorth(pool, work, under, odds, evidence) < least;
    if (hopeless(rough)) return undefined;
    for (let round = 0; round < 3; round++) {
      const before = evidence.count;
      // From far away Huber's weights would hold the speed where it starts: squares first.
      const options = round > 0 ? ROBUST : prior.speedSigma > 0 ? SQUARES : FIRST;
      if (!solve(c, evidence.rows, evidence.count, prior, work.eastM, work.northM, work.t0S, work, options))
        return undefined;
      dropOutliers();
      if (evidence.count < 3) return undefined;
      const checksum = checksumOf();
      gather(pool, free, work, prior, gate, 0, evidence);
      if (evidence.count < 3 || hopeless(prior)) return undefined;
      if (evidence.count === before && checksumOf() === checksum) break;
    }
    if (!solve(c, evidence.rows, evidence.count, prior, work.eastM, work.northM, work.t0S, work)) return undefined;
    dropOutliers();
    if (evidence.count < 3) return undefined;
    return finish();
  }

  function finish(): Hypothesis | undefined {
    let nearest = Number.POSITIVE_INFINITY;
    for (let m = 0; m < evidence.count; m++) {
      const i = evidence.rows[m]!;
      nearest = Math.min(nearest, Math.hypot(c.x[i]! - work.eastM, c.y[i]! - work.northM));
    }
    if (!(nearest <= options.maxRangeM)) return undefined;
    weigh(pool, free, work, prior, odds, evidence);
    return {
      solution: { ...work, covariance: work.covariance.slice() },
      rows: evidence.rows.slice(0, evidence.count),
      direct: evidence.direct,
      total: evidence.total,
      silent: evidence.silent,
      early: evidence.early,
    };
  }

  /** Puts out the row with the largest leave-one-out residual while that is too large, four rows staying. */
  function dropOutliers(): void {
    while (evidence.count > 4) {
      let worst = -1;
      let worstU = OUTLIER;
      for (let m = 0; m < evidence.count; m++) {
        const i = evidence.rows[m]!;
        const u = leaveOneOut(i);
        if (u > worstU) {
          worstU = u;
          worst = m;
        }
      }
      if (worst < 0) return;
      for (let m = worst; m < evidence.count - 1; m++) evidence.rows[m] = evidence.rows[m + 1]!;
      evidence.count--;
      if (!solve(c, evidence.rows, evidence.count, prior, work.eastM, work.northM, work.t0S, work)) {
        evidence.count = 0;
        return;
      }
    }
  }

  /** Residual of a used row in sigmas of what the others predict. */
  function leaveOneOut(i: number): number {
    const residual = Math.abs(c.t[i]! - predicted(work, prior, i));
    const v = predictVarianceS2(work, prior, c.x[i]!, c.y[i]!, c.z[i]!);
    const own = c.sigma[i]! * c.sigma[i]!;
    // A row that alone holds an unknown cannot be checked by the others.
    return residual / Math.sqrt(Math.max(own - v, 0.01 * own));
  }

  function predicted(s: Solution, p: Prior, i: number): number {
    const dx = c.x[i]! - s.eastM;
    const dy = c.y[i]! - s.northM;
    const dz = c.z[i]! - s.upM;
    const { windEastMps: wx, windNorthMps: wy } = p.air;
    const r2 = dx * dx + dy * dy + dz * dz;
    if (wx === 0 && wy === 0) return s.t0S + Math.sqrt(r2) / s.speedMps;
    const along = dx * wx + dy * wy;
    const k = s.speedMps * s.speedMps - wx * wx - wy * wy;
    return s.t0S + (Math.sqrt(along * along + k * r2) - along) / k;
  }

  function checksumOf(): number {
    let sum = 0;
    for (let m = 0; m < evidence.count; m++) sum = (sum * 31 + evidence.rows[m]! + 1) | 0;
    return sum;
  }

  function refine(eastM: number, northM: number, t0S: number, roughS: number): Hypothesis | undefined {
    work.ok = true;
    work.eastM = eastM;
    work.northM = northM;
    work.upM = prior.sourceUpM;
    work.t0S = t0S;
    work.speedMps = prior.air.speedMps;
    work.unknowns = 3;
    work.upRow = -1;
    work.speedRow = -1;
    work.covariance.fill(0);
    gather(pool, free, work, prior, 3.5, roughS, evidence);
    if (evidence.count < 3) return undefined;
    if (
      !solve(c, evidence.rows, evidence.count, prior, eastM, northM, t0S, work, prior.speedSigma > 0 ? SQUARES : FIRST)
    )
      return undefined;
    return improve();
  }

  function fit(rows: Int32Array, eastM: number, northM: number, t0S: number): Hypothesis | undefined {
    evidence.rows.set(rows);
    evidence.count = rows.length;
    if (!solve(c, evidence.rows, evidence.count, prior, eastM, northM, t0S, work)) return undefined;
    return finish();
  }
}
