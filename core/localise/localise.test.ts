import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Arrival } from "#contract/shot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { airOf, travelS } from "./air.ts";
import { randomFrom } from "./cases.ts";
import { frameAt } from "./geo.ts";
import { liveLocaliser } from "./live-localiser.ts";
import { finalLocaliser } from "./localiser.ts";
import type { Shot } from "./shot-record.ts";

const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const startNs = 1_800_000_000_000_000_000n;
const ring = [
  [-300, -280],
  [20, -330],
  [310, -250],
  [330, 60],
  [250, 310],
  [-40, 280],
  [-320, 250],
  [-270, 10],
] as const;

interface Said {
  from: readonly [number, number];
  at: number;
  nodes?: readonly number[];
  air?: ReturnType<typeof airOf>;
  sigmaS?: number;
  seed?: number;
}

/** What the ring's nodes hear of a shot. */
function heard({ from, at, nodes = ring.map((_, k) => k), air = airOf(20), sigmaS = 3e-4, seed = 1 }: Said): Arrival[] {
  const random = randomFrom(seed);
  return nodes.map((k) => {
    const [eastM, northM] = ring[k]!;
    const place = frame.toWgs84(eastM, northM, 6);
    const flight = travelS(air, { eastM: from[0], northM: from[1], upM: 1.5 }, { eastM, northM, upM: 6 });
    const toa = utcOfNs(startNs + BigInt(Math.round((at + flight + sigmaS * random.normal()) * 1e9)));
    return { id: `r${at * 1000}-${from[0]}-${k}`, node: `post-${k}`, ...place, altM: 6, toa, toaSigmaS: sigmaS };
  });
}

function locate(arrivals: readonly Arrival[], site = {}, options = {}): Shot[] {
  const localiser = finalLocaliser({ airTempC: 20, ...site }, options);
  const sorted = [...arrivals].sort((a, b) => Number(nsOfUtc(a.toa) - nsOfUtc(b.toa)));
  return [...sorted.flatMap((arrival) => localiser.push(arrival).shots), ...localiser.flush()];
}

function missM(shot: { lat: number; lon: number }, [x, y]: readonly [number, number]): number {
  const { eastM, northM } = frame.toLocal(shot.lat, shot.lon, 0);
  return Math.hypot(eastM - x, northM - y);
}

test("five rounds 80 ms apart are five shots of one incident, each within a metre", () => {
  const rounds = [0, 0.08, 0.16, 0.24, 0.32].map((at, k) => heard({ from: [60, -40], at, seed: k + 1 }));
  const shots = locate(rounds.flat());
  assert.is(shots.length, 5);
  assert.is(new Set(shots.map((shot) => shot.incident)).size, 1);
  for (const shot of shots) {
    assert.is(shot.nodesUsed.length, 8);
    assert.ok(missM(shot, [60, -40]) < 1);
  }
});

test("two shooters half a second and 150 m apart are two places", () => {
  const shots = locate([...heard({ from: [-90, 30], at: 0 }), ...heard({ from: [60, 40], at: 0.5, seed: 2 })]);
  assert.is(shots.length, 2);
  assert.ok(missM(shots[0]!, [-90, 30]) < 1 && missM(shots[1]!, [60, 40]) < 1);
});

test("messages said twice, at once or after the shot is done, make no second shot", () => {
  const once = heard({ from: [0, 0], at: 0 });
  const later = heard({ from: [0, 0], at: 60, seed: 3 });
  const localiser = finalLocaliser({ airTempC: 20 });
  const shots = [...once, ...once, ...later, ...once, ...later].flatMap((arrival) => localiser.push(arrival).shots);
  assert.is([...shots, ...localiser.flush()].length, 2);
  assert.is(localiser.counters.repeated, 24);
});

test("three nodes give a place and its rival, one of them right, marked as unverified", () => {
  // Behind a corner of the triangle, where a second place gives the same three times.
  const truth = [-330, -330] as const;
  const [shot] = locate(heard({ from: truth, at: 0, nodes: [0, 1, 7] }));
  assert.ok(shot);
  assert.is(shot.unverified, true);
  assert.is(shot.alternatives?.length, 1);
  assert.ok(Math.min(missM(shot, truth), missM(shot.alternatives![0]!, truth)) < 10);
});

test("a wind of 12 m/s that is known moves the place by less than a metre; unknown, by several", () => {
  const arrivals = heard({ from: [40, 90], at: 0, air: airOf(20, 250, 12) });
  const [known] = locate(arrivals, { windFromDeg: 250, windMps: 12 });
  assert.ok(missM(known!, [40, 90]) < 1, String(missM(known!, [40, 90])));
  const [unknown] = locate(arrivals, {}, { propagationSigmaS: 0.01 });
  assert.ok(missM(unknown!, [40, 90]) > 3, String(missM(unknown!, [40, 90])));
});

test("an echo 60 ms late is put out with its reason and its residual", () => {
  const arrivals = heard({ from: [60, -40], at: 0 });
  const late = nsOfUtc(arrivals[2]!.toa) + 60_000_000n;
  arrivals[2] = { ...arrivals[2]!, toa: utcOfNs(late) };
  const [shot] = locate(arrivals);
  assert.is(shot!.nodesUsed.length, 7);
  assert.equal(
    shot!.rejected.map(({ node, why, residualS }) => [node, why, residualS.toFixed(2)]),
    [["post-2", "echo", "0.06"]],
  );
});

test("bearings of two nodes tell which of the two places of three nodes it was", () => {
  const truth = [-330, -330] as const;
  const arrivals = heard({ from: truth, at: 0, nodes: [0, 1, 7] }).map((arrival, k) => {
    const [x, y] = ring[[0, 1, 7][k]!]!;
    const bearingDeg = ((Math.atan2(truth[0] - x, truth[1] - y) * 180) / Math.PI + 360) % 360;
    return { ...arrival, bearingDeg, bearingSigmaDeg: 3 };
  });
  const [shot] = locate(arrivals);
  assert.ok(missM(shot!, truth) < 10, String(missM(shot!, truth)));
});

test("names follow from the arrivals: another process gives the same", () => {
  const arrivals = [...heard({ from: [60, -40], at: 0 }), ...heard({ from: [60, -40], at: 0.4, seed: 2 })];
  const names = (shots: Shot[]) => shots.map((shot) => [shot.id, shot.incident]);
  assert.equal(names(locate(arrivals)), names(locate(arrivals)));
});

test("live: versions count up, the last equals what locate says of all arrivals", () => {
  const arrivals = heard({ from: [60, -40], at: 0 }).sort((a, b) => Number(nsOfUtc(a.toa) - nsOfUtc(b.toa)));
  const live = liveLocaliser({ airTempC: 20 });
  const shots = arrivals.flatMap((arrival) => live.push(arrival, nsOfUtc(arrival.toa)).shots);
  shots.push(...live.advance(startNs + 20_000_000_000n));
  assert.equal(
    shots.map((shot) => [shot.version, shot.nodesUsed.length, shot.unverified ?? false]),
    [
      [1, 4, true],
      [2, 5, false],
      [3, 6, false],
      [4, 7, false],
      [5, 8, false],
    ],
  );
  const [final] = locate(arrivals);
  assert.is(new Set(shots.map((shot) => shot.id)).size, 1);
  assert.ok(missM(shots.at(-1)!, [60, -40]) < 1);
  assert.ok(Math.abs(shots.at(-1)!.lat - final!.lat) < 1e-8);
});

test("live: the direct sound of a round 0.3 s later is, once all has come, no echo on the record of the first", () => {
  const live = liveLocaliser({ airTempC: 20 });
  const rounds = [0, 0.3].map((at, k) => heard({ from: [0, 0], at, seed: k + 1 }));
  const second = new Set(rounds[1]!.map(({ id }) => id));
  const sorted = rounds.flat().sort((a, b) => Number(nsOfUtc(a.toa) - nsOfUtc(b.toa)));
  const said = sorted.flatMap((arrival) => live.push(arrival, nsOfUtc(arrival.toa)).shots);
  const called = (shot: Shot) => shot.rejected.filter(({ id }) => second.has(id)).map(({ why }) => why);
  assert.ok(said.flatMap(called).includes("echo"), "of a round that nobody knows yet it looks like one");
  const settled = live.advance(startNs + 60_000_000_000n);
  const newest = new Map([...said, ...settled].map((shot) => [shot.id, shot]));
  assert.equal([...newest.values()].map(called), [[], []]);
  assert.ok(settled.length <= 2, `${settled.length} versions more`);
});

test("live: arrivals that come a minute late still find their shot", () => {
  const arrivals = heard({ from: [60, -40], at: 0 });
  const live = liveLocaliser({ airTempC: 20 });
  const nowNs = startNs + 2_000_000_000n;
  for (const arrival of arrivals.slice(0, 6)) live.push(arrival, nowNs);
  live.advance(nowNs + 10_000_000_000n);
  const { shots } = live.push(arrivals[7]!, nowNs + 60_000_000_000n);
  assert.equal([shots.length, shots[0]?.nodesUsed.length], [1, 7]);
});

test.run();
