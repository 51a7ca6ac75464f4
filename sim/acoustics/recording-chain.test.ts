import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "../rng.ts";
import { digitise, fullScalePerPa, lamppostMicrophone } from "./microphone.ts";
import { adpcm, highPass, limit, lowPass, muLaw, peaking, quantise, randomChain } from "./recording-chain.ts";

const rateHz = 16_000;
const tone = (hz: number, amplitude = 0.5) =>
  Float32Array.from({ length: 16_000 }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz));
const rms = (samples: Float32Array) =>
  Math.sqrt(samples.subarray(4000).reduce((sum, x) => sum + x * x, 0) / (samples.length - 4000));
const gainDb = (hz: number, change: (samples: Float32Array) => void) => {
  const samples = tone(hz);
  change(samples);
  return 20 * Math.log10(rms(samples) / rms(tone(hz)));
};
const close = (a: number, b: number, room: number) => assert.ok(Math.abs(a - b) <= room, `${a}, expected ${b}`);

test("a fourth-order low-pass of 2 kHz takes 3 dB at 2 kHz and at least 24 dB an octave up", () => {
  close(
    gainDb(2000, (s) => lowPass(s, 2000, rateHz)),
    -3.01,
    0.1,
  );
  assert.ok(gainDb(4000, (s) => lowPass(s, 2000, rateHz)) < -24);
  close(
    gainDb(200, (s) => lowPass(s, 2000, rateHz)),
    0,
    0.05,
  );
});

test("a high-pass of 200 Hz takes 3 dB there, a bump of 6 dB gives 6 dB", () => {
  close(
    gainDb(200, (s) => highPass(s, 200, rateHz)),
    -3.01,
    0.1,
  );
  close(
    gainDb(1000, (s) => peaking(s, 1000, rateHz, 6, 1)),
    6,
    0.1,
  );
});

test("codecs err as they do: mu-law 35 to 40 dB below, ADPCM 20 to 45, 8 bits of a full tone 47 to 51", () => {
  const noiseDb = (change: (samples: Float32Array) => void, amplitude = 0.9) => {
    const clean = tone(437, amplitude);
    const coded = clean.slice();
    change(coded);
    return 20 * Math.log10(rms(clean) / rms(coded.map((x, i) => x - clean[i]!)));
  };
  const [law, adaptive, eight] = [noiseDb(muLaw), noiseDb(adpcm), noiseDb((s) => quantise(s, 8))];
  assert.ok(law > 33 && law < 42, `${law}`);
  assert.ok(adaptive > 20 && adaptive < 45, `${adaptive}`);
  assert.ok(eight > 46 && eight < 52, `${eight}`);
});

test("a limiter holds a loud tone near its threshold and lets a soft one pass", () => {
  const loud = tone(500, 0.9);
  limit(loud, rateHz, 0.3, 2e-3, 0.1);
  assert.ok(Math.max(...loud.subarray(8000)) < 0.5);
  const soft = tone(500, 0.2);
  limit(soft, rateHz, 0.3, 2e-3, 0.1);
  assert.equal(soft, tone(500, 0.2));
});

test("124 dB SPL peak is a lamppost microphone's full scale: 31.6 Pa clips at 1, 94 dB SPL (1 Pa) is -30 dBFS", () => {
  close(20 * Math.log10(fullScalePerPa(lamppostMicrophone)), -30, 1e-9);
  const samples = Float32Array.of(1, 31, 33, 500, -500);
  digitise(samples, lamppostMicrophone, new Rng(1));
  close(samples[0]!, 0.0316, 2e-4);
  assert.ok(samples[1]! < 1);
  assert.is(samples[2]!, 1 - 2 ** -15);
  assert.is(samples[3]!, 1 - 2 ** -15);
  assert.is(samples[4]!, -1);
});

test("silence is the microphone's own noise: 32 dB SPL within 1 dB", () => {
  const samples = new Float32Array(100_000);
  digitise(samples, lamppostMicrophone, new Rng(1));
  close(20 * Math.log10(rms(samples)) + 30 + 94, 32, 1);
});

test("random recorders say what they did, stay finite, and the same seed does the same", () => {
  for (let seed = 0; seed < 50; seed++) {
    const clean = tone(700, 0.8);
    const a = clean.slice();
    const b = clean.slice();
    const steps = randomChain(a, rateHz, new Rng(seed));
    assert.equal(randomChain(b, rateHz, new Rng(seed)), steps);
    assert.equal(a, b);
    assert.ok(a.every(Number.isFinite));
    assert.is(
      steps.length === 0,
      a.every((x, i) => x === clean[i]),
      "no change untold",
    );
  }
});

test.run();
