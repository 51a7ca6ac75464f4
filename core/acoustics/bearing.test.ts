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
    return Float32Array.from({ length: 4600 }, (_, i) => {
      const tS = (i - onset - delay) / rate;
      const rise = 1 / (1 + Math.exp(-tS / 2.5e-5));
      const pulse = tS > -0.001 ? rise * (1 - tS / 0.0015) * Math.exp(-Math.max(tS, 0) / 0.0015) : 0;
      return pulse + noise * rng.normal();
    });
  });
  return { channels, sampleRateHz: rate, places, onsetIndex: onset, speedOfSoundMps: c, placeSigmaM: 1e-6 };
}

/** The same pulse again, weaker and later, from another side. */
function echo(ask: ReturnType<typeof impulse>, gain: number, laterS: number, deg: number): void {
  const later = impulse(ask.places, deg, 0, { uniform: () => 0.5, normal: () => 0 });
  const shift = Math.round(laterS * rate);
  for (const [i, sound] of ask.channels.entries()) {
    for (let k = shift; k < sound.length; k++) sound[k]! += gain * later.channels[i]![k - shift]!;
  }
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
    const count = 150;
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

type Spoil = (channels: Float32Array[], rng: ReturnType<typeof random>) => Float32Array[];
const third = (of: (sound: Float32Array) => Float32Array, channels: Float32Array[]) =>
  channels.map((sound, i) => (i === 2 ? of(sound) : sound));

test("a microphone that is dead, stuck, inverted or in noise of its own is left out and named; the other three tell within 4 sigmas", () => {
  const rng = random(5);
  const faults: Record<string, Spoil> = {
    dead: (channels) => third((x) => x.map(() => 0), channels),
    stuck: (channels) => third((x) => x.map(() => 0.3), channels),
    inverted: (channels) => third((x) => x.map((value) => -value), channels),
    "in noise of its own": (channels) => third((x) => x.map(() => 0.01 * rng.normal()), channels),
  };
  for (const [name, spoil] of Object.entries(faults)) {
    for (let deg = 5; deg < 360; deg += 40) {
      const ask = impulse(square, deg, 0.01, rng);
      const found = bearingOf({ ...ask, placeSigmaM: 0.001, channels: spoil(ask.channels, rng) });
      if (found.kind !== "bearing") return assert.unreachable(`${name}, ${deg}: ${JSON.stringify(found)}`);
      assert.is(found.leftOut, 2);
      assert.ok(found.sigmaDeg < 2, `${name}: ${found.sigmaDeg}`);
      assert.ok(Math.abs(turn(found.bearingDeg - deg)) < 4 * found.sigmaDeg, `${name}, ${deg}: ${found.bearingDeg}`);
    }
  }
});

test("the first microphone inverted, of three: the other two still tell both sides of their line", () => {
  const ask = impulse(square.slice(0, 3), 20, 0.01, random(6));
  const found = bearingOf({ ...ask, channels: ask.channels.map((x, i) => (i === 0 ? x.map((value) => -value) : x)) });
  if (found.kind !== "ambiguous") return assert.unreachable(JSON.stringify(found));
  assert.is(found.leftOut, 0);
  assert.ok(found.bearingsDeg.some((deg) => Math.abs(turn(deg - 20)) < 4 * found.sigmaDeg));
});

test("cables swapped across the square's diagonal mirror the bearing about the other one, and no delay betrays it", () => {
  const rng = random(12);
  for (const deg of [10, 80, 200, 300]) {
    const ask = impulse(square, deg, 0.01, rng);
    [ask.channels[0], ask.channels[2]] = [ask.channels[2]!, ask.channels[0]!];
    const found = bearingOf(ask);
    if (found.kind !== "bearing") return assert.unreachable(JSON.stringify(found));
    assert.ok(Math.abs(turn(found.bearingDeg - (2 * 135 - deg))) < 1, `${deg}: ${found.bearingDeg}`);
  }
});

test("cables of two neighbours swapped: the delays fit no plane wave, and that is said", () => {
  const rng = random(8);
  for (let deg = 5; deg < 360; deg += 60) {
    const ask = impulse(square, deg, 0.01, rng);
    const [a, b, c2, d] = ask.channels;
    const found = bearingOf({ ...ask, placeSigmaM: 0.001, channels: [a!, c2!, b!, d!] });
    assert.equal(found.kind === "unsolved" && found.misplaced, true, `${deg}: ${JSON.stringify(found)}`);
  }
});

test("three echoes of 0.6 to 0.8 within 5 ms: 57 of 60 or more give no bearing; one of 0.5 after 2 ms leaves it within 1 degree", () => {
  const rng = random(9);
  let told = 0;
  for (let i = 0; i < 60; i++) {
    const ask = impulse(square, 6 * i, 0.01, rng);
    for (let n = 0; n < 3; n++)
      echo(ask, 0.6 + 0.2 * rng.uniform(), 0.0005 + 0.0045 * rng.uniform(), 360 * rng.uniform());
    if (bearingOf(ask).kind === "bearing") told++;
  }
  assert.ok(told <= 3, `${told}`);
  for (let deg = 0; deg < 360; deg += 30) {
    const ask = impulse(square, deg, 0.01, rng);
    echo(ask, 0.5, 0.002, deg + 110);
    const found = bearingOf(ask);
    if (found.kind !== "bearing") return assert.unreachable(JSON.stringify(found));
    assert.ok(Math.abs(turn(found.bearingDeg - deg)) < 1, `${deg}: ${found.bearingDeg}`);
  }
});

test("good microphones keep their bearings: 95 of 96 or more, at 46 to 14 dB, on squares of 10 to 60 cm, with places wrong by 2 mm", () => {
  const rng = random(10);
  let told = 0;
  for (let i = 0; i < 96; i++) {
    const half = [0.05, 0.1, 0.3][i % 3]!;
    const scaled = square.map(({ eastM, northM }) => ({
      eastM: (eastM / 0.1) * half,
      northM: (northM / 0.1) * half,
      upM: 0,
    }));
    const stood = scaled.map(({ eastM, northM }) => ({
      eastM: eastM + 0.002 * rng.normal(),
      northM: northM + 0.002 * rng.normal(),
      upM: 0,
    }));
    const deg = (15 * i) % 360;
    const ask = impulse(stood, deg, [0.005, 0.02, 0.05, 0.2][i % 4]!, rng);
    const found = bearingOf({ ...ask, places: scaled, placeSigmaM: 0.001 });
    if (found.kind === "bearing" && Math.abs(turn(found.bearingDeg - deg)) < 4 * found.sigmaDeg + 2) told++;
  }
  assert.ok(told >= 95, `${told}`);
});

const at = (eastM: number, northM: number, upM: number): MicrophonePlace => ({ eastM, northM, upM });

test("two or three microphones above one another, or all in one place, tell no direction, and are not said to be misplaced", () => {
  const arrays = {
    pair: [at(0, 0, 0), at(0, 0, 0.2)],
    triple: [at(0, 0, 0), at(0, 0, 0.1), at(0, 0, 0.2)],
    "pair a millimetre off the plumb line": [at(0, 0, 0), at(0.001, 0, 0.2)],
    "two in one place": [at(0.1, 0.1, 0), at(0.1, 0.1, 0)],
    "four in one place": [at(0, 0, 0), at(0, 0, 0), at(0, 0, 0), at(0, 0, 0)],
  };
  for (const [name, places] of Object.entries(arrays)) {
    const ask = impulse(places, 70, 0.01, random(11));
    const why = "the microphones stand in one place, or above one another";
    assert.equal(bearingOf({ ...ask, placeSigmaM: 0.001 }), { kind: "unsolved", why }, name);
  }
});

test("two of three above one another: with the third dead no direction, with one of the two dead both sides of the line that is left", () => {
  const places = [at(0, 0, 0), at(0, 0, 0.2), at(0.2, 0, 0)];
  const ask = impulse(places, 40, 0.01, random(12));
  const told = (dead: number) =>
    bearingOf({
      ...ask,
      placeSigmaM: 0.001,
      channels: ask.channels.map((sound, i) => (i === dead ? new Float32Array(sound.length) : sound)),
    });
  assert.is(told(2).kind, "unsolved");
  const found = told(0);
  if (found.kind !== "ambiguous") return assert.unreachable(JSON.stringify(found));
  assert.ok(found.bearingsDeg.some((deg) => Math.abs(turn(deg - 40)) < 4 * found.sigmaDeg) && found.sigmaDeg < 30);
});

test("three microphones that leave their line by 1 mm, as well as their places are known, tell both sides of it", () => {
  for (let deg = 20; deg < 360; deg += 50) {
    const ask = impulse([at(-0.1, 0, 0), at(0, 0.001, 0), at(0.1, 0, 0)], deg, 0.01, random(13));
    const found = bearingOf({ ...ask, placeSigmaM: 0.001 });
    if (found.kind !== "ambiguous") return assert.unreachable(`${deg}: ${JSON.stringify(found)}`);
    assert.ok(
      found.bearingsDeg.some((one) => Math.abs(turn(one - deg)) < 4 * found.sigmaDeg),
      `${deg}`,
    );
  }
});

test("what cannot be told is said: one microphone, no noise before the onset", () => {
  const ask = impulse(square, 10, 0.01, random(4));
  const one = bearingOf({ ...ask, channels: ask.channels.slice(0, 1), places: square.slice(0, 1) });
  assert.is(one.kind, "unsolved");
  assert.is(bearingOf({ ...ask, onsetIndex: 100 }).kind, "unsolved");
});

test.run();
