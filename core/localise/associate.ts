/**
 * Sorts a pool of arrivals into shots: the best hypothesis first, its arrivals taken out, until nothing is left that
 * chance does not explain. The work is bounded by the number of arrivals.
 */
import {
  type AssociatedShot,
  type AssociateOptions,
  type Association,
  type Candidate,
  type Given,
  type Unsolved,
  usualAssociation,
} from "./association.ts";
import { fastRoundIn } from "./burst-rounds.ts";
import { rivalsOf, strained } from "./hypotheses.ts";
import { isShadow, outOfMirror } from "./mirrors.ts";
import { poolOf } from "./pool.ts";
import type { Heard, Prior } from "./problem.ts";
import { COMPETE_S, repeatsIn } from "./repeat-search.ts";
import { heardByTooFew, KNOWN_PLACE, repeatOdds, wellTimed } from "./repeats.ts";
import { type Hypothesis, searchIn } from "./search.ts";

const REVERBERATION_S = 0.15;
/** Most that a repetition adds to a place's score. */
const MOST_BACKING = 12;
/** Most log odds that another round's equal gaps add to what a shot lacks. */
const MOST_VOUCHED = 3;
/** A place this much less likely than the one told has less than a hundredth of the belief. */
const RIVAL = 4.6;
/** What arrivals that the rough place missed may add to it. */
const MORE_ROWS = 4;
/** Log odds by which a shot must gain with another speed of sound than the given air's: where nothing then stays unexplained, else. */
const AIR_WRONG_ALL_FITS = 2.5;
const AIR_WRONG = 8;
/** With this share of all nodes a fix is taken without looking for a better one. */
const MOST_NODES = 0.6;
/** Up to this many arrivals are worked through in the order of their coming. */
const SMALL_POOL = 30;
/** With so many arrivals a node there may be more than one round in it. */
const BUSY_NODES = 3;

const USUAL_NODES = 8;
const MORE_PER_NODE = 0.5;
const MOST_MORE = 6;

export function associate(
  arrivals: readonly Heard[],
  prior: Prior,
  options: AssociateOptions = usualAssociation,
  { hints = [], others = [], taken = [], through }: Given = {},
): Association {
  const pool = poolOf(arrivals, taken);
  const n = arrivals.length;
  const rows = pool.heard.length;
  const free = new Uint8Array(rows).fill(1);
  for (const one of taken) free[pool.heard.indexOf(one)] = 0;
  const spent = new Uint8Array(rows);
  /** Most nodes heard something twice. */
  const repeats = n >= (n > SMALL_POOL ? 2 : BUSY_NODES) * pool.slots;
  const busy = n > SMALL_POOL || n >= BUSY_NODES * pool.slots;
  const budget = 1500 + 150 * n;
  // The more nodes there are, the more ways in which five of them agree by chance.
  const need5 = options.accept5 + Math.max(0, Math.min(MOST_MORE, MORE_PER_NODE * (pool.slots - USUAL_NODES)));
  const leastNeed = pool.slots > 4 ? Math.min(options.accept4, need5) : options.accept4OfFour;
  const perAnchor = {
    ...options,
    maxSets: Math.max(90, Math.min(options.maxSets, Math.ceil((options.maxSets * SMALL_POOL) / n))),
    ...(pool.slots > 3 ? { leastWorth: leastNeed - MOST_VOUCHED - RIVAL - MORE_ROWS } : {}),
  };
  const search = searchIn(pool, free, prior, perAnchor);
  const shots: AssociatedShot[] = [];
  let freeSpeedSets = 0;

  for (const hint of hints) {
    const h = search.refine(hint.eastM, hint.northM, hint.t0S, hint.sigmaS);
    if (h && h.rows.length >= 5 && h.silent === 0 && h.early === 0 && acceptable(h)) take(h, [h], prior);
  }

  const repeatOf = repeatsIn(pool, free, search, options.minRoundGapS);
  const fastRound = fastRoundIn(pool, free, search, options.minRoundGapS, (h, of) => isShadow(h, of, pool, prior));
  const rounds = new Map<AssociatedShot, Hypothesis | null>();
  /** What each anchor led to; still true while none of its arrivals is taken. */
  const led = new Map<number, Candidate>();
  while (search.sets + freeSpeedSets < budget) {
    const round = (through ? undefined : fastRound([...others, ...shots])) ?? anotherRound();
    if (round) {
      take(round, [round], prior);
      continue;
    }
    let best: Candidate | undefined;
    const anchors = competing();
    if (anchors.length === 0) break;
    for (const anchor of anchors) {
      // Whatever this arrival belongs to was found through an earlier one.
      if (best?.found[0]?.rows.includes(anchor)) continue;
      let candidate = led.get(anchor);
      if (!candidate || candidate.found.some((h) => h.rows.some((row) => free[row] !== 1))) {
        candidate = lookFrom(anchor);
        if (candidate) led.set(anchor, candidate);
      }
      if (!candidate) {
        spent[anchor] = 1;
        continue;
      }
      if (busy) backByRepeats(candidate);
      if (!best || candidate.worth > best.worth) best = candidate;
      if (candidate.complete || search.sets + freeSpeedSets >= budget) break;
      const nodes = best.found[0]!.rows.length;
      if (nodes >= 8 && nodes >= MOST_NODES * pool.slots) break;
    }
    // None of these leads anywhere; what came later may.
    if (!best) continue;
    take(best.found[0]!, [...best.found, ...best.beside], best.prior);
  }
  for (const shot of shots)
    if (shot.used.length <= 4 && shot.prior === prior) outOfMirror(shot, [...others, ...shots], search, pool, prior);
  return { shots, unsolved: unsolved(), pool, free, sets: search.sets + freeSpeedSets };

  /** Arrivals to start from: those close in time to the first that is left, in a small pool as they came, else the clearest first. */
  function competing(): number[] {
    const anchors: number[] = [];
    let untilS = Number.POSITIVE_INFINITY;
    for (const row of pool.byTime) {
      if (free[row] !== 1 || spent[row] === 1) continue;
      if (through && pool.heard[row] !== through) continue;
      const t = pool.columns.t[row]!;
      // A shot further away in time than sound travels does not compete with the first.
      if (anchors.length === 0) untilS = t + COMPETE_S;
      if (t > untilS) break;
      anchors.push(row);
    }
    if (n <= SMALL_POOL) return anchors;
    const clear = (row: number) => (pool.heard[row]!.snrDb ?? 0) + 10 * pool.directBonus[row]!;
    return anchors.sort((a, b) => clear(b) - clear(a) || a - b);
  }

  function lookFrom(anchor: number): Candidate | undefined {
    let { found, complete } = search.from(anchor);
    let under = prior;
    const beside: Hypothesis[] = [];
    // With a wrong speed some nodes still agree; where none do there is no shot, whatever the air.
    const some = (found[0]?.rows.length ?? 0) >= 4 || (pool.slots >= 7 && n <= 1.5 * pool.slots);
    if ((!complete || strained(found[0])) && some && options.speedDoubt > 0 && prior.speedSigma === 0) {
      const held = found[0];
      const freed = withFreeSpeed(anchor, held);
      if (freed && freed.ahead >= 0) {
        if (held) beside.push({ ...held, total: freed.found[0]!.total - freed.ahead });
        found = freed.found;
        under = freed.prior;
        complete = freed.complete;
      } else if (freed && held) beside.push({ ...freed.found[0]!, total: held.total + freed.ahead });
    }
    const all = found;
    found = all.filter((h, i) => acceptable(h) || (i < 3 && vouchedFor(h, under)));
    if (found.length === 0) return undefined;
    beside.push(...all.filter((h) => !found.includes(h) && h.rows.length >= found[0]!.rows.length));
    return { found, complete: complete && found[0]!.silent === 0, prior: under, worth: found[0]!.total, beside };
  }

  /** Too little by itself, but another round keeps the same gap to it at every node, which chance does not do. */
  function vouchedFor(h: Hypothesis, under: Prior): boolean {
    if (!repeats || under !== prior || h.rows.length < 4 || !acceptable(h, MOST_VOUCHED)) return false;
    const repeat = repeatOf(h, () => true);
    return repeat !== undefined && acceptable(h, Math.min(MOST_VOUCHED, repeatOdds(repeat, h, pool)));
  }

  /** In a crowd, a place from which more than one round fits is believed before one from which a single one does. */
  function backByRepeats(candidate: Candidate): void {
    if (candidate.backed || candidate.prior !== prior) return;
    candidate.backed = true;
    let bestWorth = Number.NEGATIVE_INFINITY;
    let first: Hypothesis | undefined;
    for (const h of candidate.found.slice(0, 3)) {
      const repeat = repeatOf(h, () => true);
      const worth = h.total + (repeat ? backing(repeat, h) : 0);
      if (worth > bestWorth) {
        bestWorth = worth;
        first = h;
      }
    }
    candidate.worth = bestWorth;
    candidate.found = [first!, ...candidate.found.filter((h) => h !== first)];
  }

  function backing(repeat: Hypothesis, of: Hypothesis): number {
    const worth = repeat.direct + KNOWN_PLACE + Math.min(0, repeatOdds(repeat, of, pool));
    return Math.max(0, Math.min(MOST_BACKING, worth));
  }

  /** The best of what may be another round from the place of a shot that was found. */
  function anotherRound(): Hypothesis | undefined {
    let best: Hypothesis | undefined;
    for (const shot of shots.slice(-3)) {
      if (shot.prior !== prior) continue;
      let h = rounds.get(shot);
      if (h === undefined || h?.rows.some((row) => free[row] !== 1)) {
        const first = shot.hypothesis;
        h = repeatOf(first, (one) => acceptable(one, creditOf(one, first))) ?? null;
        rounds.set(shot, h);
      }
      if (h && (!best || h.total > best.total)) best = h;
    }
    return best;
  }

  /** What the known place is worth to a repetition: nothing in the reverberation of a round, where times are rough. */
  function creditOf(h: Hypothesis, of: Hypothesis): number {
    const behind = shots.some(({ hypothesis }) => {
      const lagS = h.solution.t0S - hypothesis.solution.t0S;
      return lagS > 0 && lagS < REVERBERATION_S;
    });
    return behind && !wellTimed(pool) ? 0 : KNOWN_PLACE + repeatOdds(h, of, pool);
  }

  /** What else fits the place of a round that was found, heard by too few to tell it from chance. */
  function unsolved(): Unsolved[] {
    const last = shots[0];
    if (!last || !busy || last.prior !== prior) return [];
    const h = repeatOf(last.hypothesis, (one) => one.rows.length >= 0.5 * last.used.length && !isShadowOfAny(one));
    if (!h) return [];
    const nodes = [...h.rows].map((row) => pool.heard[row]!.node);
    const why = `fits the place of another round, but only ${nodes.length} of ${pool.slots} nodes agree: not enough against chance`;
    return [{ t0S: h.solution.t0S, nodes, why }];
  }

  function withFreeSpeed(anchor: number, held: Hypothesis | undefined) {
    const freePrior: Prior = { ...prior, speedSigma: options.speedDoubt };
    const freed = searchIn(pool, free, freePrior, { ...perAnchor, maxSets: Math.ceil(perAnchor.maxSets / 3) });
    const { found, complete } = freed.from(anchor);
    freeSpeedSets += freed.sets;
    const first = found[0];
    if (!first || first.rows.length < 6) return undefined;
    if (!held) return { found, complete, prior: freePrior, ahead: Number.POSITIVE_INFINITY };
    if (first.rows.length <= held.rows.length && !strained(held)) return undefined;
    // The air that was given is believed unless more fits without it.
    const needed = first.silent === 0 && first.early === 0 ? AIR_WRONG_ALL_FITS : AIR_WRONG;
    return { found, complete, prior: freePrior, ahead: first.total - held.total - needed };
  }

  function acceptable(h: Hypothesis, credit = 0): boolean {
    const nodes = h.rows.length;
    if (nodes < options.minNodes) return false;
    if (nodes >= 5 ? h.direct + credit < need5 : nodes === 4 ? h.direct + credit < fourNeed(nodes) : !lonely(h))
      return false;
    for (const other of [...others, ...shots]) {
      const a = other.hypothesis.solution;
      const b = h.solution;
      const gapS = Math.abs(a.t0S - b.t0S);
      // The same sound twice: duplicates, or an echo within the length of a muzzle blast.
      if (gapS < options.minRoundGapS && Math.hypot(a.eastM - b.eastM, a.northM - b.northM) < 60) return false;
      if (heardByTooFew(h, other, pool)) return false;
    }
    return !isShadowOfAny(h);
  }

  /** Four nodes of many need more than four of four. */
  function fourNeed(nodes: number): number {
    return nodes === pool.slots ? options.accept4OfFour : options.accept4;
  }

  /** Three nodes say something only where no other arrival contradicts them. */
  function lonely(h: Hypothesis): boolean {
    return h.silent === 0 && h.early === 0 && shots.length === 0 && others.length === 0 && pool.slots === 3;
  }

  function isShadowOfAny(h: Hypothesis): boolean {
    return isShadow(h, [...others, ...shots], pool, prior);
  }

  function take(h: Hypothesis, found: readonly Hypothesis[], under: Prior): void {
    const { rivals, share } = rivalsOf(h, found);
    shots.push({
      hypothesis: h,
      used: [...h.rows].map((row) => pool.heard[row]!),
      rivals,
      share,
      prior: under,
    });
    for (const row of h.rows) {
      free[row] = 0;
      // What one node hears within the length of the blast is the same blast.
      const slot = pool.slotOf[row]!;
      for (let i = pool.slotStart[slot]!; i < pool.slotStart[slot + 1]!; i++) {
        if (free[i] === 1 && Math.abs(pool.columns.t[i]! - pool.columns.t[row]!) < 0.001) {
          free[i] = 2;
        }
      }
    }
  }
}
