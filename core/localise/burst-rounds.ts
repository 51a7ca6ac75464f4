/**
 * Rounds that follow a known one too fast to be sure of by themselves: in the tail of the round before, a lamppost's detector is seldom
 * sure and its ear may miss a round. But from one muzzle the same ways lead to the same nodes, so that all of them hear the next round
 * with one gap, to half a millisecond; echoes come with another delay at every node, but to nodes in one direction from the shooter:
 * a front behind him comes to all of them with one gap too. So a gap that one image explains is no round.
 *
 * A gap's log odds against chance, over the nodes that heard the known round:
 *   sum of ln(told * N(off; 0, sigma) / density + 1 - told) - ln(span / window)
 * density: arrivals per second of that node in the burst. A node whose ear was in another sound just before counts only for, never against.
 */
import type { Pool } from "./pool.ts";
import type { Heard } from "./problem.ts";
import { oneShooter } from "./repeats.ts";
import type { Hypothesis, Search } from "./search.ts";
import { unexplainedByImage } from "./single-image.ts";
import type { Solution } from "./solve.ts";

/**
 * Chance that a node which heard one round tells of another in the midst of a burst: as sure as its detector was of the one (0.13, 0.31,
 * 0.51, 0.67 and 0.89 in the fifths of that probability, 40 simulated bursts), and of a detector that does not say how sure.
 */
export const toldChance = (probability = 0.7) => 0.05 + 0.9 * probability;
/** One sigma of a gap at one node: two onsets, and a muzzle that moves by a decimetre. */
const GAP_SIGMA_S = 4e-4;
/** An ear that took something so shortly before takes nothing new. */
const DEAD_S = 0.045;
/** Two impulses of one wavefront. */
const SAME_S = 2e-3;
/** Of a burst: rounds follow each other within this. */
const WITHIN_S = 0.5;
/** Arrivals are counted so far around, and are at least so dense (per second). */
const AROUND_S = 0.5;
const LEAST_DENSITY = 2;
/** Fewest nodes with the gap, and their share of those that could have told. */
const FEWEST = 4;
const LEAST_SHARE = 0.5;
/** Nodes with the gap that no single image explains: so many, and this share of them, at least. */
const FEWEST_BESIDE_IMAGE = 2;
const SHARE_BESIDE_IMAGE = 0.25;
/** A gap at one node is that of an image within so many sigmas. */
const IMAGE_SIGMAS = 4;
/** A round's place predicts its other arrivals within this, before it is refined. */
const ROUGH_S = 2e-3;
/** Log odds against chance from which a gap is a round. */
const ENOUGH = 8;

export interface RoundOfBurst {
  /** One of each node that heard it with that gap, in order of slots. */
  rows: Int32Array;
  /** Seconds after the known round. */
  gapS: number;
  odds: number;
}

interface Shot {
  hypothesis: Hypothesis;
  used: readonly Heard[];
}

/** A known round of a place: its arrivals that are in the pool, as rows, and how long after the best heard one it was fired. */
interface KnownRound {
  rows: readonly number[];
  laterS: number;
}

interface Burst {
  shots: Shot[];
  rounds: KnownRound[];
}

/** Shots by place, those of each the best heard first. */
function burstsOf(shots: readonly Shot[], pool: Pool): Burst[] {
  const bursts: Burst[] = [];
  const rowOf = new Map(pool.heard.map((one, row) => [one, row]));
  for (const shot of shots.toSorted((a, b) => b.used.length - a.used.length)) {
    const rows = shot.used.flatMap((one) => rowOf.get(one) ?? []);
    const burst = bursts.find(({ shots: [first] }) => oneShooter(shot.hypothesis, first!.hypothesis, pool));
    if (!burst) bursts.push({ shots: [shot], rounds: [{ rows, laterS: 0 }] });
    else {
      burst.rounds.push({ rows, laterS: shot.hypothesis.solution.t0S - burst.shots[0]!.hypothesis.solution.t0S });
      burst.shots.push(shot);
    }
  }
  return bursts;
}

interface Template {
  heardS: Float64Array;
  told: Float64Array;
}

/** When each slot heard the first of these rounds; a slot that only a later one reached has its time less the gap. NaN where none did. */
function arrivalsOfFirst(pool: Pool, rounds: readonly KnownRound[]): Template {
  const { t } = pool.columns;
  const heardS = new Float64Array(pool.slots).fill(Number.NaN);
  const told = new Float64Array(pool.slots);
  for (const [k, { rows }] of rounds.entries()) {
    const gapS = k === 0 ? 0 : gapBetween(pool, heardS, rows);
    if (gapS === undefined) continue;
    for (const row of rows) {
      const slot = pool.slotOf[row]!;
      if (!Number.isNaN(heardS[slot]!)) continue;
      heardS[slot] = t[row]! - gapS;
      told[slot] = toldChance(pool.heard[row]!.probability);
    }
  }
  return { heardS, told };
}

/**
 * The gap that most speaks for another round.
 * @param free 1 where a row belongs to no shot.
 * @param rounds the known rounds of one place, the best heard first.
 * @param of that place.
 * @param minGapS two rounds are at least this far apart.
 */
export function nextOfBurst(
  pool: Pool,
  free: Uint8Array,
  rounds: readonly KnownRound[],
  of: Pick<Solution, "eastM" | "northM" | "speedMps">,
  minGapS: number,
): RoundOfBurst | undefined {
  const { t } = pool.columns;
  const template = arrivalsOfFirst(pool, rounds);
  const { heardS } = template;
  const known = rounds.map(({ rows, laterS }) => gapBetween(pool, heardS, rows) ?? laterS);
  let best: RoundOfBurst | undefined;
  for (let row = 0; row < t.length; row++) {
    const fromS = heardS[pool.slotOf[row]!]!;
    if (free[row] !== 1 || Number.isNaN(fromS)) continue;
    const gapS = t[row]! - fromS;
    const nearestS = Math.min(...known.map((one) => Math.abs(one - gapS)));
    if (nearestS < minGapS || nearestS > WITHIN_S) continue;
    const one = withGap(pool, free, template, gapS);
    if (one && (!best || one.odds > best.odds) && !isOfOneImage(pool, one, of)) best = one;
  }
  return best;
}

/** Median over the nodes that heard both. */
function gapBetween(pool: Pool, heardS: Float64Array, rows: readonly number[]): number | undefined {
  const gaps = rows.map((row) => pool.columns.t[row]! - heardS[pool.slotOf[row]!]!).filter(Number.isFinite);
  return gaps.sort((a, b) => a - b)[gaps.length >> 1];
}

function withGap(pool: Pool, free: Uint8Array, { heardS, told }: Template, gapS: number): RoundOfBurst | undefined {
  const rows: number[] = [];
  let odds = -Math.log(WITHIN_S / (2 * GAP_SIGMA_S));
  let could = 0;
  for (let slot = 0; slot < pool.slots; slot++) {
    const expectedS = heardS[slot]! + gapS;
    if (Number.isNaN(expectedS)) continue;
    const { row, gain, deaf } = bestAt(pool, free, slot, expectedS, told[slot]!);
    if (row >= 0) {
      rows.push(row);
      odds += gain;
      could += told[slot]!;
    } else if (!deaf) {
      odds += Math.log(1 - told[slot]!);
      could += told[slot]!;
    }
  }
  if (rows.length < FEWEST || rows.length < LEAST_SHARE * could || odds < ENOUGH) return undefined;
  return { rows: Int32Array.from(rows), gapS, odds };
}

function isOfOneImage(pool: Pool, { rows, gapS }: RoundOfBurst, of: Pick<Solution, "eastM" | "northM" | "speedMps">) {
  const beside = unexplainedByImage(
    Array.from(rows, (row) => ({
      eastM: pool.heard[row]!.eastM - of.eastM,
      northM: pool.heard[row]!.northM - of.northM,
      extraM: gapS * of.speedMps,
      withinM: IMAGE_SIGMAS * Math.hypot(GAP_SIGMA_S, pool.ownSigmaS[row]!) * of.speedMps,
    })),
  );
  return beside < Math.max(FEWEST_BESIDE_IMAGE, SHARE_BESIDE_IMAGE * rows.length);
}

/** Of a node, the arrival that speaks most for a round at that moment; and whether its ear was in another sound. */
function bestAt(pool: Pool, free: Uint8Array, slot: number, expectedS: number, told: number) {
  const { t } = pool.columns;
  let row = -1;
  let gain = 0;
  let deaf = false;
  let around = 0;
  const end = pool.slotStart[slot + 1]!;
  for (let i = pool.slotStart[slot]!; i < end; i++) if (Math.abs(t[i]! - expectedS) < AROUND_S) around++;
  const density = Math.max(LEAST_DENSITY, around / (2 * AROUND_S));
  for (let i = pool.slotStart[slot]!; i < end; i++) {
    const off = t[i]! - expectedS;
    if (off < -SAME_S && off > -DEAD_S) deaf = true;
    if (free[i] !== 1) continue;
    const sigma = Math.hypot(GAP_SIGMA_S, pool.ownSigmaS[i]!);
    const u = off / sigma;
    if (Math.abs(u) > 4) continue;
    const like = (told * Math.exp(-0.5 * u * u)) / (sigma * Math.sqrt(2 * Math.PI)) / density;
    const one = Math.log(like + 1 - told);
    if (one > gain) {
      gain = one;
      row = i;
    }
  }
  return { row, gain, deaf };
}

/** Looks for the next fast round of what is known by then. */
export type FastRound = (known: readonly Shot[]) => Hypothesis | undefined;

/**
 * @param free rows that belong to no shot.
 * @param isEcho whether it is made of the echoes of shots that are not of its burst: these repeat with the burst's gaps too.
 */
export function fastRoundIn(
  pool: Pool,
  free: Uint8Array,
  search: Search,
  minGapS: number,
  isEcho: (h: Hypothesis, of: readonly Shot[]) => boolean,
): FastRound {
  let without = -1;
  return (known) => {
    if (known.length === without) return undefined;
    for (const burst of burstsOf(known, pool)) {
      const of = burst.shots[0]!.hypothesis;
      const next = nextOfBurst(pool, free, burst.rounds, of.solution, minGapS);
      if (!next) continue;
      const { eastM, northM, t0S } = of.solution;
      let h = search.fit(next.rows, eastM, northM, t0S + next.gapS);
      if (!h || !oneShooter(h, of, pool)) continue;
      const wide = withOthers(h, search);
      // Its odds are those of the gap: only a set that holds what has the gap may bear them.
      if (wide && next.rows.every((row) => wide.rows.includes(row)) && oneShooter(wide, of, pool)) h = wide;
      const elsewhere = known.filter((shot) => !burst.shots.includes(shot));
      if (!isEcho(h, elsewhere)) return { ...h, direct: Math.max(h.direct, next.odds) };
    }
    without = known.length;
    return undefined;
  };
}

/** With the nodes that fit its place too and did not hear the known rounds. */
function withOthers({ solution, rows }: Hypothesis, search: Search): Hypothesis | undefined {
  const wide = search.refine(solution.eastM, solution.northM, solution.t0S, ROUGH_S);
  return wide && wide.rows.length > rows.length ? wide : undefined;
}
