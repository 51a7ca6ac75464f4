/**
 * The whole chain of a shot in one process and faster than real time: the simulated city's sound -> the listen role -> the localiser.
 * What `npm run demo` shows with real processes, measured here over many seeds.
 */

import * as v from "valibot";
import type { ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { liveLocaliser } from "#core/localise/live-localiser.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import type { AudioFrame, Bus, Classifier, Log, Microphone } from "#edge-agent/ports.ts";
import { ListenConfig, startListen } from "#edge-agent/roles/listen.ts";
import { arrivalOf } from "#edge-agent/roles/triangulate.ts";
import { type City, makeCity } from "#sim/city.ts";
import { burstAmongDistractors, type Scenario } from "#sim/scenarios.ts";
import { type PostTruth, renderWorld, type WorldRecording } from "#sim/world.ts";
import { alertDesk } from "./alert-desk.ts";
import { demoCity, demoScenario } from "./demo-city.ts";
import { distanceM } from "./judge.ts";

/** Noon of an arbitrary day: the chain has no clock of its own. */
export const epochNs = 1_795_262_400_000_000_000n;
const epochMs = Number(epochNs / 1_000_000n);
/** As the triangulate role has them. */
const TICK_MS = 500;
export const LEAST_PROBABILITY = 0.05;
/** The classifier hears so long on; the message follows at once. */
const HEARS_ON_NS = 900_000_000n;
/** Until everything has settled. */
const AFTERWARDS_S = 12;
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A scenario and what every lamppost said of it. */
export interface HeardCity {
  seed: number;
  city: City;
  scenario: Scenario;
  /** By time of arrival. */
  heard: ShotHeard[];
}

export interface ChainResult {
  seed: number;
  heard: ShotHeard[];
  /** Every version of every shot as it was told. */
  told: Shot[];
  /** Incidents that called people. */
  opened: string[];
  rounds: number;
  trueRounds: number;
  fixErrorM: number | undefined;
  /** From the last arrival of the version that called people to the call, seconds; the machine's own time is not in it. */
  alertAfterSoundS: number | undefined;
  /** Called people, and not the burst's one. */
  falseIncidents: number;
  /** Errors of each round that was found, metres. */
  roundErrorsM: number[];
  /** The rounds of the burst's incident as they stand in the end. */
  standing: Shot[];
  /** What joined it and is too unlikely to count by then. */
  unlikely: Shot[];
  truth: Scenario["truth"];
  /** Start of the scenario, nanoseconds since 1970. */
  epochNs: bigint;
}

/** One burst among distractors in a city of its own. @param hard full of high houses, ten lampposts, rockets that burst low too. */
export async function runChain(seed: number, classifier: Classifier, hard = false): Promise<ChainResult> {
  return solveCity(await hearCity(seed, classifier, hard));
}

/** The city of that seed and what happens in it. */
export function playOf(seed: number, hard: boolean): { city: City; scenario: Scenario } {
  const city = hard ? makeCity(seed, { nodes: 10 }) : demoCity(seed);
  return {
    city,
    scenario: hard ? burstAmongDistractors(city, `${seed}/0`, { quietS: 6 }) : demoScenario(city, `${seed}/0`),
  };
}

/** The slow half: the city's sound, through each lamppost's listen role. */
export async function hearCity(seed: number, classifier: Classifier, hard = false): Promise<HeardCity> {
  const { city, scenario } = playOf(seed, hard);
  const { heard } = await hearScenario(seed, city, scenario, classifier);
  return { seed, city, scenario, heard };
}

/**
 * What each lamppost says of a scenario, by time of arrival, and which sound came there when in truth.
 * @param publishAbove 0: also what a lamppost keeps to itself.
 */
export async function hearScenario(
  seed: number,
  city: City,
  scenario: Scenario,
  classifier: Classifier,
  publishAbove = LEAST_PROBABILITY,
): Promise<{ heard: ShotHeard[]; truth: PostTruth[] }> {
  const recording = renderWorld({ city, seed }, scenario);
  const heard: ShotHeard[] = [];
  for (const node of recording.nodes) {
    const post = city.site.nodes.find(({ id }) => id === node.id)!;
    heard.push(...(await listenTo(node, post, classifier, city.site.airTempC, publishAbove)));
  }
  heard.sort((a, b) => Number(nsOfUtc(a.toa) - nsOfUtc(b.toa)));
  return { heard, truth: recording.heard };
}

/** The quick half: from what the lampposts said to who was called. */
export function solveCity({ seed, city, scenario, heard }: HeardCity): ChainResult {
  const { site, airTempC, windFromDeg, windMps } = city.site;
  const localiser = liveLocaliser(
    { site, nodes: [], airTempC, windFromDeg, windMps },
    { propagationSigmaS: 1e-3, maxRangeM: 1200 },
  );
  const desk = alertDesk();
  const told: Shot[] = [];
  let tickMs = epochMs;
  const take = (shots: readonly Shot[], nowMs: number) => {
    for (const shot of shots) {
      told.push(shot);
      desk.take(shot, nowMs);
    }
  };
  const passTo = (nowMs: number) => {
    for (; tickMs <= nowMs; tickMs += TICK_MS) {
      desk.passTo(tickMs);
      take(localiser.advance(BigInt(tickMs) * 1_000_000n), tickMs);
    }
    desk.passTo(nowMs);
  };
  for (const each of heard.filter(({ probability }) => (probability ?? 0) >= LEAST_PROBABILITY)) {
    const saidNs = nsOfUtc(each.toa) + HEARS_ON_NS;
    const nowMs = Number(saidNs / 1_000_000n);
    passTo(nowMs);
    take(localiser.push(arrivalOf(each), saidNs).shots, nowMs);
  }
  passTo(epochMs + 1000 * (scenario.lengthS + AFTERWARDS_S));

  const truth = scenario.truth.shots;
  const first = truth[0]!;
  const firedNs = epochNs + BigInt(Math.round(first.atS * 1e9));
  const isOfBurst = (shot: Pick<Shot, "lat" | "lon" | "time">) =>
    distanceM(shot, first) < 100 && Math.abs(Number(nsOfUtc(shot.time) - firedNs)) < 3e9;
  const ofBurst = desk.opened().filter(({ rounds }) => rounds.some(isOfBurst));
  // As the demo counts: the rounds of the burst's incident, wherever they are.
  const incident = ofBurst.toSorted((a, b) => b.rounds.length - a.rounds.length)[0];
  const rounds = incident?.rounds.filter(({ withdrawn }) => withdrawn === undefined) ?? [];
  const best = rounds.toSorted((a, b) => a.ellipse95.semiMajorM - b.ellipse95.semiMajorM)[0];
  return {
    seed,
    heard,
    told,
    truth: scenario.truth,
    epochNs,
    opened: desk.opened().map(({ name }) => name),
    rounds: rounds.length,
    trueRounds: truth.length,
    fixErrorM: best && distanceM(best, first),
    alertAfterSoundS: incident && afterSoundS(incident.by, incident.atMs),
    falseIncidents: desk.opened().length - (incident ? 1 : 0),
    roundErrorsM: rounds.map((shot) => distanceM(shot, first)),
    standing: rounds,
    unlikely: incident?.unlikely ?? [],
  };
}

function afterSoundS({ arrivals }: Shot, atMs: number): number {
  return Math.min(...arrivals.map(({ toa }) => atMs / 1000 - Number(nsOfUtc(toa) / 1_000n) / 1e6));
}

async function listenTo(
  node: WorldRecording["nodes"][number],
  post: { lat: number; lon: number; altM: number; posSigmaM: number },
  classifier: Classifier,
  airTempC: number,
  publishAbove: number,
): Promise<ShotHeard[]> {
  const heard: ShotHeard[] = [];
  const bus: Bus = {
    async publish(_channel, message) {
      heard.push(message as ShotHeard);
    },
    subscribe: async () => ({ close: async () => {} }),
    connected: true,
    onLink: () => () => {},
    counters: { queued: 0, dropped: 0, refused: 0, delivered: 0, repeats: 0 },
    close: async () => {},
  };
  const stop = new AbortController();
  const { done } = await startListen({
    site: "chain",
    node: node.id,
    position: { lat: post.lat, lon: post.lon, altM: post.altM, posSigmaM: post.posSigmaM },
    bus,
    log: silent,
    signal: stop.signal,
    config: v.parse(ListenConfig, { airTempC, publishAbove, clips: { keepHours: 0 } }),
    configSha256: "0".repeat(64),
    dataDir: "",
    now: () => undefined,
    report: () => {},
    microphone: recorded(node),
    classifier,
    clips: undefined,
    voiceGate: undefined as never,
    micSensitivityDbFsAt94Spl: undefined,
    places: undefined,
  });
  await done;
  return heard;
}

/** A node's samples with the times that its clock gives them. */
function recorded(node: WorldRecording["nodes"][number]): Microphone {
  const { samples, rateHz, firstS, lastS } = node;
  return {
    name: node.id,
    counters: { lostSamples: 0, restarts: 0 },
    async *frames(): AsyncIterable<AudioFrame> {
      const block = Math.round(0.02 * rateHz);
      for (let at = 0; at < samples.length; at += block) {
        const atS = firstS + ((lastS - firstS) * at) / (samples.length - 1);
        yield {
          channels: [samples.subarray(at, Math.min(samples.length, at + block))],
          sampleRateHz: rateHz,
          tick: BigInt(at),
          utcNs: epochNs + BigInt(Math.round(atS * 1e9)),
          clock: { source: "sim", synchronised: true, sigmaS: 1e-4 },
        };
      }
    },
  };
}
