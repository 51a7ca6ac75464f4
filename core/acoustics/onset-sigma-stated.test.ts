import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Picked, Spread, statedSigmaS } from "./onset-sigma-stated.ts";
import { behindProbability, wrongProbability } from "./onset-wrong.ts";

const RATE = 48000;
const sharp: Picked = {
  crossing: { noise: 0.02, longer: 0, half: 0, dull: 0 },
  apart: 0,
  fromSharp: 0,
  early: 0,
  clear: 100,
  isBlunt: false,
  wave: { clear: 100, before: 0, level: 100, white: 100, like: 0, behindS: 0 },
  wrong: 0,
  hintS: 0,
};
const near = (value: number, expected: number) =>
  assert.ok(Math.abs(value / expected - 1) < 0.02, `${value}, not ${expected}`);

test("a sharp wave 40 dB over the noise is known to 5 microseconds, a dull one to 11, a blunt one to 24", () => {
  near(statedSigmaS(sharp, RATE), 5.01e-6);
  near(statedSigmaS({ ...sharp, crossing: { ...sharp.crossing, dull: 1 } }, RATE), 11e-6);
  near(statedSigmaS({ ...sharp, isBlunt: true }, RATE), 24.5e-6);
});

test("a wave that is the wrong one in a quarter of cases is off by 2.2 ms, by 0.81 of what a hint before it says at least", () => {
  near(statedSigmaS({ ...sharp, wrong: 0.25 }, RATE), 0.5 * 0.00435);
  near(statedSigmaS({ ...sharp, hintS: 0.001 }, RATE), 0.00081);
});

test("filters 10 samples apart, or whitened sound 9 samples earlier, leave 14 and 35 microseconds open; 30 samples earlier is another wave", () => {
  const spread = new Spread(100);
  for (const at of [90, 110]) spread.add(at, 1e-4);
  near(spread.samples, 10);
  near(statedSigmaS({ ...sharp, apart: spread.samples }, RATE), Math.hypot(5.01e-6, (0.066 * 10) / RATE));
  near(statedSigmaS({ ...sharp, early: 9 }, RATE), Math.hypot(5.01e-6, (0.184 * 9) / RATE));
  near(statedSigmaS({ ...sharp, early: 30 }, RATE), 5.01e-6);
});

test("a wave of 8 noise sigmas counts as another than the first to 0.24 %, behind one of 3.8 sigmas to 9 %, one of 40 to less than one in a million", () => {
  const wave = { clear: 8, level: 7, white: 8, like: 0.3, before: 2.6 };
  assert.ok(Math.abs(wrongProbability(wave) - 0.0024) < 0.0001);
  assert.ok(Math.abs(wrongProbability({ ...wave, before: 3.8 }) - 0.092) < 0.005);
  assert.ok(wrongProbability({ clear: 40, level: 35, white: 40, like: 0.15, before: 2.6 }) < 1e-6);
});

test("3 ms behind its trigger a wave of 8 sigmas is a later one in 88 % of cases, one of 14 in half; 1.5 or 6 ms behind it nothing is said", () => {
  near(behindProbability(8, 0.003), 0.876);
  near(behindProbability(14, 0.003), 0.5);
  assert.is(behindProbability(8, 0.0015), 0);
  assert.is(behindProbability(8, 0.006), 0);
});

test.run();
