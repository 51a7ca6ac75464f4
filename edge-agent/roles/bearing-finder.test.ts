/** What a row of impulses says of the microphones. The bearings themselves are scripted; `bearing.test.ts` proves how they are found. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bearing, BearingAsk } from "#core/acoustics/bearing.ts";
import { BearingFinder } from "./bearing-finder.ts";

const RATE = 16_000;
const places = [
  [0.1, 0.1],
  [-0.1, 0.1],
  [-0.1, -0.1],
  [0.1, -0.1],
].map(([eastM, northM]) => ({ eastM: eastM!, northM: northM!, upM: 0 }));

const good: Bearing = { kind: "bearing", bearingDeg: 40, sigmaDeg: 2 };
const without = (leftOut: number): Bearing => ({ ...good, leftOut });
const echoes: Bearing = { kind: "unsolved", why: "the microphones hear no single wave" };
const swapped: Bearing = { kind: "unsolved", why: "delays fit no plane wave", misplaced: true };

/** A finder that is told what to find; each impulse may have dead microphones. */
function finder() {
  let next: Bearing = good;
  const asks: BearingAsk[] = [];
  const found = new BearingFinder(RATE, places, 20, (ask) => {
    asks.push(ask);
    return next;
  });
  found.push(places.map(() => new Float32Array(RATE)));
  const hear = (bearing: Bearing, times = 1, dead: readonly number[] = []) => {
    next = bearing;
    let heard: ReturnType<typeof found.at>;
    for (let i = 0; i < times; i++) heard = found.at(RATE / 2, (channel) => dead.includes(channel));
    return heard;
  };
  return { found, hear, asks, faults: () => found.faults().map((fault) => fault.split(",")[0]) };
}
const third = "microphone 3 of 4 has not heard what the others heard";
const cables = "the delays between the microphones fit no plane wave";

test("five impulses in a row that leave the third microphone out are a fault; four, one that gave no bearing, and four are none", () => {
  for (const between of [echoes, swapped, good, without(1)]) {
    const { hear, faults } = finder();
    hear(without(2), 4);
    hear(between);
    hear(without(2), 4);
    assert.equal(faults(), []);
    hear(without(2));
    assert.equal(faults(), [third]);
  }
});

test("delays that fit no plane wave, five in a row, are a fault; four, one that heard only echoes, and four are none", () => {
  for (const between of [echoes, good, without(2)]) {
    const { hear, faults } = finder();
    hear(swapped, 4);
    hear(between);
    hear(swapped, 4);
    assert.equal(faults(), []);
    hear(swapped);
    assert.equal(faults(), [cables]);
  }
});

test("what was told stays told while nothing can be heard, and ends with the first impulse that is heard right", () => {
  const { hear, faults } = finder();
  hear(without(2), 5);
  hear(echoes, 3);
  assert.equal(faults(), [third]);
  hear(good);
  assert.equal(faults(), []);
  hear(swapped, 5);
  hear(echoes, 3);
  assert.equal(faults(), [cables]);
  hear(good);
  assert.equal(faults(), []);
});

test("a microphone that is dead meanwhile starts its row anew, and is no longer said to hear something else", () => {
  const { hear, asks, faults, found } = finder();
  hear(without(2), 4);
  hear(good, 1, [2]);
  assert.is(asks.at(-1)!.channels.length, 3);
  hear(without(2), 4);
  assert.equal(faults(), []);
  hear(without(2));
  assert.equal(faults(), [third]);
  hear(echoes, 1, [2]);
  assert.equal(faults(), []);
  // Of the microphones 1, 3 and 4 the second is the third of all.
  hear(without(1), 5, [1]);
  assert.equal(faults(), [third]);
  assert.is(found.counters.microphoneLeftOut, 14);
});

test("a bearing that is no number is not told, and counted", () => {
  const { hear, found } = finder();
  assert.is(hear({ ...good, bearingDeg: Number.NaN } as Bearing), undefined);
  assert.is(hear({ ...good, sigmaDeg: Number.POSITIVE_INFINITY } as Bearing), undefined);
  assert.is(hear({ kind: "ambiguous", bearingsDeg: [10, Number.NaN], sigmaDeg: 2 }), undefined);
  assert.equal(hear(good), good);
  const { bearings, withoutBearing, notFinite } = found.counters;
  assert.equal([bearings, withoutBearing, notFinite], [1, 3, 3]);
});

test.run();
