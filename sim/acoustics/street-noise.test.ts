import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "../rng.ts";
import { StreetNoise, type StreetNoiseOptions } from "./street-noise.ts";

function noise(seconds: number, options: Partial<StreetNoiseOptions> = {}, seed = 1): Float32Array {
  const all = { rateHz: 16_000, levelDbSpl: 60, vehiclesPerMinute: 0, windMps: 0, highPassHz: 5, ...options };
  const out = new Float32Array(seconds * all.rateHz);
  new StreetNoise(new Rng(seed), all).addTo(out, 0, out.length);
  return out;
}

const levelDb = (samples: Float32Array) =>
  10 * Math.log10(samples.reduce((sum, x) => sum + x * x, 0) / samples.length / 20e-6 ** 2);

/** Power about `hz`, by correlating blocks of 50 ms with a tone. */
function densityDb(samples: Float32Array, rateHz: number, hz: number): number {
  const block = Math.round(0.05 * rateHz);
  let power = 0;
  let blocks = 0;
  for (let at = 0; at + block <= samples.length; at += block, blocks++) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < block; i++) {
      const window = Math.sin((Math.PI * i) / block);
      re += window * samples[at + i]! * Math.cos((2 * Math.PI * hz * i) / rateHz);
      im += window * samples[at + i]! * Math.sin((2 * Math.PI * hz * i) / rateHz);
    }
    power += (re * re + im * im) / (block * rateHz);
  }
  return 10 * Math.log10(power / blocks);
}

test("a floor of 60 dB SPL is 60 dB SPL, at 16 and at 48 kHz, within 1 dB", () => {
  for (const rateHz of [16_000, 48_000]) {
    const got = levelDb(noise(20, { rateHz }));
    assert.ok(Math.abs(got - 60) < 1, `${rateHz}: ${got}`);
  }
});

test("its colour is the same at both rates: density at 100, 400 and 1600 Hz within 1 dB", () => {
  const slow = noise(30);
  const fast = noise(30, { rateHz: 48_000 }, 2);
  for (const hz of [100, 400, 1600]) {
    const off = densityDb(slow, 16_000, hz) - densityDb(fast, 48_000, hz);
    assert.ok(Math.abs(off) < 1, `${hz} Hz: ${off}`);
  }
});

test("it falls by 3 to 6 dB an octave from 100 to 1600 Hz", () => {
  const samples = noise(30);
  const fall = (densityDb(samples, 16_000, 100) - densityDb(samples, 16_000, 1600)) / 4;
  assert.ok(fall > 3 && fall < 6, `${fall}`);
});

test("a wind of 6 m/s raises what lies below 20 Hz by more than 20 dB and leaves 1 kHz as it was", () => {
  const calm = noise(30);
  const windy = noise(30, { windMps: 6 });
  assert.ok(densityDb(windy, 16_000, 20) - densityDb(calm, 16_000, 20) > 20);
  assert.ok(Math.abs(densityDb(windy, 16_000, 1000) - densityDb(calm, 16_000, 1000)) < 1.5);
});

test("vehicles come and go: the loudest second of two minutes is at least 6 dB over the quietest", () => {
  const samples = noise(120, { levelDbSpl: 50, vehiclesPerMinute: 5 });
  const seconds = Array.from({ length: 120 }, (_, i) => levelDb(samples.subarray(i * 16_000, (i + 1) * 16_000)));
  assert.ok(Math.max(...seconds) - Math.min(...seconds) > 6);
});

test("the same seed gives the same noise however it is cut; another seed another", () => {
  const whole = noise(2, { vehiclesPerMinute: 10, windMps: 4 });
  const pieces = new Float32Array(whole.length);
  const source = new StreetNoise(new Rng(1), {
    rateHz: 16_000,
    levelDbSpl: 60,
    vehiclesPerMinute: 10,
    windMps: 4,
    highPassHz: 5,
  });
  for (let at = 0; at < pieces.length; at += 320) source.addTo(pieces, at, at + 320);
  assert.equal(pieces, whole);
  assert.not.equal(noise(2, { vehiclesPerMinute: 10, windMps: 4 }, 2), whole);
});

test("it does not come round: minutes apart it is unlike itself", () => {
  const samples = noise(120);
  for (const lagS of [5, 30, 60, 100]) {
    let same = 0;
    let power = 0;
    for (let i = 0; i < 160_000; i++) {
      same += samples[i]! * samples[i + lagS * 16_000]!;
      power += samples[i]! ** 2;
    }
    assert.ok(Math.abs(same / power) < 0.1, `${lagS} s: ${same / power}`);
  }
});

test.run();
