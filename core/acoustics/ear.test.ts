import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Candidate, createEar } from "./ear.ts";
import { addBlast, noise } from "./testing-sounds.ts";

function hear(samples: Float32Array, sampleRateHz: number, block = 480): Candidate[] {
  const heard: Candidate[] = [];
  const ear = createEar({ sampleRateHz, onCandidate: (candidate) => heard.push(candidate) });
  for (let i = 0; i < samples.length; i += block) ear.push(samples.subarray(i, i + block));
  ear.flush();
  return heard;
}

const near = (heard: Candidate[], sampleRateHz: number, atS: number, withinS: number) =>
  heard.filter(({ onsetTick }) => Math.abs(onsetTick / sampleRateHz - atS) <= withinS);

for (const rate of [8000, 12000, 16000, 44100, 48000, 96000]) {
  test(`a blast 30 dB over the noise is timed within 30 microseconds or a quarter sample at ${rate} Hz`, () => {
    for (const fraction of [0, 0.21, 0.47, 0.73]) {
      const samples = noise(2 * rate, 0.01, 7);
      const atS = 1 + fraction / rate;
      addBlast(samples, rate, atS, 0.316);
      const [candidate, ...others] = near(hear(samples, rate), rate, atS, 0.02);
      assert.ok(candidate, `heard at ${rate} Hz`);
      assert.is(others.length, 0);
      const errorS = candidate.onsetTick / rate - atS;
      assert.ok(Math.abs(errorS) < Math.max(30e-6, 0.3 / rate), `${(errorS * 1e6).toFixed(1)} us at ${rate} Hz`);
      assert.ok(Math.abs(errorS) < 3.5 * candidate.onsetSigmaS, `${errorS} s against sigma ${candidate.onsetSigmaS} s`);
    }
  });
}

test("sigma is honest: error over sigma has RMS 0.85 to 1.15 over 120 blasts of 12 to 30 dB", () => {
  const rate = 16000;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < 120; i++) {
    const samples = noise(rate, 0.01, 100 + i);
    const atS = 0.5 + (i % 17) / 17 / rate;
    addBlast(samples, rate, atS, 0.01 * 10 ** ((12 + (i % 19)) / 20), 0.0004 + (i % 7) * 0.0003);
    const [candidate] = near(hear(samples, rate), rate, atS, 0.01);
    if (!candidate) continue;
    sum += ((candidate.onsetTick / rate - atS) / candidate.onsetSigmaS) ** 2;
    count++;
  }
  const rms = Math.sqrt(sum / count);
  assert.ok(count >= 100, `${count} of 120 heard`);
  assert.ok(rms > 0.85 && rms < 1.15, `RMS ${rms.toFixed(2)}`);
});

test("five rounds 80 ms apart are five arrivals, each within 0.1 ms", () => {
  const rate = 16000;
  const samples = noise(2 * rate, 0.003, 3);
  for (let round = 0; round < 5; round++) addBlast(samples, rate, 0.8 + 0.08 * round, 0.5);
  const heard = hear(samples, rate);
  for (let round = 0; round < 5; round++) {
    assert.is(near(heard, rate, 0.8 + 0.08 * round, 0.0001).length, 1, `round ${round + 1}`);
  }
  assert.is(near(heard, rate, 0.96, 0.2).length, 5);
  for (const round of near(heard, rate, 0.96, 0.2)) assert.ok(round.echoProbability < 0.5, `${round.echoProbability}`);
});

test("five rounds 80 ms apart, 43 ms behind each a weaker sound by another way: the rounds are no echoes, those are", () => {
  const rate = 16000;
  const samples = noise(2 * rate, 0.003, 3);
  for (let round = 0; round < 5; round++) {
    addBlast(samples, rate, 0.8 + 0.08 * round, 0.5);
    addBlast(samples, rate, 0.843 + 0.08 * round, 0.12, 0.006);
  }
  const heard = hear(samples, rate);
  const told = (atS: number) => near(heard, rate, atS, 0.002).map(({ echoProbability }) => echoProbability);
  for (let round = 0; round < 5; round++) {
    const [direct] = told(0.8 + 0.08 * round);
    const [echo] = told(0.843 + 0.08 * round);
    assert.ok(direct! < 0.3, `round ${round + 1}: ${direct}`);
    assert.ok(echo === undefined || echo > 0.7, `its echo: ${echo}`);
  }
  assert.ok(near(heard, rate, 1.01, 0.25).length >= 9);
});

for (const delayS of [0.005, 0.012, 0.03, 0.08, 0.15, 0.3]) {
  test(`an echo ${delayS * 1000} ms later and 6 dB stronger does not move the first arrival`, () => {
    const rate = 16000;
    const samples = noise(2 * rate, 0.003, 5);
    addBlast(samples, rate, 1.00002, 0.25);
    addBlast(samples, rate, 1.00002 + delayS, 0.5, 0.0011);
    const heard = hear(samples, rate);
    assert.is(near(heard, rate, 1.00002, 0.00005).length, 1);
    // From 80 ms on it could be a round, and is an arrival of its own.
    if (delayS >= 0.08) assert.is(near(heard, rate, 1.00002 + delayS, 0.0002).length, 1);
  });
}

test("a weak, different arrival 90 ms later is marked as a probable echo, and kept", () => {
  const rate = 16000;
  const samples = noise(2 * rate, 0.001, 9);
  addBlast(samples, rate, 1, 0.8);
  addBlast(samples, rate, 1.09, -0.1, 0.002);
  const [echo] = near(hear(samples, rate), rate, 1.09, 0.001);
  assert.ok(echo);
  assert.ok(echo.echoProbability > 0.8, `${echo.echoProbability}`);
});

test("overloaded eightfold, the wave is still timed within 0.1 ms, and marked as clipped", () => {
  const rate = 16000;
  const samples = noise(2 * rate, 0.02, 11);
  addBlast(samples, rate, 1.00003, 8, 0.002);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i]!));
  const [candidate] = near(hear(samples, rate), rate, 1.00003, 0.0001);
  assert.ok(candidate?.clipped);
  assert.ok(Math.abs(candidate.peakDbFs) < 0.1);
});

test("zeros before and after the sound are no impulses and no noise", () => {
  const rate = 12000;
  const samples = new Float32Array(6 * rate);
  samples.set(noise(4 * rate, 0.01, 13), rate);
  addBlast(samples, rate, 3.0001, 0.2);
  const heard = hear(samples, rate);
  assert.is(near(heard, rate, 3.0001, 0.0001).length, 1);
  assert.is(near(heard, rate, 1, 0.1).length + near(heard, rate, 5, 0.1).length, 0);
});

test("a wave of half a millisecond in digital silence is one impulse, and the clicks of a metronome there are each one", () => {
  const rate = 48000;
  const lone = new Float32Array(rate).fill(0.9, 24000, 24024);
  const [wave, ...others] = hear(lone, rate);
  assert.ok(wave && Math.abs(wave.onsetTick - 24000) < 2, `${wave?.onsetTick}`);
  assert.is(others.length, 0);
  const clicks = new Float32Array(2 * rate);
  for (let i = 4800; i < clicks.length; i += 9600) clicks[i] = 0.9;
  assert.is(hear(clicks, rate).length, 10);
});

test("a recording that begins with its shot is heard from the first sample on", () => {
  const rate = 22050;
  const samples = new Float32Array(rate);
  addBlast(samples, rate, 0.0005, 0.7);
  const tail = noise(rate, 0.2, 17);
  for (let i = 20; i < rate; i++) samples[i] = samples[i]! + tail[i]! * Math.exp(-i / (0.06 * rate));
  assert.is(near(hear(samples, rate), rate, 0.0005, 0.002).length, 1);
});

test("the same candidates whatever the length of the blocks", () => {
  const rate = 16000;
  const samples = noise(3 * rate, 0.01, 19);
  for (const atS of [0.7, 1.1, 1.24, 2.2]) addBlast(samples, rate, atS, 0.3);
  const whole = hear(samples, rate, samples.length);
  assert.ok(whole.length >= 4);
  for (const block of [1, 7, 480, 4096]) assert.equal(hear(samples, rate, block), whole);
});

test("lost samples keep the ticks true: a shot 1 s after a loss of 12345 samples", () => {
  const rate = 16000;
  const samples = noise(3 * rate, 0.005, 23);
  addBlast(samples, rate, 2.5, 0.4);
  const heard: Candidate[] = [];
  const ear = createEar({ sampleRateHz: rate, onCandidate: (candidate) => heard.push(candidate) });
  ear.push(samples.subarray(0, 1.5 * rate - 3));
  ear.skip(12345);
  ear.push(samples.subarray(1.5 * rate - 3));
  ear.flush();
  assert.is(ear.tick, 3 * rate + 12345);
  assert.is(near(heard, rate, 2.5 + 12345 / rate, 0.0001).length, 1);
});

test("a candidate is handed out once 0.85 s of sound after it is there, and its clip holds it", () => {
  const rate = 16000;
  const samples = noise(3 * rate, 0.005, 29);
  addBlast(samples, rate, 1, 0.4);
  const clip = new Float32Array(2 * rate);
  let at = 0;
  let held = 0;
  const ear = createEar({
    sampleRateHz: rate,
    onCandidate: ({ onsetTick }) => {
      if (Math.abs(onsetTick - rate) > 2) return;
      at = ear.tick;
      held = ear.clip(rate - 2400, clip.subarray(0, rate));
    },
  });
  for (let i = 0; i < samples.length; i += 160) ear.push(samples.subarray(i, i + 160));
  assert.ok(at >= 1.85 * rate && at < 1.86 * rate, `handed out at ${at / rate} s`);
  assert.is(held, rate);
  assert.equal(clip.subarray(0, rate), samples.subarray(rate - 2400, 2 * rate - 2400));
  assert.throws(() => ear.clip(0, new Float32Array(2 * rate + 1)), /2 s at most/);
});

test("a minute of steady noise has fewer than 30 impulses", () => {
  const rate = 16000;
  const heard = hear(noise(60 * rate, 0.01, 31), rate);
  assert.ok(heard.length < 30, `${heard.length} impulses in 60 s`);
});

test.run();
