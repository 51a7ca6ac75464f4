import { test } from "uvu";
import * as assert from "uvu/assert";
import { clipWav } from "./fixtures/city.ts";
import { FLOOR_DB, fft, peaks, shade, spectrogram, spectrogramPixels } from "./spectrogram.ts";
import { decodeWav } from "./wav.ts";

const near = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);

test("the transform of a unit impulse is one everywhere; of a constant, n at zero and nothing else", () => {
  const re = new Float64Array(8);
  const im = new Float64Array(8);
  re[0] = 1;
  fft(re, im);
  for (const x of re) near(x, 1, 1e-12);
  re.fill(1);
  im.fill(0);
  fft(re, im);
  near(re[0]!, 8, 1e-12);
  for (let k = 1; k < 8; k++) near(Math.hypot(re[k]!, im[k]!), 0, 1e-12);
});

test("a tone of 3000 Hz at 24 kHz is loudest in the bin of 3000 Hz in every frame", () => {
  const tone = Float32Array.from({ length: 24_000 }, (_, i) => Math.sin((2 * Math.PI * 3000 * i) / 24_000));
  const of = spectrogram(tone, 24_000);
  assert.is(of.frames, Math.ceil((24_000 - 512) / 128) + 1);
  for (let f = 0; f < of.frames - 4; f++) {
    const column = of.db.subarray(f * of.bins, (f + 1) * of.bins);
    assert.is(column.indexOf(Math.max(...column)) * of.binHz, 3000);
  }
});

test("levels lie between the floor and 0 dB, silence at the floor, and pixels are opaque", () => {
  const of = spectrogram(new Float32Array(4000), 24_000);
  assert.ok(of.db.every((level) => level === FLOOR_DB));
  const { width, height, rgba } = spectrogramPixels(of, 6000);
  assert.is(width, of.frames);
  assert.is(height, 128);
  assert.is(rgba.length, width * height * 4);
  assert.is(rgba[3], 255);
});

test("a clip shorter than one frame still gives a frame", () => {
  assert.is(spectrogram(new Float32Array(100).fill(0.5), 24_000).frames, 1);
});

test("louder is lighter: luminance rises along the whole scale", () => {
  const light = Array.from({ length: 21 }, (_, i) => {
    const [r, g, b] = shade(i / 20);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  for (let i = 1; i < light.length; i++) assert.ok(light[i]! > light[i - 1]!);
});

test("a waveform of 100 columns keeps the one loud sample among 10,000", () => {
  const samples = new Float32Array(10_000);
  samples[5050] = -0.9;
  const { low, high } = peaks(samples, 100);
  near(low[50]!, -0.9, 1e-6);
  assert.is(high[50], 0);
  assert.is(low.filter((x) => x !== 0).length, 1);
});

test("a WAV of 1 s at 24 kHz gives 24,000 samples with the blast at 0.2 s", () => {
  const bytes = clipWav(7);
  const { samples, sampleRateHz } = decodeWav(new Uint8Array(bytes).buffer);
  assert.is(sampleRateHz, 24_000);
  assert.is(samples.length, 24_000);
  let loudest = 0;
  for (let i = 0; i < samples.length; i++) if (Math.abs(samples[i]!) > Math.abs(samples[loudest]!)) loudest = i;
  near(loudest / 24_000, 0.2, 0.002);
});

test("what is no 16-bit WAV is refused with the reason", () => {
  assert.throws(
    () => decodeWav(new TextEncoder().encode("<html>not a sound</html>").buffer as ArrayBuffer),
    /not a WAV/,
  );
  const eightBit = new Uint8Array(clipWav(1));
  eightBit[34] = 8;
  assert.throws(() => decodeWav(eightBit.buffer), /8 bits/);
});

test.run();
