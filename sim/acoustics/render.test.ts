import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Absorption, stillAir } from "./air.ts";
import { flatPickup, type SoundPath } from "./block.ts";
import { Renderer, type Segment } from "./render.ts";
import { friedlander, grains, modes, nWave, together, type Wave } from "./wave.ts";

const test = suite("render");

function renderer(rateHz: number): Renderer {
  return new Renderer({ rateHz, absorption: new Absorption(stillAir), soundMps: 343, pickup: flatPickup });
}

const straight = (travelS: number, lengthM = 1, more: Partial<SoundPath> = {}): SoundPath => ({
  kind: "direct",
  travelS,
  lengthM,
  gain: 1,
  departure: [1, 0, 0],
  ...more,
});

function signal(segments: Segment[], length: number): Float64Array {
  const out = new Float64Array(length);
  for (const { start, samples } of segments) {
    samples.forEach((x, i) => {
      if (start + i >= 0 && start + i < length) out[start + i] = out[start + i]! + x;
    });
  }
  return out;
}

function render(rateHz: number, wave: Wave, paths: SoundPath[], seconds = 0.5): Float64Array {
  return signal(
    renderer(rateHz).render(wave, paths, (s) => s * rateHz),
    Math.round(seconds * rateHz),
  );
}

const energyOf = (samples: Float64Array) => samples.reduce((sum, x) => sum + x * x, 0);

const tone = grains([{ amplitudePa: 1, frequencyHz: 900, sigmaS: 0.002, atS: 0.015 }]);
const toneAt = (t: number) => Math.exp(-0.5 * ((t - 0.015) / 0.002) ** 2) * Math.cos(2 * Math.PI * 900 * (t - 0.015));

for (const rateHz of [16_000, 48_000, 96_000]) {
  test(`at ${rateHz} Hz a tone burst delayed by 100.37 samples is that burst at the exact instants, within 0.01 %`, () => {
    const delayS = 100.37 / rateHz;
    const got = render(rateHz, tone, [straight(delayS, 0.001, { gain: 0.001 })]);
    let worst = 0;
    got.forEach((x, n) => {
      worst = Math.max(worst, Math.abs(x - toneAt(n / rateHz - delayS)));
    });
    assert.ok(worst < 1e-4, `${worst}`);
  });
}

test("the same blast has the same samples at 16 and 48 kHz below the lower rate's band limit", () => {
  const blast = friedlander(100, 3e-3, 1, 1e-3);
  const slow = render(16_000, blast, [straight(0.0503)]);
  const fast = render(48_000, blast, [straight(0.0503)]);
  const peak = Math.max(...slow);
  let worst = 0;
  slow.forEach((x, n) => {
    worst = Math.max(worst, Math.abs(x - fast[3 * n]!));
  });
  // What differs is the blast's share above 6.7 kHz.
  assert.ok(worst / peak < 0.02, `${worst / peak}`);
});

test("a Friedlander wave at 96 kHz is P (1 - t/T) exp(-t/T): zero at T = 1 ms, least at 2 ms with -P exp(-2)", () => {
  const got = render(96_000, friedlander(100, 1e-3), [straight(0.1)]);
  const at = (ms: number) => got[Math.round((0.1 + ms * 1e-3) * 96_000)]!;
  assert.ok(Math.abs(at(1)) < 0.5, `${at(1)}`);
  assert.ok(Math.abs(at(2) + 100 * Math.exp(-2)) < 0.5, `${at(2)}`);
  assert.ok(Math.abs(at(0.5) - 50 * Math.exp(-0.5)) < 0.5, `${at(0.5)}`);
  assert.ok(Math.abs(got.reduce((a, b) => a + b, 0) / 96_000) < 1e-4, "no net impulse");
});

test("an N-wave of 0.5 ms falls in a straight line from +P to -P with its zero in the middle", () => {
  const got = render(96_000, nWave(100, 0.5e-3), [straight(0.1)]);
  const at = (ms: number) => got[Math.round((0.1 + ms * 1e-3) * 96_000)]!;
  assert.ok(Math.abs(at(0.125) - 50) < 2, `${at(0.125)}`);
  assert.ok(Math.abs(at(0.25)) < 2, `${at(0.25)}`);
  assert.ok(Math.abs(at(0.375) + 50) < 2, `${at(0.375)}`);
  assert.ok(Math.abs(at(-0.2)) < 3 && Math.abs(at(0.7)) < 3, "nothing before and after but the filter's ringing");
});

test("a struck mode of 1 kHz rings as A exp(-d t) sin(2 pi f t)", () => {
  const got = render(48_000, modes([{ amplitudePa: 2, frequencyHz: 1000, decayPerS: 80 }]), [straight(0.1)]);
  const at = (ms: number) => got[Math.round((0.1 + ms * 1e-3) * 48_000)]!;
  for (const ms of [0.25, 1.25, 5.25]) {
    const expected = 2 * Math.exp(-0.08 * ms) * Math.sin(2 * Math.PI * ms);
    assert.ok(Math.abs(at(ms) - expected) < 0.01, `${ms} ms: ${at(ms)}, ${expected}`);
  }
});

test("each doubling of the distance takes 6.02 dB of a low tone", () => {
  const low = grains([{ amplitudePa: 1, frequencyHz: 100, sigmaS: 0.008, atS: 0.05 }]);
  const peak = (lengthM: number) => Math.max(...render(16_000, low, [straight(0.1, lengthM)]));
  for (const m of [10, 20, 40]) {
    const lossDb = 20 * Math.log10(peak(m) / peak(2 * m));
    assert.ok(Math.abs(lossDb - 6.02) < 0.05, `${lossDb}`);
  }
});

test("500 m of air at 20 C, 50 % take what ISO 9613-1 says of a 4 kHz tone", () => {
  const high = grains([{ amplitudePa: 1, frequencyHz: 4000, sigmaS: 0.01, atS: 0.06 }]);
  const energy = (lengthM: number) => energyOf(render(48_000, high, [straight(0.1, lengthM)]));
  const lossDb = 10 * Math.log10(energy(1) / energy(501)) - 20 * Math.log10(501);
  const expected = 500 * new Absorption(stillAir).dbPerM(4000);
  assert.ok(Math.abs(lossDb - expected) < 0.1, `${lossDb}, ${expected}`);
});

test("absorption keeps a pulse causal: nothing arrives before the front, a kilometre away", () => {
  const got = render(48_000, friedlander(100, 1e-3), [straight(0.2, 1000)]);
  const peak = Math.max(...got);
  const before = Math.max(...got.subarray(0, Math.round(0.1995 * 48_000)).map(Math.abs));
  assert.ok(before / peak < 0.02, `${before / peak}`);
});

test("a screen of 1 m detour takes 10 lg(3 + 20 N) of the band about 500 Hz, N = 2 x 1 m x 500 / 343, to 1 dB", () => {
  const band = Array.from({ length: 9 }, (_, i) =>
    grains([{ amplitudePa: 1, frequencyHz: 400 + 25 * i, sigmaS: 0.01, atS: 0.06 }]),
  );
  const energy = (more: Partial<SoundPath>) =>
    band.reduce((sum, wave) => sum + energyOf(render(16_000, wave, [straight(0.1, 50, more)])), 0);
  const lossDb = 10 * Math.log10(energy({}) / energy({ detourM: 1 }));
  assert.ok(Math.abs(lossDb - 10 * Math.log10(3 + (40 * 500) / 343)) < 1, `${lossDb}`);
});

test("a low microphone and a hard ground double a low tone and cancel where the bounce is half a wave late", () => {
  const at = (frequencyHz: number, more: Partial<SoundPath>) =>
    Math.max(
      ...render(16_000, grains([{ amplitudePa: 1, frequencyHz, sigmaS: 0.02, atS: 0.1 }]), [
        straight(0.1, 1, more),
      ]).map(Math.abs),
    );
  const ground = { lateS: 0.5e-3, gain: 1 };
  assert.ok(Math.abs(at(50, { ground }) / at(50, {}) - 2) < 0.02);
  assert.ok(at(1000, { ground }) / at(1000, {}) < 0.03);
});

test("a wave too long for one block is the sum of its parts rendered alone", () => {
  const pop = friedlander(10, 1e-3, 1, 0.2e-3);
  const paths = [straight(0.05, 20), straight(0.0911, 31), straight(0.2222, 76)];
  const whole = render(
    16_000,
    together([
      { atS: 0, wave: pop },
      { atS: 0.6, wave: pop },
    ]),
    paths,
    1.2,
  );
  const alone = render(16_000, pop, paths, 1.2);
  let worst = 0;
  whole.forEach((x, n) => {
    worst = Math.max(worst, Math.abs(x - alone[n]! - (n >= 9600 ? alone[n - 9600]! : 0)));
  });
  assert.ok(worst / Math.max(...whole) < 0.01, `${worst / Math.max(...whole)}`);
});

test("a microphone's high-pass of 100 Hz takes 3 dB of 100 Hz and 24 dB of 25 Hz", () => {
  const level = (highPassHz: number, frequencyHz: number) => {
    const one = new Renderer({
      rateHz: 16_000,
      absorption: new Absorption(stillAir),
      soundMps: 343,
      pickup: { ...flatPickup, highPassHz },
    });
    const wave = grains([{ amplitudePa: 1, frequencyHz, sigmaS: 0.1, atS: 0.5 }]);
    return Math.max(
      ...signal(
        one.render(wave, [straight(0.1)], (s) => s * 16_000),
        20_000,
      ).map(Math.abs),
    );
  };
  const lossDb = (hz: number) => 20 * Math.log10(level(0, hz) / level(100, hz));
  assert.ok(Math.abs(lossDb(100) - 3.01) < 0.2, `${lossDb(100)}`);
  assert.ok(Math.abs(lossDb(25) - 24.1) < 0.6, `${lossDb(25)}`);
});

test.run();
