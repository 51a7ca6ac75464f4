import { test } from "uvu";
import * as assert from "uvu/assert";
import { bearingOf, type MicrophonePlace } from "./bearing.ts";

/** Small seeded generator (mulberry32) and a normal from it. */
function random(seed: number) {
  let a = seed;
  const uniform = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) };
}

const rate = 48_000;
const c = 340;
const square: MicrophonePlace[] = [
  { eastM: 0.1, northM: 0.1, upM: 0 },
  { eastM: -0.1, northM: 0.1, upM: 0 },
  { eastM: -0.1, northM: -0.1, upM: 0 },
  { eastM: 0.1, northM: -0.1, upM: 0 },
];

/** A Friedlander pulse, smoothed to 0.1 ms, arriving at each microphone as a plane wave from `bearingDeg`. */
function impulse(places: MicrophonePlace[], bearingDeg: number, noise: number, rng: ReturnType<typeof random>) {
  const towardsEast = Math.sin((bearingDeg * Math.PI) / 180);
  const towardsNorth = Math.cos((bearingDeg * Math.PI) / 180);
  const onset = 4000;
  const channels = places.map((place) => {
    const delay = (-(place.eastM * towardsEast + place.northM * towardsNorth) / c) * rate;
    return Float32Array.from({ length: 6000 }, (_, i) => {
      const tS = (i - onset - delay) / rate;
      const rise = 1 / (1 + Math.exp(-tS / 2.5e-5));
      const pulse = tS > -0.001 ? rise * (1 - tS / 0.0015) * Math.exp(-Math.max(tS, 0) / 0.0015) : 0;
      return pulse + noise * rng.normal();
    });
  });
  return { channels, sampleRateHz: rate, places, onsetIndex: onset, speedOfSoundMps: c, placeSigmaM: 1e-6 };
}

const turn = (deg: number) => ((deg + 540) % 360) - 180;

test("four microphones 20 cm apart tell all round the compass within a degree at 40 dB", () => {
  const rng = random(1);
  for (let deg = 0; deg < 360; deg += 15) {
    const found = bearingOf(impulse(square, deg, 0.01, rng));
    if (found.kind !== "bearing") return assert.unreachable(JSON.stringify(found));
    assert.ok(Math.abs(turn(found.bearingDeg - deg)) < 1, `${deg}: ${found.bearingDeg}`);
  }
});

test("the sigma is honest: error over sigma has RMS 0.7 to 1.3 at 26, 34 and 46 dB", () => {
  for (const noise of [0.05, 0.02, 0.005]) {
    const rng = random(7);
    let sum = 0;
    const count = 300;
    for (let i = 0; i < count; i++) {
      const deg = rng.uniform() * 360;
      const found = bearingOf(impulse(square, deg, noise, rng));
      if (found.kind !== "bearing") return assert.unreachable(JSON.stringify(found));
      sum += (turn(found.bearingDeg - deg) / found.sigmaDeg) ** 2;
    }
    const rms = Math.sqrt(sum / count);
    assert.ok(rms > 0.7 && rms < 1.3, `noise ${noise}: ${rms.toFixed(2)}`);
  }
});

test("two microphones on an east-west line give both sides of it: 30 and 150 degrees", () => {
  const pair = [square[1]!, square[0]!];
  const found = bearingOf(impulse(pair, 30, 0.01, random(3)));
  if (found.kind !== "ambiguous") return assert.unreachable(JSON.stringify(found));
  const [a, b] = [...found.bearingsDeg].sort((x, y) => x - y) as [number, number];
  assert.ok(Math.abs(a - 30) < 2 && Math.abs(b - 150) < 2, `${a} ${b}`);
});

test("what cannot be told is said: one microphone, no noise before the onset", () => {
  const ask = impulse(square, 10, 0.01, random(4));
  const one = bearingOf({ ...ask, channels: ask.channels.slice(0, 1), places: square.slice(0, 1) });
  assert.is(one.kind, "unsolved");
  assert.is(bearingOf({ ...ask, onsetIndex: 100 }).kind, "unsolved");
});

test.run();
