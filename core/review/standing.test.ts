import { test } from "uvu";
import * as assert from "uvu/assert";
import type { UsedArrival } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "../localise/geo.ts";
import { countingOf, isRoundOf } from "./standing.ts";

const SPEED_MPS = 343;
const LEAST = 0.1;
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const startNs = 1_800_000_000_000_000_000n;
const utc = (s: number) => utcOfNs(startNs + BigInt(Math.round(s * 1e9)));
const around = Array.from({ length: 9 }, (_, k) => [150 * Math.cos(2.4 * k), 150 * Math.sin(2.4 * k)] as const);
const street = Array.from({ length: 9 }, (_, k) => [60 + 60 * k, k % 2 ? 6 : -6] as const);

/** Fired so many metres north of the origin, as those posts heard it. */
function round(atS: number, probability: number, posts: readonly (readonly [number, number])[] = around, atM = 0) {
  const arrivals = posts.map(([eastM, northM], k) => {
    const { lat, lon } = frame.toWgs84(eastM, northM, 0);
    return { node: `n${k}`, lat, lon, toa: utc(atS + Math.hypot(eastM, northM - atM) / SPEED_MPS) } as UsedArrival;
  });
  const { lat, lon } = frame.toWgs84(0, atM, 0);
  const ellipse95 = { semiMajorM: 1, semiMinorM: 1, azimuthDeg: 0 };
  return { time: utc(atS), lat, lon, ellipse95, probability, arrivals, speedOfSoundMps: SPEED_MPS };
}
const counted = (...rounds: ReturnType<typeof round>[]) => countingOf(rounds, LEAST).counting.length;

test("90 ms behind a round with one gap at nine posts all around: counts at 0.3 % and at 0.1 %, not at 0.01 %", () => {
  const first = round(0, 0.9);
  for (const [probability, rounds] of [
    [0.003, 2],
    [0.001, 2],
    [0.0001, 1],
  ] as const) {
    assert.is(isRoundOf(round(0.09, probability), [first], LEAST), rounds === 2);
    assert.is(counted(first, round(0.09, probability)), rounds);
  }
});

test("it counts as well where it was fired before the one that is sure", () => {
  assert.is(counted(round(0, 0.003), round(0.09, 0.9)), 2);
});

test("the same gap along a street may be a front's echo: at 0.3 % it counts not, at 0.6 % it does", () => {
  assert.is(counted(round(0, 0.9, street), round(0.09, 0.003, street)), 1);
  assert.is(counted(round(0, 0.9, street), round(0.09, 0.006, street)), 2);
});

test("at three posts, three seconds later, or 30 m beside it nothing at 0.3 % counts", () => {
  const first = round(0, 0.9);
  assert.is(counted(first, round(0.09, 0.003, around.slice(0, 3))), 1);
  assert.is(counted(first, round(3, 0.003)), 1);
  assert.is(counted(first, round(0.09, 0.003, around, 30)), 1);
});

test("30 m beside it counts at 12 % and no more at 4 %; what is withdrawn vouches for nobody", () => {
  const first = round(0, 0.9);
  assert.is(counted(first, round(0.09, 0.12, around, 30)), 2);
  assert.is(counted(first, round(0.09, 0.04, around, 30)), 1);
  assert.not(isRoundOf(round(0.09, 0.003), [{ ...first, withdrawn: "an echo" }], LEAST));
});

test.run();
