import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Candidate, createEar } from "#core/acoustics/ear.ts";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import { firstSound } from "./first-sound.ts";

const RATE = 16_000;

function hear(samples: Float32Array): Candidate[] {
  const heard: Candidate[] = [];
  const ear = createEar({ sampleRateHz: RATE, onCandidate: (candidate) => heard.push(candidate) });
  ear.push(samples);
  ear.flush();
  return heard;
}

const first = (samples: Float32Array) => firstSound(samples, RATE, hear(samples));

/** Noise at one level from its first sample to its last, as what is left of a shot behind an extreme compressor. */
const pressedShot = (seconds: number) => noise(seconds * RATE, 0.3, 3);

test("0.2 s that begin with their shot and are pressed to one level: nothing stands out of them, yet it begins at 0, give or take 7 ms", () => {
  for (const seconds of [0.05, 0.2, 0.9, 1.4]) {
    const sound = pressedShot(seconds);
    if (seconds < 0.5) assert.is(hear(sound).length, 0);
    const found = first(sound)!;
    assert.ok(found.onsetTick < 0.001 * RATE, `${found.onsetTick}`);
    assert.is(found.onsetSigmaS, 0.007);
    assert.is(found.atEdge, true);
    assert.ok(found.snrDb > 18, `${found.snrDb} dB over a quiet 20 dB below`);
  }
});

test("behind 0.2 s of zeros the sound begins where they end; behind a second of them, which a recorder fills up with, nothing does", () => {
  const [short, long] = [0.2, 1].map((zerosS) => {
    const padded = new Float32Array((zerosS + 0.3) * RATE);
    padded.set(pressedShot(0.3), zerosS * RATE);
    return padded;
  });
  assert.ok(Math.abs(first(short!)!.onsetTick - 0.2 * RATE) < 0.001 * RATE);
  assert.is(first(long!), undefined);
});

test("20 ms of the recording's own quiet are its quiet: the shot behind them is what begins, not their hiss", () => {
  const sound = noise(0.22 * RATE, 0.003, 9);
  sound.set(pressedShot(0.2), 0.02 * RATE);
  assert.is(hear(sound).length, 0);
  const found = first(sound)!;
  assert.ok(Math.abs(found.onsetTick / RATE - 0.02) < 0.0005, `${found.onsetTick / RATE} s`);
});

test("2 s of noise at one level are noise that the recording begins in; with 6 dB less from 0.5 s on they begin with something", () => {
  const street = noise(2 * RATE, 0.1, 6);
  assert.is(first(street), undefined);
  const event = street.map((x, i) => (i < 0.5 * RATE ? x : 0.4 * x));
  assert.ok(first(event)!.onsetTick < 0.001 * RATE);
});

test("what the ear hears by itself at the start is not told twice, and digital silence begins with nothing", () => {
  const sound = noise(RATE, 0.001, 5);
  addBlast(sound, RATE, 0.003, 0.5, 0.0011);
  assert.is(hear(sound)[0]!.onsetTick < 0.005 * RATE, true);
  assert.is(first(sound), undefined);
  assert.is(first(new Float32Array(RATE)), undefined);
  assert.is(first(new Float32Array(0)), undefined);
});

test.run();
