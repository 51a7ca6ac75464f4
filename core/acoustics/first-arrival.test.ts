import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEar } from "./ear.ts";
import { swellProbability } from "./first-arrival-swell.ts";
import { addBlast, noise } from "./testing-sounds.ts";

/** Wind at a bare microphone: noise that falls steeply above `aboveHz`, of that RMS, and the converter's hiss under it. */
function wind(samples: number, rate: number, rms: number, seed: number, aboveHz = 30): Float32Array {
  const out = noise(samples, 0.0008, seed);
  const gusts = noise(samples, 1, seed + 1000);
  const pole = 1 - Math.exp((-2 * Math.PI * aboveHz) / rate);
  let [slow, slower, sum] = [0, 0, 0];
  for (let i = 0; i < samples; i++) {
    slow += pole * (gusts[i]! - slow);
    slower += pole * (slow - slower);
    gusts[i] = slower;
    sum += slower * slower;
  }
  const gain = rms / Math.sqrt(sum / samples);
  return out.map((x, i) => x + gain * gusts[i]!);
}

/** How far the nearest onset that the ear finds is off, seconds. */
function offS(samples: Float32Array, rate: number, atS: number): number {
  let least = Number.POSITIVE_INFINITY;
  const ear = createEar({
    sampleRateHz: rate,
    onCandidate: ({ onsetTick }) => {
      least = Math.min(least, Math.abs(onsetTick / rate - atS));
    },
  });
  ear.push(samples);
  ear.flush();
  return least;
}

for (const rate of [16000, 48000]) {
  test(`30 blasts 8 dB below the wind, whose swells trigger up to 6 ms before them, are timed within 0.2 ms at ${rate} Hz`, () => {
    for (let i = 0; i < 30; i++) {
      const atS = 0.6 + (i % 17) / 17 / rate;
      const samples = wind(0.8 * rate, rate, 0.05, 300 + i);
      addBlast(samples, rate, atS, 0.02);
      const leastS = offS(samples, rate, atS);
      assert.ok(leastS < 0.0002, `blast ${i}: ${(leastS * 1000).toFixed(2)} ms off`);
    }
  });
}

for (const rate of [16000, 48000]) {
  test(`of a wave 30 dB over the noise and an echo 4 to 8 ms behind it, 14 to 24 dB stronger, the wave is timed within 0.3 ms at ${rate} Hz`, () => {
    for (const gainDb of [14, 18, 24]) {
      for (const gapS of [0.004, 0.006, 0.008]) {
        const samples = noise(0.6 * rate, 0.0015, Math.round(gainDb + 1000 * gapS));
        addBlast(samples, rate, 0.4, 0.05, 0.0008);
        addBlast(samples, rate, 0.4 + gapS, 0.05 * 10 ** (gainDb / 20), 0.0011);
        const heard: number[] = [];
        const ear = createEar({
          sampleRateHz: rate,
          onCandidate: ({ onsetTick }) => heard.push(onsetTick / rate - 0.4),
        });
        ear.push(samples);
        ear.flush();
        assert.ok(
          heard.some((errorS) => Math.abs(errorS) < 0.0003),
          `${gainDb} dB, ${gapS * 1000} ms: ${heard.map((errorS) => (errorS * 1000).toFixed(2))}`,
        );
      }
    }
  });
}

test("of 60 blasts on a swell of wind, 16 to 30 ms long and 6 to 10 sigmas high, that came 8 to 12 ms before, all are timed within 0.1 ms", () => {
  const rate = 48000;
  const swells = [
    { sigmas: 10, lengthS: 0.025, middleS: -0.0065 },
    { sigmas: 8, lengthS: 0.02, middleS: -0.006 },
    { sigmas: 6, lengthS: 0.016, middleS: -0.006 },
  ];
  for (const { sigmas, lengthS, middleS } of swells) {
    for (let i = 0; i < 20; i++) {
      const atS = 0.5 + (i % 17) / 17 / rate;
      const samples = wind(0.7 * rate, rate, 0.01, 900 + i, 150);
      for (let k = 0; k < samples.length; k++) {
        const part = (k / rate - atS - middleS) / lengthS;
        if (Math.abs(part) < 0.5) samples[k] = samples[k]! + sigmas * 0.01 * 0.5 * (1 + Math.cos(2 * Math.PI * part));
      }
      addBlast(samples, rate, atS, 0.05);
      const leastS = offS(samples, rate, atS);
      assert.ok(leastS < 0.0001, `${sigmas} sigmas, blast ${i}: ${(leastS * 1000).toFixed(2)} ms off`);
    }
  }
});

test("what leaves 3 sigmas in whitened sound before a wave of 10 is wind at 97 %, what leaves 4.5 at 3 %; 3.4 before one of 9.2 at 75 %", () => {
  assert.ok(Math.abs(swellProbability(3.4, 9.2) - 0.745) < 0.01);
  assert.ok(Math.abs(swellProbability(3, 10) - 0.97) < 0.01);
  assert.ok(swellProbability(4.5, 10) < 0.04);
  assert.ok(swellProbability(30, 150) < 1e-9);
});

for (const rate of [48000, 96000]) {
  test(`14 to 40 ms of noise after zeros widen no sigma beyond 0.5 ms at ${rate} Hz`, () => {
    for (const noiseS of [0.014, 0.016, 0.02, 0.024, 0.03, 0.04]) {
      for (let i = 0; i < 6; i++) {
        const samples = noise(0.6 * rate, 0.002, 40 + i);
        samples.fill(0, 0, (0.3 - noiseS) * rate);
        addBlast(samples, rate, 0.3, 0.3);
        let found = { errorS: 1, sigmaS: 1 };
        const ear = createEar({
          sampleRateHz: rate,
          onCandidate: ({ onsetTick, onsetSigmaS }) => {
            const errorS = Math.abs(onsetTick / rate - 0.3);
            if (errorS < found.errorS) found = { errorS, sigmaS: onsetSigmaS };
          },
        });
        ear.push(samples);
        ear.flush();
        assert.ok(found.errorS < 0.0003 && found.sigmaS < 0.0005, `${noiseS} s: ${JSON.stringify(found)}`);
      }
    }
  });
}

test.run();
