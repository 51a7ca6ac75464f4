/**
 * The whole chain of a shot in one process and faster than real time: the simulated city's sound -> the listen role -> the localiser.
 * What `npm run demo` shows with real processes, measured here over many seeds.
 */

import * as v from "valibot";
import type { ShotFixed, ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { liveLocaliser } from "#core/localise/live-localiser.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import type { AudioFrame, Bus, Classifier, Log, Microphone } from "#edge-agent/ports.ts";
import { ListenConfig, startListen } from "#edge-agent/roles/listen.ts";
import { makeCity } from "#sim/city.ts";
import { burstAmongDistractors } from "#sim/scenarios.ts";
import { renderWorld, type WorldRecording } from "#sim/world.ts";
import { demoCity, demoScenario } from "./demo-city.ts";
import { distanceM } from "./judge.ts";

/** Noon of an arbitrary day: the chain has no clock of its own. */
const epochNs = 1_795_262_400_000_000_000n;
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface ChainResult {
  seed: number;
  heard: ShotHeard[];
  /** Newest version of every shot, withdrawn ones left out. */
  shots: Shot[];
  /** Incidents that stand once all has come. */
  opened: string[];
  rounds: number;
  trueRounds: number;
  fixErrorM: number | undefined;
  /** Opened, and not of the burst. */
  falseIncidents: number;
  /** Errors of each round that was found, metres. */
  roundErrorsM: number[];
}

/** One burst among distractors in a city of its own. @param hard full of high houses, ten lampposts, rockets that burst low too. */
export async function runChain(seed: number, classifier: Classifier, hard = false): Promise<ChainResult> {
  const city = hard ? makeCity(seed, { nodes: 10 }) : demoCity(seed);
  const scenario = hard ? burstAmongDistractors(city, `${seed}/0`, { quietS: 6 }) : demoScenario(city, `${seed}/0`);
  const recording = renderWorld({ city, seed }, scenario);
  const heard: ShotHeard[] = [];
  for (const node of recording.nodes) {
    const post = city.site.nodes.find(({ id }) => id === node.id)!;
    heard.push(...(await listenTo(node, post, classifier, city.site.airTempC)));
  }
  heard.sort((a, b) => Number(nsOfUtc(a.toa) - nsOfUtc(b.toa)));

  const { site, airTempC, windFromDeg, windMps } = city.site;
  const localiser = liveLocaliser(
    { site, nodes: [], airTempC, windFromDeg, windMps },
    { propagationSigmaS: 1e-3, maxRangeM: 1200 },
  );
  const newest = new Map<string, Shot>();
  const take = (shots: readonly Shot[]) => {
    for (const shot of shots) newest.set(shot.id, shot);
  };
  // The classifier hears 0.85 s on; the message follows at once.
  const saidNs = (each: ShotHeard) => nsOfUtc(each.toa) + 900_000_000n;
  for (const each of heard.filter(({ probability }) => (probability ?? 0) >= 0.05)) {
    take(localiser.advance(saidNs(each)));
    take(localiser.push(each, saidNs(each)).shots);
  }
  take(localiser.advance(epochNs + 3_600_000_000_000n));

  const truth = scenario.truth.shots;
  const first = truth[0]!;
  const firedNs = epochNs + BigInt(Math.round(first.atS * 1e9));
  const isOfBurst = (shot: Pick<ShotFixed, "lat" | "lon" | "time">) =>
    distanceM(shot, first) < 100 && Math.abs(Number(nsOfUtc(shot.time) - firedNs)) < 3e9;
  const shots = [...newest.values()].filter(({ withdrawn }) => !withdrawn);
  // The gateway's usual policy: 50 % opens an incident, 10 % is a round of one that is open.
  const opened = new Set(shots.filter(({ probability }) => probability >= 0.5).map(({ incident }) => incident));
  const standing = shots.filter(({ incident, probability }) => opened.has(incident) && probability >= 0.1);
  const found = standing.filter(isOfBurst);
  const roundErrorsM = found.map((shot) => distanceM(shot, first));
  const best = found.toSorted((a, b) => a.ellipse95.semiMajorM - b.ellipse95.semiMajorM)[0];
  const ofBurst = new Set(found.map(({ incident }) => incident));
  return {
    seed,
    heard,
    shots,
    opened: [...opened],
    rounds: found.length,
    trueRounds: truth.length,
    fixErrorM: best && distanceM(best, first),
    falseIncidents: [...opened].filter((incident) => !ofBurst.has(incident)).length,
    roundErrorsM,
  };
}

async function listenTo(
  node: WorldRecording["nodes"][number],
  post: { lat: number; lon: number; altM: number; posSigmaM: number },
  classifier: Classifier,
  airTempC: number,
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
    config: v.parse(ListenConfig, { airTempC, clips: { keepHours: 0 } }),
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
