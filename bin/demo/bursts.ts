/**
 * Bursts as an automatic weapon fires them, and single shots and pairs between high houses, for counting rounds: what each lamppost
 * hears of them, what the network tells of them, and where a round that is not told was lost.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RoundsBetween } from "#contract/incident.ts";
import type { ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { roundsBetween } from "#core/localise/round-count.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import { leastOfRound } from "#core/review/standing.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { type City, makeCity } from "#sim/city.ts";
import { Rng } from "#sim/rng.ts";
import { burstAmongDistractors, type Scenario } from "#sim/scenarios.ts";
import { type ChainResult, epochNs, type HeardCity, hearScenario, LEAST_PROBABILITY, solveCity } from "./chain.ts";
import { DEMO_NODES, demoCity } from "./demo-city.ts";
import { distanceM } from "./judge.ts";

/** `burst`: 3 to 10 rounds 60 to 120 ms apart over low houses; `pair` and `single` between high houses, which echo. */
export const KINDS = ["burst", "pair", "single"] as const;
export type Kind = (typeof KINDS)[number];

/** A city and scenario, and everything that its lampposts heard, also what they keep to themselves. */
export interface HeardBurst extends HeardCity {
  kind: Kind;
  gapS: number;
  /** By node: when each round's first sound came, s after the start. */
  direct: Record<string, number[]>;
}

export const lossKinds = ["unheard", "improbable", "markedEcho", "takenByAnother", "refused", "notCounted"] as const;
/**
 * Where a round was lost: fewer than four nodes had an impulse there; with the probability that is told from; unmarked; half of them
 * count for other rounds; the localiser knows no such round; it does, but not in the incident.
 */
export type Loss = (typeof lossKinds)[number];

export interface CountedBurst {
  kind: Kind;
  seed: number;
  gapS: number;
  rounds: number;
  told: number;
  found: number;
  invented: number;
  losses: Loss[];
  worstM: number;
  /** Between how many rounds were fired; undefined where nothing was told. */
  between: RoundsBetween | undefined;
}

/** Of an even cadence: each gap within so much of the others. */
const JITTER = 0.02;
const WEAPONS = ["9mm", "45", "40", "rifle"] as const;
/** As gateway/config.ts sets it. */
const MIN_ROUND_PROBABILITY = 0.1;
const HEARD_WITHIN_S = 4e-3;
const FEWEST = 4;
/** A round told is that true one's up to so far in place, and up to half the gap in time. */
const NEAR_M = 40;
const LONGEST_OFF_S = 0.03;

function burstOf(kind: Kind, seed: number): { city: City; scenario: Scenario; gapS: number } {
  const rng = new Rng(`rounds/${kind}/${seed}`);
  const gapS = rng.uniform(0.06, kind === "pair" ? 0.4 : 0.12);
  const rounds = kind === "burst" ? rng.int(3, 10) : kind === "pair" ? 2 : 1;
  const city = kind === "burst" ? demoCity(seed) : makeCity(seed, { nodes: DEMO_NODES });
  const scenario = burstAmongDistractors(city, `${seed}/${kind}`, {
    rounds,
    weapon: rng.pick(WEAPONS),
    everyS: [(1 - JITTER) * gapS, (1 + JITTER) * gapS],
    distractors: [],
    quietS: 2,
  });
  return { city, scenario, gapS };
}

/** @param keep folder for what was heard: a second run needs no sound and no classifier. */
export async function hearBurst(
  kind: Kind,
  seed: number,
  classifier: () => Promise<{ classifier: Classifier; version: string }>,
  keep?: string,
): Promise<HeardBurst> {
  const { city, scenario, gapS } = burstOf(kind, seed);
  const file = keep && join(keep, `${kind}-${seed}.json`);
  let said: { heard: ShotHeard[]; direct: Record<string, number[]> };
  if (file && existsSync(file)) said = JSON.parse(readFileSync(file, "utf8"));
  else {
    const { heard, truth } = await hearScenario(seed, city, scenario, (await classifier()).classifier, 0);
    said = {
      heard,
      direct: Object.fromEntries(truth.map((post) => [post.node, post.heard.map((one) => one.arrivalS)])),
    };
    if (file) {
      mkdirSync(keep, { recursive: true });
      writeFileSync(`${file}.part`, JSON.stringify(said));
      renameSync(`${file}.part`, file);
    }
  }
  return { kind, seed, city, scenario, gapS, ...said };
}

export function countRounds(burst: HeardBurst): CountedBurst {
  const result = solveCity(burst);
  const offS = Math.min(LONGEST_OFF_S, burst.gapS / 2);
  const truth = burst.scenario.truth.shots;
  const shotOf = matched(truth, result.standing, offS);
  const anyOf = matched(truth, standingOf(result.told), offS);
  const losses = truth.flatMap((_, k) =>
    shotOf[k] ? [] : [anyOf[k] ? ("notCounted" as const) : lossOf(burst, k, result)],
  );
  const { standing, unlikely } = result;
  return {
    between: standing.length > 0 ? roundsBetween(standing, unlikely, leastOfRound(MIN_ROUND_PROBABILITY)) : undefined,
    kind: burst.kind,
    seed: burst.seed,
    gapS: burst.gapS,
    rounds: truth.length,
    told: result.standing.length,
    found: truth.length - losses.length,
    invented: result.standing.length - (truth.length - losses.length),
    losses,
    worstM: Math.max(0, ...shotOf.flatMap((shot) => (shot ? [distanceM(shot, truth[0]!)] : []))),
  };
}

/** The newest version of each shot that was not withdrawn. */
function standingOf(told: readonly Shot[]): Shot[] {
  const newest = new Map(told.map((shot) => [shot.id, shot]));
  return [...newest.values()].filter(({ withdrawn }) => withdrawn === undefined);
}

const secondsOf = (utc: string) => Number(nsOfUtc(utc) - epochNs) / 1e9;

/** Of each true round the shot told that is nearest in time; none is taken twice. */
function matched(truth: Scenario["truth"]["shots"], shots: readonly Shot[], offS: number): (Shot | undefined)[] {
  const pairs = truth
    .flatMap((one, k) =>
      shots.map((shot) => ({ k, shot, offS: Math.abs(secondsOf(shot.time) - one.atS), offM: distanceM(shot, one) })),
    )
    .filter((pair) => pair.offS <= offS && pair.offM <= NEAR_M)
    .sort((a, b) => a.offS - b.offS);
  const found: (Shot | undefined)[] = truth.map(() => undefined);
  const taken = new Set<Shot>();
  for (const { k, shot } of pairs) {
    if (found[k] || taken.has(shot)) continue;
    found[k] = shot;
    taken.add(shot);
  }
  return found;
}

/** What each node said that comes with the first sound of a round. */
function heardOf({ heard, direct }: HeardBurst, round: number): ShotHeard[] {
  return heard.filter(({ node, toa }) => Math.abs(secondsOf(toa) - direct[node]![round]!) < HEARD_WITHIN_S);
}

function lossOf(burst: HeardBurst, round: number, { told }: ChainResult): Loss {
  const heard = heardOf(burst, round);
  const said = heard.filter(({ probability }) => (probability ?? 0) >= LEAST_PROBABILITY);
  const used = new Set(standingOf(told).flatMap(({ arrivals }) => arrivals.map(({ id }) => id)));
  if (heard.length < FEWEST) return "unheard";
  if (said.length < FEWEST) return "improbable";
  if (said.filter(({ id }) => used.has(id)).length >= said.length / 2) return "takenByAnother";
  if (said.filter(({ echoProbability }) => (echoProbability ?? 0) < 0.5).length < FEWEST) return "markedEcho";
  return "refused";
}
