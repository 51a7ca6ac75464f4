import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrivalsOf } from "#core/localise/case-figures.ts";
import { cleanCase, randomFrom, type ShotCase, shotCase } from "#core/localise/cases.ts";
import { finalLocaliser } from "#core/localise/localiser.ts";
import type { Log } from "../ports.ts";
import { BearingDoubts, doubtOf } from "./triangulate-bearings.ts";
import { PositionDoubts } from "./triangulate-doubts.ts";

test("after 60 shots the one node that stands 8 m from its file is told to the technician, once", () => {
  const told: { node?: string }[] = [];
  const log: Log = { debug() {}, info() {}, warn: (facts) => void told.push(facts), error() {} };
  const doubts = new PositionDoubts(log);
  const localiser = finalLocaliser({ airTempC: 20, propagationSigmaS: 0.008 });
  // One set of nodes, shots in many places.
  const posts = shotCase(randomFrom(1), { ...cleanCase, nodes: [9, 9] }).heard;
  const random = randomFrom(2);
  for (let k = 0; k < 60; k++) {
    const [eastM, northM] = [random.uniform(-250, 250), random.uniform(-250, 250)];
    const heard = posts.map((post) => {
      const trueEastM = post.node === "n4" ? post.eastM + 8 : post.eastM;
      const rangeM = Math.hypot(trueEastM - eastM, post.northM - northM, post.upM - 1.5);
      return { ...post, id: `${k}-${post.node}`, toaS: 10 * k + rangeM / 343.2 + 5e-4 * random.normal(), sigmaS: 5e-4 };
    });
    heard.sort((a, b) => a.toaS - b.toaS);
    for (const arrival of arrivalsOf({ heard } as ShotCase))
      for (const shot of localiser.push(arrival).shots) doubts.newest(shot, 0n);
  }
  for (const shot of localiser.flush()) doubts.newest(shot, 0n);
  assert.is(doubts.learn(1n), 1);
  assert.equal(
    told.map(({ node }) => node),
    ["n4"],
  );
  const { eastM, northM } = doubts.doubtOf("n4")!;
  assert.ok(Math.abs(eastM - 8) < 3 && Math.abs(northM) < 3, `${eastM} ${northM}`);
});

/** 24 shots around nine nodes; `heardFrom` is what a node's microphones say of a shot's true azimuth. */
function tellBearings(heardFrom: (node: string, azimuthDeg: number) => number, spread = 250) {
  const told: { node?: string; kind?: string; axisDeg?: number; byDeg?: number }[] = [];
  const log: Log = { debug() {}, info() {}, warn: (facts) => void told.push(facts), error() {} };
  const doubts = new PositionDoubts(log);
  const localiser = finalLocaliser({ airTempC: 20, propagationSigmaS: 0.002 });
  const posts = shotCase(randomFrom(1), { ...cleanCase, nodes: [9, 9] }).heard;
  const random = randomFrom(3);
  for (let k = 0; k < 24; k++) {
    const [eastM, northM] = [random.uniform(-spread, spread), random.uniform(-spread, spread)];
    const heard = posts.map((post) => {
      const rangeM = Math.hypot(post.eastM - eastM, post.northM - northM, post.upM - 1.5);
      const azimuthDeg = Math.atan2(eastM - post.eastM, northM - post.northM) * (180 / Math.PI);
      const bearingDeg = (((heardFrom(post.node, azimuthDeg) + 3 * random.normal()) % 360) + 360) % 360;
      const toaS = 10 * k + rangeM / 343.2 + 5e-4 * random.normal();
      return { ...post, id: `${k}-${post.node}`, toaS, sigmaS: 5e-4, bearingDeg };
    });
    heard.sort((a, b) => a.toaS - b.toaS);
    const bearings = new Map(heard.map(({ id, bearingDeg }) => [id, bearingDeg]));
    for (const arrival of arrivalsOf({ heard } as unknown as ShotCase)) {
      const withBearing = { ...arrival, bearingDeg: bearings.get(arrival.id)!, bearingSigmaDeg: 3 };
      for (const shot of localiser.push(withBearing).shots) doubts.newest(shot, 0n);
    }
  }
  for (const shot of localiser.flush()) doubts.newest(shot, 0n);
  doubts.learn(1n);
  return { told: told.filter(({ kind }) => kind !== undefined), count: doubts.bearings };
}

test("two of four microphones swapped across a square mirror each bearing about the other diagonal: the delays fit, and 24 fixes tell", () => {
  const { told, count } = tellBearings((node, azimuthDeg) => (node === "n4" ? 2 * 135 - azimuthDeg : azimuthDeg));
  assert.is(count, 1);
  assert.equal(
    told.map(({ node, kind }) => [node, kind]),
    [["n4", "mirrored"]],
  );
  assert.ok(Math.abs(told[0]!.axisDeg! - 135) < 3, `${told[0]!.axisDeg}`);
});

test("a node whose array stands 40 degrees off is told as turned by so much; nodes that are right are not told of, nor one of chance", () => {
  const { told } = tellBearings((node, azimuthDeg) => (node === "n2" ? azimuthDeg - 40 : azimuthDeg));
  assert.equal(
    told.map(({ node, kind, byDeg }) => [node, kind, Math.round(byDeg! / 5) * 5]),
    [["n2", "turned", -40]],
  );
  const random = randomFrom(7);
  assert.equal(tellBearings((node, azimuthDeg) => (node === "n2" ? random.uniform(0, 360) : azimuthDeg)).told, []);
});

test("where all shots came from one side, a wrong bearing may be turned or mirrored, and neither is told", () => {
  const pairs = Array.from({ length: 12 }, (_, i) => ({ truthDeg: 40 + (i % 4), bearingDeg: 100 }));
  assert.is(doubtOf(pairs), undefined);
  assert.is(doubtOf(pairs.map(({ truthDeg }) => ({ truthDeg, bearingDeg: truthDeg + 9 }))), undefined);
});

const DEG = 180 / Math.PI;

/** A node that hears shots from all around, each `byDeg` off. */
function hears(doubts: BearingDoubts, node: string, shots: number, byDeg: number): void {
  for (let k = 0; k < shots; k++) {
    const azimuthDeg = (k * 137.5) % 360;
    const [eastM, northM] = [200 * Math.sin(azimuthDeg / DEG), 200 * Math.cos(azimuthDeg / DEG)];
    // The node stands at the equator, where a degree is as long both ways to within one in 150.
    const shot = { lat: northM / 111_000, lon: eastM / 111_000, ellipse95: { semiMajorM: 2 } };
    doubts.add({ ...shot, arrivals: [{ node, lat: 0, lon: 0, weight: 1, bearingDeg: azimuthDeg + byDeg }] } as never);
  }
}

test("a node that was turned for 24 fixes and is put right is well after seven more", () => {
  const told: string[] = [];
  const log: Log = { debug() {}, info: (_, text) => void told.push(text), warn() {}, error() {} };
  const doubts = new BearingDoubts(log);
  hears(doubts, "n1", 24, 40);
  assert.is(doubts.count, 1);
  let fixes = 0;
  for (; doubts.count === 1; fixes++) hears(doubts, "n1", 1, 0);
  assert.is(fixes, 7);
  assert.is(told.length, 1);
});

test("a node that is forgotten for 20,000 newer ones is counted no more", () => {
  const doubts = new BearingDoubts({ debug() {}, info() {}, warn() {}, error() {} });
  hears(doubts, "n0", 24, 40);
  assert.is(doubts.count, 1);
  for (let node = 1; node <= 20_000; node++) hears(doubts, `n${node}`, 1, 0);
  assert.is(doubts.count, 0);
});

test.run();
