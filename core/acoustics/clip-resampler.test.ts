import { test } from "uvu";
import * as assert from "uvu/assert";
import { MODEL_RATE_HZ, MODEL_SAMPLES, ONSET_SAMPLE, resampleClip } from "./clip-resampler.ts";

for (const rate of [8000, 11025, 12000, 16000, 44100, 48000, 96000]) {
  test(`a 1 kHz sine at ${rate} Hz keeps its amplitude and phase within 1 %`, () => {
    const onsetS = 1.15 + 0.37 / rate;
    const clip = Float32Array.from({ length: Math.round(2.2 * rate) }, (_, i) =>
      Math.sin(2 * Math.PI * 1000 * (i / rate - onsetS)),
    );
    const out = new Float32Array(MODEL_SAMPLES);
    resampleClip(clip, rate, onsetS, out);
    let worst = 0;
    for (let i = 600; i < MODEL_SAMPLES - 600; i++) {
      worst = Math.max(worst, Math.abs(out[i]! - Math.sin((2 * Math.PI * 1000 * (i - ONSET_SAMPLE)) / MODEL_RATE_HZ)));
    }
    assert.ok(worst < 0.01, `${worst}`);
  });
}

test("what is above 6 kHz does not fold down: a 9 kHz sine at 48 kHz is 40 dB weaker", () => {
  const clip = Float32Array.from({ length: 48000 }, (_, i) => Math.sin((2 * Math.PI * 9000 * i) / 48000));
  const out = new Float32Array(MODEL_SAMPLES);
  resampleClip(clip, 48000, 0.15, out);
  let peak = 0;
  for (let i = ONSET_SAMPLE - 1500; i < MODEL_SAMPLES - 300; i++) peak = Math.max(peak, Math.abs(out[i]!));
  assert.ok(peak < 0.01, `${peak}`);
});

test("what lies outside the clip is zero, and an offset of the converter is taken off what lies within", () => {
  const out = new Float32Array(MODEL_SAMPLES).fill(9);
  const tone = (offset: number) =>
    Float32Array.from({ length: 1600 }, (_, i) => offset + Math.cos((2 * Math.PI * 500 * (i - 800)) / 16000));
  for (const offset of [0, 0.5, -3]) {
    resampleClip(tone(offset), 16000, 0.05, out);
    assert.is(out[0], 0);
    assert.is(out.at(-1), 0);
    assert.ok(Math.abs(out[ONSET_SAMPLE]! - 1) < 0.01, `offset ${offset}: ${out[ONSET_SAMPLE]}`);
  }
});

test("of a clip whose first 0.6 s and last 0.2 s are not held the offset is taken off the rest, without a step where that begins", () => {
  for (const [rate, offset] of [
    [16000, 0.03],
    [48000, -0.1],
  ] as const) {
    const tone = (offset: number) =>
      Float32Array.from({ length: 1.9 * rate }, (_, i) =>
        i < 0.6 * rate || i >= 1.7 * rate ? 0 : offset + 0.03 * Math.sin((2 * Math.PI * 500 * i) / rate),
      );
    const out = new Float32Array(MODEL_SAMPLES);
    const plain = new Float32Array(MODEL_SAMPLES);
    resampleClip(tone(offset), rate, 1.05, out);
    resampleClip(tone(0), rate, 1.05, plain);
    const worst = out.reduce((most, x, i) => Math.max(most, Math.abs(x - plain[i]!)), 0);
    assert.ok(worst < 2e-5, `${rate} Hz: ${worst}`);
  }
});

test.run();
