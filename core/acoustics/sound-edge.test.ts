import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Candidate, createEar } from "./ear.ts";
import { isAtEdge, soundFrom } from "./sound-edge.ts";
import { addBlast, noise } from "./testing-sounds.ts";

const RATE = 12_000;

/** What the ear hears within 15 ms of an instant; `lostS`: that much is lost half a second in. */
function near(samples: Float32Array, atS: number, lostS = 0): Candidate[] {
  const heard: Candidate[] = [];
  const ear = createEar({ sampleRateHz: RATE, onCandidate: (candidate) => heard.push(candidate) });
  ear.push(samples.subarray(0, 0.5 * RATE));
  ear.skip(lostS * RATE);
  ear.push(samples.subarray(0.5 * RATE));
  ear.flush();
  return heard.filter(({ onsetTick }) => Math.abs(onsetTick / RATE - atS) < 0.015);
}

/** A street: slow noise ten times as strong as the hiss, so that sound begins with a step where it is cut. */
function street(seconds: number, seed: number): Float32Array {
  const slow = noise(seconds * RATE, 0.02, seed + 500);
  let last = 0;
  return noise(seconds * RATE, 0.002, seed).map((hiss, i) => {
    last += 0.03 * (7 * slow[i]! - last);
    return hiss + last;
  });
}

const edges: Record<string, (sound: Float32Array) => { samples: Float32Array; atS: number; lostS?: number }> = {
  "1 s of zeros before": (sound) => {
    const samples = new Float32Array(sound.length + RATE);
    samples.set(sound, RATE);
    return { samples, atS: 1 };
  },
  "0.5 s of zeros amid it": (sound) => ({ samples: sound.fill(0, 0.5 * RATE, RATE), atS: 1 }),
  "0.5 s that were lost": (sound) => ({ samples: sound, atS: 1, lostS: 0.5 }),
};

for (const [name, cut] of Object.entries(edges)) {
  test(`street noise behind ${name}: what is told at the edge, in 30 of them at least three times, is known to no better than 7 ms`, () => {
    let told = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const { samples, atS, lostS } = cut(street(2, seed));
      for (const { onsetTick, onsetSigmaS, atEdge, onsetPicked } of near(samples, atS, lostS)) {
        if (Math.abs(onsetTick / RATE - atS) > 0.001) continue;
        told++;
        assert.ok(onsetSigmaS >= 0.007, `${onsetSigmaS} s`);
        assert.is(atEdge, true);
        assert.is(onsetPicked, undefined);
      }
    }
    assert.ok(told >= 3, `${told} told`);
  });
}

for (const missingS of [0.0003, 0.001, 0.003, 0.006, 0.012]) {
  test(`a shot whose first ${missingS * 1000} ms are zeros is heard where they end, and its true onset lies within two sigmas`, () => {
    const shot = noise(RATE, 0.001, 4);
    const rumble = noise(RATE, 0.2, 17);
    for (let i = 0.5 * RATE; i < RATE; i++)
      shot[i] = shot[i]! + rumble[i]! * Math.exp(-(i - 0.5 * RATE) / (0.06 * RATE));
    addBlast(shot, RATE, 0.5, 0.7, 0.0011);
    shot.fill(0, 0, Math.round((0.5 + missingS) * RATE));
    const [first] = near(shot, 0.5 + missingS);
    assert.ok(first, "heard");
    assert.ok(Math.abs(first.onsetTick / RATE - 0.5 - missingS) < 0.001, `${first.onsetTick / RATE}`);
    assert.ok(first.onsetTick / RATE - 0.5 < 2 * first.onsetSigmaS, `sigma ${first.onsetSigmaS}`);
  });
}

test("a shot 3, 5 or 10 ms behind zeros that stands out of the noise between is timed as ever: within 0.1 ms, sigma below 0.2 ms", () => {
  for (const afterS of [0.003, 0.005, 0.01]) {
    const samples = noise(2 * RATE, 0.002, 8).fill(0, 0, (1 - afterS) * RATE);
    addBlast(samples, RATE, 1, 0.3);
    const [shot] = near(samples, 1).filter(({ onsetTick }) => Math.abs(onsetTick / RATE - 1) < 0.0001);
    assert.ok(shot && shot.onsetSigmaS < 0.0002, `${afterS} s: ${JSON.stringify(shot)}`);
    assert.is(shot.atEdge, undefined);
  }
});

test("where sound ends in 1 ms of zeros nothing begins; 0.3 ms of it before them are too little, 1 ms is enough", () => {
  const window = Float64Array.from(noise(1000, 0.1, 2));
  window.fill(0, 600);
  const isEdge = (at: number) => isAtEdge(window, at, 0, 12, RATE);
  assert.equal([599.9, 597, 588, 300].map(isEdge), [true, true, false, false]);
});

test("the sound begins behind the last 12 zeros in a row, 11 are sound", () => {
  const window = new Float64Array(100).fill(0.1);
  window.fill(0, 20, 32);
  window.fill(0, 50, 61);
  assert.is(soundFrom(window, 90, 12), 32);
});

test.run();
