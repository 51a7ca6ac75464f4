/** Triangulates: what the nodes heard -> where it was, a new version with every arrival that changes it. */
import * as v from "valibot";
import { type Arrival, type ShotFixed, type ShotHeard, shotFixed, shotHeard } from "#contract/shot.ts";
import { SiteNode } from "#contract/site.ts";
import { BearingDeg, Count, Finite, NonNegative, nsOfUtc, utcOfNs } from "#contract/units.ts";
import { type LiveLocaliser, liveLocaliser } from "#core/localise/live-localiser.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import type { RoleContext, Running } from "../ports.ts";
import { TokenBucket } from "./token-bucket.ts";
import { PositionDoubts } from "./triangulate-doubts.ts";
import { ArrivalJournal } from "./triangulate-journal.ts";

export const TriangulateConfig = v.strictObject({
  /** Places of nodes whose arrivals carry none. */
  nodes: v.optional(v.array(SiteNode), []),
  airTempC: v.optional(v.pipe(Finite, v.minValue(-60), v.maxValue(60))),
  humidityPercent: v.optional(v.pipe(NonNegative, v.maxValue(100))),
  windFromDeg: v.optional(BearingDeg),
  windMps: v.optional(v.pipe(NonNegative, v.maxValue(60))),
  /** Height of level ground above the ellipsoid. */
  groundAltM: v.optional(Finite),
  /** What walls and gusts add to travel times, one sigma. */
  propagationSigmaS: v.optional(v.pipe(NonNegative, v.maxValue(0.1)), 1e-3),
  /** How far a shot is heard. */
  maxRangeM: v.optional(v.pipe(Finite, v.minValue(50), v.maxValue(10_000)), 1200),
  /** Nothing of a shot comes later than this after its last arrival. */
  settleS: v.optional(v.pipe(Finite, v.minValue(0.1), v.maxValue(60)), 4),
  /** An arrival that its node held for less likely than this to be a shot is left out. */
  leastProbability: v.optional(v.pipe(NonNegative, v.maxValue(1)), 0.05),
  /** Twice what `listen` lets out at most, by the sound's own time: a node that sends more is broken, and each arrival is work for all. */
  nodeBurst: v.optional(v.pipe(Count, v.minValue(1)), 240),
  nodePerSecond: v.optional(v.pipe(Finite, v.gtValue(0)), 8),
  /** Marks fixes as made by a node of the district while the gateway was out of reach. */
  solvedLocally: v.optional(v.boolean(), false),
  /** Arrivals kept on disk for a restart. */
  journalArrivals: v.optional(v.pipe(Count, v.minValue(100)), 5_000),
});
export type TriangulateConfig = v.InferOutput<typeof TriangulateConfig>;

/** How often settled shots are looked for, and told of in `node/state`. */
const TICK_MS = 500;
/** Clocks of nodes and hub differ by less. */
const FUTURE_S = 5;
const secondsOf = (ns: bigint) => Number(ns / 1_000_000n) / 1000;
const MOST_NODES = 20_000;
/** A restart brings back arrivals that are at most this old. */
const REMEMBERED_NS = 600n * 1_000_000_000n;
const SECOND_NS = 1_000_000_000n;

export async function startTriangulate(context: RoleContext<TriangulateConfig>): Promise<Running> {
  const { bus, config, log, signal } = context;
  const localiser = liveLocaliser(
    {
      site: context.site,
      nodes: config.nodes,
      airTempC: config.airTempC,
      humidityPercent: config.humidityPercent,
      windFromDeg: config.windFromDeg,
      windMps: config.windMps,
      groundAltM: config.groundAltM,
    },
    { propagationSigmaS: config.propagationSigmaS, maxRangeM: config.maxRangeM, settleS: config.settleS },
  );
  const journal = new ArrivalJournal(context.dataDir, config.journalArrivals);
  const doubts = new PositionDoubts(log);
  const counters = {
    heard: 0,
    fixed: 0,
    refused: 0,
    weak: 0,
    flood: 0,
    restored: 0,
    doubtedPositions: 0,
    doubtedBearings: 0,
    unkept: 0,
  };
  const limits = new Map<string, TokenBucket>();
  const nowNs = () => context.now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n;

  await restore(localiser, journal, nowNs(), publish, counters);
  const subscription = await bus.subscribe(shotHeard, onHeard);
  const timer = setInterval(() => {
    publish(localiser.advance(nowNs()), performance.now()).catch(failed);
    counters.doubtedPositions = doubts.learn(nowNs() - 2n * BigInt(Math.round(config.settleS * 1e9)));
    counters.doubtedBearings = doubts.bearings;
    context.report({ counters: { ...counters, ...localiser.counters } });
  }, TICK_MS);

  const done = new Promise<void>((resolve, reject) => {
    const stop = async () => {
      clearInterval(timer);
      await subscription.close();
      journal.close();
    };
    const stopOnce = () => void stop().then(resolve, reject);
    if (signal.aborted) stopOnce();
    else signal.addEventListener("abort", stopOnce, { once: true });
  });
  // Whoever starts the role takes `done`; until then a rejection is nobody's.
  done.catch(() => undefined);
  return { done };

  async function onHeard(heard: ShotHeard): Promise<void> {
    counters.heard++;
    if ((heard.probability ?? heard.scores.gunshot) < config.leastProbability) {
      counters.weak++;
      return;
    }
    const arrival = arrivalOf(heard);
    const at = nowNs();
    // By the sound's time, so that what waited out an outage passes; a time to come would fill the limit ahead, or stop it for good.
    const heardS = Math.min(secondsOf(nsOfUtc(arrival.toa)), secondsOf(at) + FUTURE_S);
    if (!limitOf(heard.node).take(heardS)) {
      if (counters.flood++ === 0)
        log.warn(
          { node: heard.node, perSecond: config.nodePerSecond },
          "a node says more than its limit; the rest is left out",
        );
      return;
    }
    const startMs = performance.now();
    // On disk before it is solved with: after a restart the same arrivals give the same shots under the same names.
    keep(() => journal.heard(arrival, at));
    const { shots, refused } = localiser.push(arrival, at);
    if (refused !== undefined) {
      counters.refused++;
      log.warn({ arrival: heard.id, node: heard.node, why: refused }, "an arrival cannot be placed");
    }
    await publish(shots, startMs);
  }

  function limitOf(node: string): TokenBucket {
    let limit = limits.get(node);
    if (!limit) {
      limit = new TokenBucket(config.nodeBurst, config.nodePerSecond);
      limits.set(node, limit);
      if (limits.size > MOST_NODES) for (const oldest of limits.keys()) if (limits.delete(oldest)) break;
    }
    return limit;
  }

  async function publish(shots: readonly Shot[], startMs: number): Promise<void> {
    if (shots.length === 0) return;
    const solvedMs = (performance.now() - startMs) / shots.length;
    const said = shots.map((shot) => {
      keep(() => journal.fixed(shot));
      counters.fixed++;
      doubts.newest(shot, nowNs());
      // Handed over in the turn in which they were solved: versions that wait for each other would be overtaken by later ones.
      return bus.publish(shotFixed, messageOf({ ...shot, solvedMs }));
    });
    await Promise.all(said);
  }

  /** A disk that takes nothing keeps no shot from being told; after a restart what it did not take is missing. */
  function keep(write: () => void): void {
    try {
      write();
    } catch (err) {
      if (counters.unkept++ === 0)
        log.error({ err }, "the arrivals' journal can't be written; free or replace the disk");
    }
  }

  function messageOf(shot: Shot): ShotFixed {
    return {
      ...shot,
      v: 1,
      node: context.node,
      at: utcOfNs(nowNs()),
      configSha256: context.configSha256,
      ...(config.solvedLocally ? { solvedLocally: true } : {}),
    };
  }

  function failed(error: unknown): void {
    log.error({ err: error }, "a fix could not be handed to the bus");
  }
}

/**
 * Solves again with what was heard before the restart. The newest version of each shot is told again under the next number:
 * the version that was solved but perhaps not told is never lost, and none is told twice with different content.
 */
async function restore(
  localiser: LiveLocaliser,
  journal: ArrivalJournal,
  nowNs: bigint,
  publish: (shots: readonly Shot[], startMs: number) => Promise<void>,
  counters: { restored: number },
): Promise<void> {
  const startMs = performance.now();
  for (const { id, version, incident } of journal.told()) localiser.adopt(id, version, incident);
  const newest = new Map<string, Shot>();
  for (const { arrival, atNs } of journal.arrivalsSince(nowNs - REMEMBERED_NS)) {
    counters.restored++;
    // Time passes as it did then, so that what had settled settles again.
    for (const shot of [...localiser.advance(atNs), ...localiser.push(arrival, atNs).shots]) newest.set(shot.id, shot);
  }
  for (const shot of localiser.advance(nowNs + SECOND_NS)) newest.set(shot.id, shot);
  const untold = [...newest.values()].filter((shot) => !journal.toldThis(shot));
  await publish(untold, startMs);
}

/** What the localiser takes of a message. The scores of all classes go along: the belief in a gunshot rests on them. */
export function arrivalOf(heard: ShotHeard): Arrival {
  const { v: _, at, model, configSha256, peakDbFs, onsetSigmaS, clockSigmaS, clipUntil, ...arrival } = heard;
  return { ...arrival, probability: arrival.probability ?? arrival.scores.gunshot };
}
