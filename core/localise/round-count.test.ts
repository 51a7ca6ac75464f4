import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ShotFixed, UsedArrival } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "./geo.ts";
import { COUNT_WEIGHTS, chancesOf, roundsBetween } from "./round-count.ts";

const SPEED_MPS = 343;
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const startNs = 1_800_000_000_000_000_000n;
const around = (count: number) =>
  Array.from({ length: count }, (_, k) => [(150 + 20 * k) * Math.cos(2.4 * k), (150 + 20 * k) * Math.sin(2.4 * k)]);
const street = (count: number) => Array.from({ length: count }, (_, k) => [60 + 60 * k, k % 2 ? 6 : -6]);

/** A round fired at the origin, as those posts tell it. */
function round(atS: number, posts: number[][], probability = 0.9, sure = 0.9): ShotFixed {
  const utc = (s: number) => utcOfNs(startNs + BigInt(Math.round(s * 1e9)));
  const arrivals = posts.map(([eastM = 0, northM = 0]) => {
    const { lat, lon } = frame.toWgs84(eastM, northM, 0);
    const toa = utc(atS + Math.hypot(eastM, northM) / SPEED_MPS);
    return { node: `n${eastM.toFixed(0)}.${northM.toFixed(0)}`, lat, lon, toa, probability: sure } as UsedArrival;
  });
  const shot = { time: utc(atS), lat: 40.44, lon: -79.99, probability, arrivals, speedOfSoundMps: SPEED_MPS };
  return shot as unknown as ShotFixed;
}
/** A twentieth of what the gateway asks of a round. */
const LEAST = 0.005;
const told = (rounds: ShotFixed[], unlikely: ShotFixed[] = []) => {
  const { low, high, likely } = roundsBetween(rounds, unlikely, LEAST);
  return { low, high, likely };
};

test("one shot that fifteen posts heard clearly: one was fired", () => {
  assert.equal(told([round(0, around(15))]), { low: 1, high: 1, likely: 1 });
});

test("three shots a third of a second apart, each at twelve of fifteen posts: three", () => {
  const rounds = [round(0, around(15)), round(0.33, around(12), 0.6), round(0.7, around(12), 0.5)];
  assert.equal(told(rounds), { low: 3, high: 3, likely: 3 });
});

test("one shot that only five posts told, none of them sure: a second may have gone unheard", () => {
  const { low, high } = told([round(0, around(5), 0.55, 0.5)]);
  assert.ok(low === 1 && high >= 2, `${low} to ${high}`);
});

test("four rounds that six posts told, 0.8 % sure: more may have been fired, fewer not", () => {
  const rounds = [0, 0.08, 0.17, 0.24].map((atS, k) => (k === 0 ? round(0, around(12)) : round(atS, around(6), 0.008)));
  const { low, high } = told(rounds);
  assert.ok(low === 4 && high >= 6, `${low} to ${high}`);
});

test("a hole in an even cadence of rounds that were nearly lost is likelier a round than a pause", () => {
  const weak = (atS: number) => round(atS, around(7), 0.02);
  const even = [round(0, around(12)), weak(0.08), weak(0.16), weak(0.24), weak(0.32)];
  const hole = even.filter((_, k) => k !== 2);
  assert.is(told(even).likely, 5);
  assert.is(told(hole).likely, 5);
});

test("along a street the echo of a front and another round come with one gap: one to two, however sure the posts were", () => {
  const { low, high } = told([round(0, street(12)), round(0.117, street(12), 0.9)]);
  assert.equal([low, high], [1, 2]);
});

test("the same gap all around the shooter is no front's: two", () => {
  assert.equal(told([round(0, around(12)), round(0.117, around(12), 0.6)]), { low: 2, high: 2, likely: 2 });
});

test("12 ms behind a shot and from elsewhere, 17 % sure: most likely one was fired", () => {
  const other = [
    ...around(4),
    ...around(9)
      .slice(4)
      .map(([x = 0, y = 0]) => [x + 900, y]),
  ];
  assert.equal(told([round(0, around(12)), round(0.012, other, 0.166)]), { low: 1, high: 2, likely: 1 });
});

test("what fell to 0.4 % after it was told adds nothing", () => {
  assert.equal(told([round(0, around(15))], [round(0.3, around(4), 0.004)]), { low: 1, high: 1, likely: 1 });
});

test("the chances of all numbers add up to one, also of forty rounds", () => {
  const rounds = Array.from({ length: 40 }, (_, k) => round(0.09 * k, around(k === 0 ? 12 : 6), 0.05));
  const sum = chancesOf(rounds, [], LEAST).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
});

test("where five posts are all there are, three rounds that all five heard are three, four at most; of three posts more is open", () => {
  assert.equal(told([round(0, around(5))]), { low: 1, high: 2, likely: 1 });
  assert.equal(told([0, 0.35, 0.7].map((atS) => round(atS, around(5)))), { low: 3, high: 4, likely: 3 });
  assert.equal(told([round(0, around(3))]), { low: 1, high: 3, likely: 1 });
});

test("in whatever order the rounds come, and with the weights told beside it, the answer is the same", () => {
  const rounds = [round(0, around(12)), round(0.08, around(7), 0.02), round(0.17, around(6), 0.01)];
  const answer = roundsBetween(rounds, [], LEAST);
  assert.equal(answer.weights, COUNT_WEIGHTS);
  assert.equal(roundsBetween(rounds.toReversed(), [], LEAST, answer.weights), answer);
});

test.run();
