import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Candidate, createEar } from "./ear.ts";
import { OffsetFilter } from "./offset.ts";
import { addBlast, noise } from "./testing-sounds.ts";

const RATE = 48_000;

/** Through one filter in blocks of 20 ms. */
function filtered(samples: Float32Array, block = 960): Float32Array {
  const filter = new OffsetFilter(RATE);
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i += block) out.set(filter.take(samples.subarray(i, i + block)), i);
  return out;
}

function heard(samples: Float32Array): Candidate[] {
  const candidates: Candidate[] = [];
  const ear = createEar({ sampleRateHz: RATE, onCandidate: (candidate) => candidates.push(candidate) });
  ear.push(samples);
  ear.flush();
  return candidates;
}

test("a blast's onset moves by less than 1 us and its level by less than 0.05 dB, with an offset of 0, 3 and -10 %", () => {
  for (const positiveS of [0.0008, 0.003, 0.006]) {
    const plain = noise(3 * RATE, 0.001, 9);
    addBlast(plain, RATE, 2.00123, 0.3, positiveS);
    const [before] = heard(plain);
    for (const offset of [0, 0.03, -0.1]) {
      const impulses = heard(filtered(plain.map((x) => x + offset)));
      assert.is(impulses.length, 1);
      const movedS = (impulses[0]!.onsetTick - before!.onsetTick) / RATE;
      assert.ok(Math.abs(movedS) < 1e-6, `${positiveS} s, ${offset}: ${movedS * 1e6} us`);
      const louderDb = impulses[0]!.peakDbFs - before!.peakDbFs;
      assert.ok(Math.abs(louderDb) < 0.05, `${positiveS} s, ${offset}: ${louderDb} dB`);
    }
  }
});

test("sound above 20 Hz keeps its level within 0.01 dB", () => {
  const tone = Float32Array.from({ length: 4 * RATE }, (_, i) => 0.1 * Math.sin((2 * Math.PI * 20 * i) / RATE));
  const rms = filtered(tone)
    .subarray(2 * RATE)
    .reduce((sum, x) => sum + (x * x) / (2 * RATE), 0);
  assert.ok(Math.abs(10 * Math.log10(rms / 0.005)) < 0.01, `${rms}`);
});

test("a muted converter's zeros stay exact zeros, wherever blocks end, and its sound comes back without a step", () => {
  const plain = noise(2 * RATE, 0.001, 6);
  for (const [muted, to] of [
    [0, 20_011],
    [48_000, 60_013],
  ] as const) {
    const sound = plain.map((x, i) => (i >= muted && i < to ? 0 : x + 0.03));
    for (const block of [960, 100, 7]) {
      const out = filtered(sound, block);
      assert.ok(out.subarray(muted, to).every((x) => x === 0));
      const peak = out.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      assert.ok(peak < 0.008, `muted from ${muted}, blocks of ${block}: ${peak}`);
    }
  }
});

test("single zeros within sound are sound: with an offset they are at minus the offset", () => {
  const sound = Float32Array.from(
    { length: RATE },
    (_, i) => 0.25 + 0.25 * Math.sin((2 * Math.PI * i) / 48 - Math.PI / 2),
  );
  for (let i = 0; i < RATE; i += 48) sound[i] = 0;
  const out = filtered(sound, 1000);
  for (let i = 0; i < RATE; i += 48) assert.ok(Math.abs(out[i]! + 0.25) < 0.01, `${i}: ${out[i]}`);
});

test("quiet sound of zeros and single steps of 16 bit, after a thump that lifts the mean, has no impulse that was not there before", () => {
  const step = 1 / 32_768;
  const quiet = noise(6 * RATE, 0.3, 11).map((x) => step * Math.round(0.8 * x));
  for (let i = 0; i < 0.1 * RATE; i++) quiet[2 * RATE + i]! += 0.25 * (1 - Math.cos((2 * Math.PI * i) / (0.1 * RATE)));
  assert.ok(quiet.subarray(3 * RATE).filter((x) => x === 0).length > 2 * RATE);
  const out = filtered(quiet);
  assert.equal(
    heard(out).map(({ onsetTick }) => Math.round(onsetTick / RATE)),
    heard(quiet).map(({ onsetTick }) => Math.round(onsetTick / RATE)),
  );
  const left = out.subarray(4 * RATE).reduce((most, x, i) => Math.max(most, Math.abs(x - quiet[4 * RATE + i]!)), 0);
  assert.ok(left < step, `${left}`);
});

test("an impulse out of silence is no offset", () => {
  const sound = new Float32Array(RATE);
  addBlast(sound, RATE, 0.5, 0.4, 0.003);
  const out = filtered(sound);
  const worst = out.reduce((most, x, i) => Math.max(most, Math.abs(x - sound[i]!)), 0);
  assert.ok(worst < 0.008, `${worst}`);
});

test("after a restart another offset begins without a step", () => {
  const filter = new OffsetFilter(RATE);
  const plain = noise(960, 0.001, 8);
  filter.take(plain.map((x) => x + 0.03));
  filter.restart();
  assert.ok(filter.take(plain.map((x) => x - 0.1)).every((x) => Math.abs(x) < 0.005));
});

test.run();
