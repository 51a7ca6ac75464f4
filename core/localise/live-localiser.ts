/**
 * A version of a shot with every arrival that changes it. Each arrival is offered to the shots it may belong to; what none
 * claims starts a search through that arrival alone, so the cost of an arrival does not grow with the city. When nothing more
 * can come, the neighbourhood is sorted once more as a whole.
 */
import type { Arrival } from "#contract/shot.ts";
import type { Site } from "#contract/site.ts";
import { arrivalStore } from "./arrival-store.ts";
import { associate } from "./associate.ts";
import type { AssociatedShot } from "./association.ts";
import { groundFor, type LocaliserOptions, SLACK_S, SLOWEST_MPS } from "./localiser.ts";
import type { AirReport } from "./prior.ts";
import type { Known, Shot } from "./shot-record.ts";
import { predictS, predictVarianceS2 } from "./solve.ts";
import { nodesOf, solid, type Track } from "./track.ts";
import { trackBook } from "./track-book.ts";

export interface LiveLocaliser {
  /** Takes an arrival in at `nowNs` (nanoseconds since 1970); gives the versions it brought about. */
  push(arrival: Arrival, nowNs: bigint): { shots: Shot[]; refused?: string };
  /** Time passes: gives what is settled now that nothing more can come. */
  advance(nowNs: bigint): Shot[];
  /** A shot that an earlier process told of: its versions go on from there. */
  adopt(id: string, version: number, incident: string): void;
  readonly counters: Record<string, number>;
}

const KEPT_ARRIVALS = 20_000;
const MOST_UNSETTLED = 5_000;
/** Arrivals looked at together with a new one. */
const MOST_NEAR = 64;
/** When a neighbourhood is sorted as a whole there is time for a burst with all its echoes. */
const MOST_SETTLED = 200;
/** A fix moves by less than this share of its ellipse: no new version for it. */
const SAME = 1e-3;
const NS_PER_S = 1e9;

export function liveLocaliser(
  site: Partial<Site>,
  options: LocaliserOptions & {
    /** Seconds after an arrival when nothing of its shot can come any more. */
    settleS?: number;
  } = {},
): LiveLocaliser {
  const ground = groundFor(site, options);
  const settleNs = BigInt(Math.round((options.settleS ?? 4) * NS_PER_S));
  const store = arrivalStore(ground.maxRangeM, KEPT_ARRIVALS);
  const book = trackBook(ground, (first) => near(first, 1, ground.linkS));
  const { tracks, ownerOf, open, renew, withdraw } = book;
  /** The newest pass that sorted it with what was around it. */
  const passOf = new WeakMap<Known, number>();
  let passes = 0;
  const unsettled: { known: Known; dueNs: bigint }[] = [];
  const counters = {
    arrivals: 0,
    repeated: 0,
    refused: 0,
    sets: 0,
    unsettledDropped: 0,
    evicted: 0,
  };

  return {
    push,
    advance,
    adopt: book.adopt,
    get counters() {
      return { ...counters, ...book.counters };
    },
  };

  function push(arrival: Arrival, nowNs: bigint): { shots: Shot[]; refused?: string } {
    const known = ground.intake.take(arrival);
    if (typeof known === "string") {
      counters.refused++;
      return { shots: [], refused: known };
    }
    counters.arrivals++;
    if (!store.add(known)) {
      counters.repeated++;
      return { shots: [] };
    }
    counters.evicted = store.evicted;
    const laterNs = known.toaNs > nowNs ? known.toaNs : nowNs;
    unsettled.push({ known, dueNs: laterNs + settleNs });
    if (unsettled.length > MOST_UNSETTLED) {
      unsettled.shift();
      counters.unsettledDropped++;
    }
    return { shots: claim(known) ?? searchThrough(known) };
  }

  function near(known: Known, beforeS: number, afterS: number, most = MOST_NEAR): Known[] {
    return store.near(known.eastM, known.northM, 2 * ground.maxRangeM, known.toaS - beforeS, known.toaS + afterS, most);
  }

  /** Shots whose sound may have been under way at that time. */
  function tracksAround(known: Known): Track[] {
    return tracks.filter(({ shot }) => {
      const { eastM, northM, t0S } = shot.hypothesis.solution;
      const lagS = known.toaS - t0S;
      return (
        lagS > -2 &&
        lagS < ground.linkS &&
        Math.hypot(eastM - known.eastM, northM - known.northM) < 2 * ground.maxRangeM
      );
    });
  }

  /** Gives the arrival to the shot that predicts it best. Undefined where none does. */
  function claim(known: Known): Shot[] | undefined {
    let best: Track | undefined;
    let bestU = ground.options.gate;
    for (const track of tracksAround(known)) {
      const { hypothesis, prior, used } = track.shot;
      const s = hypothesis.solution;
      if (Math.hypot(s.eastM - known.eastM, s.northM - known.northM) > ground.maxRangeM) continue;
      const off = Math.abs(known.toaS - predictS(s, prior, known.eastM, known.northM, known.upM));
      const v = predictVarianceS2(s, prior, known.eastM, known.northM, known.upM);
      const u = off / Math.sqrt(known.sigmaS * known.sigmaS + v);
      if (u < bestU && !used.some((one) => one.node === known.node)) {
        bestU = u;
        best = track;
      }
    }
    if (!best) return undefined;
    const pool = [...(best.shot.used as Known[]), known];
    const { prior, air } = ground.priorFor(pool);
    const { eastM, northM, t0S } = best.shot.hypothesis.solution;
    const result = associate(pool, prior, ground.options, {
      hints: [{ eastM, northM, t0S, sigmaS: 3 * known.sigmaS }],
    });
    counters.sets += result.sets;
    const shot = result.shots.find((one) => one.used.includes(known));
    if (!shot || shot.used.length <= best.shot.used.length) return undefined;
    // Rivals that the others' silence had already ruled out stay ruled out.
    return [renew(best, shot, air)];
  }

  function searchThrough(known: Known): Shot[] {
    const around = tracksAround(known);
    const firm = around.filter(solid);
    const pool: Known[] = [];
    const taken: Known[] = [];
    for (const one of near(known, ground.linkS, ground.linkS)) {
      const apartM = Math.hypot(one.eastM - known.eastM, one.northM - known.northM);
      if (Math.abs(one.toaS - known.toaS) > apartM / SLOWEST_MPS + SLACK_S) continue;
      const owner = ownerOf(one.id);
      if (owner && firm.includes(owner)) taken.push(one);
      else if (!owner || !solid(owner)) pool.push(one);
    }
    if (nodesOf(pool) < 4) return [];
    const { prior, air } = ground.priorFor(pool);
    const result = associate(
      pool,
      prior,
      { ...ground.options, minNodes: 4 },
      { through: known, others: firm.map((track) => track.shot), taken },
    );
    counters.sets += result.sets;
    return result.shots.flatMap((shot) => enter(shot, air, false));
  }

  /** A shot found anew: a new version of the one it overlaps most, or a new one. Those that lose arrivals to it are solved again or withdrawn. */
  function enter(shot: AssociatedShot, air: AirReport, whole: boolean): Shot[] {
    const overlaps = new Map<Track, number>();
    for (const one of shot.used) {
      const owner = ownerOf(one.id);
      if (owner) overlaps.set(owner, (overlaps.get(owner) ?? 0) + 1);
    }
    const [first, ...rest] = [...overlaps]
      .sort((a, b) => b[1] - a[1] || (a[0].id < b[0].id ? -1 : 1))
      .map(([track]) => track);
    if (!whole && first && shot.hypothesis.total < first.shot.hypothesis.total + 2) return [];
    const out: Shot[] = [];
    if (first) out.push(renew(first, shot, air));
    else out.push(open(shot, air));
    for (const loser of rest) {
      const left = (loser.shot.used as Known[]).filter((one) => ownerOf(one.id) === loser);
      const { prior, air: itsAir } = ground.priorFor(left);
      const again = left.length >= 4 ? associate(left, prior, { ...ground.options, minNodes: 4 }).shots[0] : undefined;
      out.push(again ? renew(loser, again, itsAir) : withdraw(loser, `its arrivals belong to ${out[0]!.id}`));
    }
    return out;
  }

  function advance(nowNs: bigint): Shot[] {
    const out: Shot[] = [];
    const settled = new Set<string>();
    let at = 0;
    for (; at < unsettled.length && unsettled[at]!.dueNs <= nowNs; at++) {
      const { known } = unsettled[at]!;
      if (settled.has(known.id)) continue;
      out.push(...settle(known, settled));
    }
    unsettled.splice(0, at);
    if (at > 0) {
      const open = new Set(unsettled.map((one) => one.known.id));
      for (const track of tracks) if (isOutdated(track, open)) out.push(renew(track, track.shot, track.air));
    }
    return out;
  }

  /** Does its record still give a reason against an arrival that by now is another round's direct sound? */
  function isOutdated({ record, shot, id }: Track, open: ReadonlySet<string>): boolean {
    const others = record.rejected.filter((one) => (ownerOf(one.id)?.id ?? id) !== id);
    return others.length > 0 && ![...others, ...shot.used].some((one) => open.has(one.id));
  }

  /** Sorts the neighbourhood of an arrival once more as a whole. */
  function settle(known: Known, settled: Set<string>): Shot[] {
    const pool = near(known, ground.linkS / 2, ground.linkS, MOST_SETTLED);
    // One pass had all of it together already.
    const pass = pool[0] && passOf.get(pool[0]);
    if (pass !== undefined && pool.every((one) => passOf.get(one) === pass)) return [];
    passes++;
    const touched = new Set<Track>();
    for (const one of pool) {
      if (one.toaS <= known.toaS + 1) settled.add(one.id);
      const owner = ownerOf(one.id);
      if (owner) touched.add(owner);
    }
    if (nodesOf(pool) < 3) return [];
    // Shots that nothing contradicts stay; their arrivals need no second look.
    const firm = [...touched].filter((track) => solid(track) && track.record.rejected.length === 0);
    const firmIds = new Set(firm.flatMap((track) => track.shot.used.map((one) => one.id)));
    // A shot that lies only partly in view is not judged from here.
    const inPool = new Set(pool.map((one) => one.id));
    const partly = new Set([...touched].filter((track) => track.shot.used.some((one) => !inPool.has(one.id))));
    const isTaken = (one: Known) => firmIds.has(one.id) || partly.has(ownerOf(one.id) as Track);
    for (const one of pool) if (!partly.has(ownerOf(one.id) as Track)) passOf.set(one, passes);
    const open = pool.filter((one) => !isTaken(one));
    if (nodesOf(open) < 3) return [];
    const { prior, air } = ground.priorFor(open);
    // The best heard first: what turns out to be its echo is then known for one.
    const byNodes = [...touched].sort((a, b) => b.shot.used.length - a.shot.used.length || (a.id < b.id ? -1 : 1));
    const hints = byNodes.map((track) => ({ ...track.shot.hypothesis.solution, sigmaS: 2e-3 }));
    const others = [...firm, ...partly].map((track) => track.shot);
    const result = associate(open, prior, ground.options, { hints, others, taken: pool.filter(isTaken) });
    counters.sets += result.sets;
    const out: Shot[] = [];
    for (const shot of result.shots) if (!unchanged(shot)) out.push(...enter(shot, air, true));
    const found = new Set(result.shots.flatMap((shot) => shot.used.map((one) => ownerOf(one.id))));
    for (const track of touched)
      if (tracks.includes(track) && !found.has(track) && !firm.includes(track) && !partly.has(track))
        out.push(withdraw(track, "its arrivals fit no single place once all had come"));
    return out;
  }

  function unchanged(shot: AssociatedShot): boolean {
    const owner = ownerOf(shot.used[0]!.id);
    if (!owner || owner.shot.used.length !== shot.used.length) return false;
    if (shot.used.some((one) => ownerOf(one.id) !== owner)) return false;
    if (shot.share < 0.95 !== owner.shot.share < 0.95 || shot.rivals.length !== owner.shot.rivals.length) return false;
    const a = owner.shot.hypothesis.solution;
    const b = shot.hypothesis.solution;
    return Math.hypot(a.eastM - b.eastM, a.northM - b.northM) < SAME * (1 + owner.record.ellipse95.semiMajorM);
  }
}
