import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEar } from "./ear.ts";
import { addBlast, noise } from "./testing-sounds.ts";

/** Wind at a bare microphone: noise that falls steeply from 30 Hz on, of that RMS, and the converter's hiss under it. */
function wind(samples: number, rate: number, rms: number, seed: number): Float32Array {
  const out = noise(samples, 0.0008, seed);
  const gusts = noise(samples, 1, seed + 1000);
  const pole = 1 - Math.exp((-2 * Math.PI * 30) / rate);
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

for (const rate of [16000, 48000]) {
  test(`30 blasts 8 dB below the wind, whose swells trigger up to 6 ms before them, are timed within 0.2 ms at ${rate} Hz`, () => {
    for (let i = 0; i < 30; i++) {
      const atS = 0.6 + (i % 17) / 17 / rate;
      const samples = wind(0.8 * rate, rate, 0.05, 300 + i);
      addBlast(samples, rate, atS, 0.02);
      let leastS = Number.POSITIVE_INFINITY;
      const ear = createEar({
        sampleRateHz: rate,
        onCandidate: ({ onsetTick }) => {
          leastS = Math.min(leastS, Math.abs(onsetTick / rate - atS));
        },
      });
      ear.push(samples);
      ear.flush();
      assert.ok(leastS < 0.0002, `blast ${i}: ${(leastS * 1000).toFixed(2)} ms off`);
    }
  });
}

test.run();
