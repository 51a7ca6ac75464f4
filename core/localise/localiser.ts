/**
 * Arrivals in, shots out. `finalLocaliser` waits until nothing more can come and gives each shot once;
 * `liveLocaliser` (its own file) gives a version with every arrival that changes a shot.
 */
import type { Arrival } from "#contract/shot.ts";
import type { Site } from "#contract/site.ts";
import { utcOfNs } from "#contract/units.ts";
import { type ArrivalStore, arrivalStore } from "./arrival-store.ts";
import { associate } from "./associate.ts";
import { type AssociatedShot, type AssociateOptions, usualAssociation } from "./association.ts";
import { shotIdOf } from "./identity.ts";
import { incidentsOpen } from "./incidents.ts";
import { type Intake, intakeFor } from "./intake.ts";
import { type AirReport, airReport, muzzleHeight, priorOf } from "./prior.ts";
import type { Prior } from "./problem.ts";
import { type Known, type Shot, shotRecord } from "./shot-record.ts";
import { ellipseOfSolution } from "./uncertainty.ts";

export interface LocaliserOptions {
  /** How far a shot is heard. */
  maxRangeM?: number;
  /** `given`: the air's temperature is believed; `auto`: unless far more fits with another speed; `solve`: never believed. */
  speed?: "given" | "auto" | "solve";
  /** Overrides the site's. */
  propagationSigmaS?: number;
  association?: Partial<AssociateOptions>;
}

export interface Localiser {
  /** Takes an arrival in; gives the shots that are new or changed, or what is wrong with the arrival. */
  push(arrival: Arrival): { shots: Shot[]; refused?: string };
  /** No more arrivals come: the shots that were still open. */
  flush(): Shot[];
  /** What may have been a round and why it is not called one; handed out once. */
  unsolved(): { time: string; nodes: string[]; why: string }[];
  readonly counters: Record<string, number>;
}

/** What both localisers work with. */
export interface Ground {
  site: Partial<Site>;
  intake: Intake;
  options: AssociateOptions;
  maxRangeM: number;
  propagationSigmaS: number;
  /** Longest time between two nodes' arrivals of one shot. */
  linkS: number;
  priorFor(arrivals: readonly Known[]): { prior: Prior; air: AirReport };
}

/** Slower than any air we meet, so that no pair is ruled out wrongly. */
export const SLOWEST_MPS = 300;
/** Echoes and rounds this close after an arrival are looked at together with it. */
export const SLACK_S = 0.3;
/** Most arrivals sorted at once; more are cut by place and time. */
export const MOST_TOGETHER = 260;

const MOST_REMEMBERED = 50_000;
const MOST_UNSOLVED = 100;

export function groundFor(site: Partial<Site>, options: LocaliserOptions): Ground {
  const propagationSigmaS = options.propagationSigmaS ?? site.propagationSigmaS ?? 0;
  const maxRangeM = options.maxRangeM ?? 1200;
  const speed = options.speed ?? "auto";
  const surveyed = muzzleHeight(
    (site.nodes ?? []).map((node) => node.altM),
    site.groundAltM,
  );
  const level = (site.nodes ?? []).length > 0 && spreadOf((site.nodes ?? []).map((node) => node.altM)) < 3;
  return {
    site,
    intake: intakeFor(site, propagationSigmaS),
    options: {
      ...usualAssociation,
      maxRangeM,
      speedDoubt: speed === "auto" ? usualAssociation.speedDoubt : 0,
      ...options.association,
    },
    maxRangeM,
    propagationSigmaS,
    linkS: (2 * maxRangeM) / SLOWEST_MPS,
    priorFor(arrivals) {
      const readings = arrivals.flatMap((one) => (one.arrival.airTempC === undefined ? [] : [one.arrival.airTempC]));
      const air = airReport(readings, site);
      // Over level ground every shot has the same ground; in hills that of the nodes that heard it.
      const muzzle =
        level || site.groundAltM !== undefined
          ? surveyed
          : muzzleHeight(
              arrivals.map((one) => one.upM),
              undefined,
            );
      const prior = priorOf(air, site.humidityPercent ?? 0, muzzle, propagationSigmaS);
      return { prior: speed === "solve" ? { ...prior, speedSigma: Math.max(prior.speedSigma, 0.02) } : prior, air };
    },
  };
}

function spreadOf(values: readonly number[]): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}

/** Names a shot after its earliest arrival; where another shot bears that name, after the next that is free. */
export function nameOf(shot: AssociatedShot, isTaken: (id: string) => boolean = () => false): string {
  const inOrder = (shot.used as Known[]).toSorted((a, b) =>
    a.toaNs === b.toaNs ? (a.id < b.id ? -1 : 1) : a.toaNs < b.toaNs ? -1 : 1,
  );
  const names = inOrder.map(({ id, node, toaNs }) => shotIdOf(id, node, toaNs));
  return names.find((id) => !isTaken(id)) ?? names[0]!;
}

export function roundOf(id: string, shot: AssociatedShot) {
  const { eastM, northM, t0S } = shot.hypothesis.solution;
  return { id, eastM, northM, t0S, semiMajorM: ellipseOfSolution(shot.hypothesis.solution).semiMajorM };
}

export function finalLocaliser(site: Partial<Site>, options: LocaliserOptions = {}): Localiser {
  const ground = groundFor(site, options);
  const incidents = incidentsOpen();
  const cellM = 2 * ground.maxRangeM;
  /** Arrivals that may still find company. */
  let pending: ArrivalStore = arrivalStore(cellM, 1_000_000);
  let waiting: Known[] = [];
  /** Arrivals already solved with: a repeated message must not make their shot a second time. */
  const settled = new Set<string>();
  const open: ReturnType<Localiser["unsolved"]> = [];
  let newestS = Number.NEGATIVE_INFINITY;
  let sweptAtS = Number.NEGATIVE_INFINITY;
  const counters = { arrivals: 0, repeated: 0, refused: 0, shots: 0, sets: 0, crowded: 0 };

  function sweep(all: boolean): Shot[] {
    sweptAtS = newestS;
    const closedBeforeS = all ? Number.POSITIVE_INFINITY : newestS - ground.linkS - SLACK_S;
    const seen = new Set<Known>();
    const done = new Set<Known>();
    const shots: Shot[] = [];
    waiting.sort((a, b) => a.toaS - b.toaS || (a.id < b.id ? -1 : 1));
    for (const start of waiting) {
      if (seen.has(start)) continue;
      if (start.toaS >= closedBeforeS) break;
      const group = linked(start, seen);
      let lastS = Number.NEGATIVE_INFINITY;
      for (const one of group) lastS = Math.max(lastS, one.toaS);
      if (lastS < closedBeforeS) {
        shots.push(...solveGroup(group));
        for (const one of group) done.add(one);
      } else if (group.length > 4 * MOST_TOGETHER || lastS - start.toaS > 60) {
        // Too much at once to wait for a pause: solve what is old, keep what may still find company.
        const old = group.filter((one) => one.toaS < closedBeforeS);
        shots.push(...solveGroup(old));
        for (const one of old) done.add(one);
      }
    }
    if (done.size > 0) {
      for (const one of done) remember(one.id);
      if (done.size === waiting.length) pending = arrivalStore(cellM, 1_000_000);
      else for (const one of done) pending.remove(one);
      waiting = waiting.filter((one) => !done.has(one));
    }
    return shots.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1));
  }

  function remember(id: string): void {
    settled.add(id);
    if (settled.size > MOST_REMEMBERED) for (const oldest of settled) if (settled.delete(oldest)) break;
  }

  /** Everything that may have to do with `start`, directly or over others. */
  function linked(start: Known, seen: Set<Known>): Known[] {
    const group = [start];
    seen.add(start);
    for (let i = 0; i < group.length; i++) {
      const one = group[i]!;
      const reachS = ground.linkS + SLACK_S;
      for (const other of pending.near(
        one.eastM,
        one.northM,
        cellM,
        one.toaS - reachS,
        one.toaS + reachS,
        Number.POSITIVE_INFINITY,
      )) {
        if (seen.has(other)) continue;
        const apartM = Math.hypot(other.eastM - one.eastM, other.northM - one.northM);
        if (apartM > cellM || Math.abs(other.toaS - one.toaS) > apartM / SLOWEST_MPS + SLACK_S) continue;
        seen.add(other);
        group.push(other);
      }
    }
    return group;
  }

  function solveGroup(group: readonly Known[]): Shot[] {
    if (group.length <= MOST_TOGETHER) return solveTogether(group, () => true).shots;
    counters.crowded++;
    const shots: Shot[] = [];
    let rest = group.toSorted((a, b) => a.toaS - b.toaS);
    while (rest.length > 0) {
      const start = rest[0]!;
      const untilS = start.toaS + ground.linkS + SLACK_S;
      const near = rest
        .filter((one) => one.toaS <= untilS && Math.hypot(one.eastM - start.eastM, one.northM - start.northM) <= cellM)
        .slice(0, MOST_TOGETHER);
      // Of a window only what begins in its first part is complete.
      const lastS = near.at(-1)!.toaS;
      const wholeS = near.length < MOST_TOGETHER ? start.toaS + 0.5 : (start.toaS + lastS) / 2;
      const solved = solveTogether(near, (shot) =>
        (shot.used as Known[]).some((one) => one === start || one.toaS <= wholeS),
      );
      shots.push(...solved.shots);
      rest = rest.filter(
        (one) =>
          one !== start &&
          !solved.used.has(one) &&
          !(one.toaS <= wholeS && Math.hypot(one.eastM - start.eastM, one.northM - start.northM) <= cellM / 4),
      );
    }
    return shots;
  }

  function solveTogether(group: readonly Known[], take: (shot: AssociatedShot) => boolean) {
    const used = new Set<Known>();
    if (group.length < ground.options.minNodes) return { shots: [], used };
    const { prior, air } = ground.priorFor(group);
    const result = associate(group, prior, ground.options);
    counters.sets += result.sets;
    for (const { t0S, nodes, why } of result.unsolved) {
      open.push({ time: utcOfNs(ground.intake.originNs() + BigInt(Math.round(t0S * 1e9))), nodes, why });
      if (open.length > MOST_UNSOLVED) open.shift();
    }
    const kept = result.shots.filter(take).sort((a, b) => a.hypothesis.solution.t0S - b.hypothesis.solution.t0S);
    for (const shot of kept) for (const one of shot.used) used.add(one as Known);
    const byOthers = (shot: AssociatedShot) => {
      const own = new Set(shot.used as Known[]);
      return group.filter((one) => own.has(one) || !used.has(one));
    };
    const shots = kept.map((shot) => {
      const id = nameOf(shot);
      return shotRecord(shot, byOthers(shot), {
        frame: ground.intake.frame(),
        originNs: ground.intake.originNs(),
        air,
        propagationSigmaS: ground.propagationSigmaS,
        id,
        incident: incidents.of(roundOf(id, shot)),
        version: 1,
      });
    });
    counters.shots += shots.length;
    return { shots, used };
  }

  return {
    counters,
    push(arrival) {
      const known = ground.intake.take(arrival);
      if (typeof known === "string") {
        counters.refused++;
        return { shots: [], refused: known };
      }
      counters.arrivals++;
      if (settled.has(known.id) || !pending.add(known)) {
        counters.repeated++;
        return { shots: [] };
      }
      waiting.push(known);
      newestS = Math.max(newestS, known.toaS);
      if (sweptAtS === Number.NEGATIVE_INFINITY) sweptAtS = newestS;
      return { shots: newestS - sweptAtS > ground.linkS / 2 ? sweep(false) : [] };
    },
    flush: () => sweep(true),
    unsolved: () => open.splice(0),
  };
}
