import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MicrophonePlace } from "#core/acoustics/bearing.ts";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import type { AudioFrame } from "../ports.ts";
import { type Heard, Hearing } from "./hearing.ts";

const RATE = 48_000;

/** Street noise (Park and Miller's generator) of some seconds with what `add` puts into it, through a `Hearing` in frames of 20 ms. */
function hear(add: (sound: Float32Array, microphone?: MicrophonePlace) => void, places?: MicrophonePlace[]): Heard[] {
  return hearing(3, add, places).heard;
}

function hearing(
  seconds: number,
  add: (sound: Float32Array, microphone?: MicrophonePlace) => void,
  places?: MicrophonePlace[],
): { heard: Heard[]; hearing: Hearing } {
  let state = 17;
  const sounds = (places ?? [undefined]).map((place) => {
    const sound = Float32Array.from({ length: seconds * RATE }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return 0.002 * (state / 2_147_483_647 - 0.5);
    });
    add(sound, place);
    return sound;
  });
  return play(sounds, places);
}

/** @param isLost of a frame's first sample: the microphone's ring overran. */
function play(
  sounds: readonly Float32Array[],
  places: MicrophonePlace[] | undefined,
  isLost = (_at: number) => false,
): { heard: Heard[]; hearing: Hearing } {
  const heard: Heard[] = [];
  let hearing: Hearing | undefined;
  for (let at = 0; at < sounds[0]!.length; at += 960) {
    if (isLost(at)) continue;
    const frame: AudioFrame = {
      channels: sounds.map((sound) => sound.subarray(at, at + 960)),
      sampleRateHz: RATE,
      tick: BigInt(at),
      utcNs: BigInt(Math.round((at / RATE) * 1e9)),
      clock: { source: "sim", synchronised: true, sigmaS: 1e-5 },
    };
    hearing ??= new Hearing(
      frame,
      { places, airTempC: undefined },
      (each) => heard.push(each),
      () => assert.unreachable(),
    );
    hearing.take(frame);
  }
  hearing!.flush();
  return { heard, hearing: hearing! };
}

/** The N of a passing bullet: 0.3 ms, from +peak straight down to -peak (G. B. Whitham, 1952). */
function shockWave(sound: Float32Array, atS: number, peak = 0.4): void {
  const length = Math.round(3e-4 * RATE);
  for (let i = 0; i <= length; i++) sound[Math.round(atS * RATE) + i]! += peak * (1 - (2 * i) / length);
}

/** A muzzle blast (Friedlander, 3 ms). */
function blast(sound: Float32Array, atS: number, peak = 0.4): void {
  for (let i = 0; i < 0.02 * RATE; i++) {
    const u = i / RATE / 0.003;
    sound[Math.round(atS * RATE) + i]! += peak * (1 - u) * Math.exp(-u);
  }
}

test("a shock wave 0.25 s before the blast: the blast carries the lead, the shock wave none", () => {
  const heard = hear((sound) => {
    shockWave(sound, 1);
    blast(sound, 1.25);
  });
  assert.equal(
    heard.map(({ toaNs }) => Math.round(Number(toaNs) / 1e7) / 100),
    [1, 1.25],
  );
  assert.is(heard[0]!.shockWave, undefined);
  const lead = heard[1]!.shockWave!;
  assert.ok(Math.abs(lead.leadS - 0.25) < 3e-4, `${lead.leadS}`);
  assert.ok(lead.sigmaS > 0 && lead.sigmaS < 1e-3);
});

const square = [
  [-0.15, -0.15],
  [0.15, -0.15],
  [0.15, 0.15],
  [-0.15, 0.15],
].map(([eastM, northM]) => ({ eastM: eastM!, northM: northM!, upM: 0 }));
const sureDeg = (bearing: Heard["bearing"]) => (bearing?.kind === "bearing" ? bearing.bearingDeg : Number.NaN);
/** Seconds by which a microphone towards the sound hears it sooner. */
const sooner = (deg: number, at: MicrophonePlace) =>
  (at.eastM * Math.sin((deg * Math.PI) / 180) + at.northM * Math.cos((deg * Math.PI) / 180)) / 343.2;

test("four microphones: the blast from 40 degrees carries the bearing of its shock wave, 100 degrees", () => {
  const heard = hear((sound, place) => {
    shockWave(sound, 1 - sooner(100, place!));
    blast(sound, 1.25 - sooner(40, place!));
  }, square);
  const { bearing, shockWave: lead } = heard[1]!;
  assert.ok(Math.abs(sureDeg(bearing) - 40) < 3, `${sureDeg(bearing)}`);
  assert.ok(Math.abs(lead!.bearingDeg! - 100) < 3, `${lead!.bearingDeg}`);
  assert.ok(lead!.bearingSigmaDeg! < 5, `${lead!.bearingSigmaDeg}`);
});

test("the first microphone dies at 1 s: at 12.5 s the second hears the blast at its time, with a bearing of the three that live", () => {
  const { heard, hearing: over } = hearing(
    14,
    (sound, place) => {
      blast(sound, 0.5 - sooner(40, place!));
      blast(sound, 12.5 - sooner(40, place!));
      if (place === square[0]) sound.fill(0, RATE);
    },
    square,
  );
  assert.equal(over.faults, [
    "microphone 1 of 4 has given nothing but 0 for 10 s; microphone 2 is listened on instead",
  ]);
  assert.is(over.listened, 1);
  assert.is(heard.length, 2);
  const offS = heard.map(({ toaNs }, i) => Number(toaNs) / 1e9 - [0.5, 12.5][i]! + sooner(40, square[i]!));
  assert.ok(
    offS.every((s) => Math.abs(s) < 2e-4),
    `${offS}`,
  );
  for (const { bearing } of heard) assert.ok(Math.abs(sureDeg(bearing) - 40) < 3, `${sureDeg(bearing)}`);
  const { impulses, deadMicrophones, microphoneSwitches, bearings, microphoneLeftOut } = over.counters;
  assert.equal([impulses, deadMicrophones, microphoneSwitches, bearings, microphoneLeftOut], [2, 1, 1, 2, 0]);
});

test("the third microphone's cable is inverted: after five impulses in a row that is said, bearings are told without it", () => {
  const { heard, hearing: over } = hearing(
    4,
    (sound, place) => {
      for (let i = 0; i < 5; i++) blast(sound, 0.5 + 0.5 * i - sooner(40, place!));
      if (place === square[2]) for (let i = 0; i < sound.length; i++) sound[i]! *= -1;
    },
    square,
  );
  for (const { bearing } of heard) assert.ok(Math.abs(sureDeg(bearing) - 40) < 3, `${sureDeg(bearing)}`);
  assert.is(over.counters.microphoneLeftOut, 5);
  assert.is(over.faults.length, 1);
  assert.match(over.faults[0]!, /^microphone 3 of 4 has not heard what the others heard, 5 impulses in a row/);
});

test("two neighbours' cables swapped: no bearing is told, and after five impulses in a row why", () => {
  const swapped = [square[0]!, square[2]!, square[1]!, square[3]!];
  const { heard, hearing: over } = hearing(
    4,
    (sound, place) => {
      const stands = swapped[square.indexOf(place!)]!;
      for (let i = 0; i < 5; i++) blast(sound, 0.5 + 0.5 * i - sooner(10, stands));
    },
    square,
  );
  assert.equal(
    heard.map(({ bearing }) => bearing),
    Array(5).fill(undefined),
  );
  assert.is(over.counters.misplaced, 5);
  assert.match(over.faults.join(), "fit no plane wave, 5 impulses in a row");
});

/** Four blasts before two microphones whose converters have offsets; 40 ms are lost at 1.2 s, the first dies at 2 s, so the ear moves at 12. */
function withOffsets(offset: number): { heard: Heard[]; hearing: Hearing } {
  const sounds = [offset, -2 * offset].map((off, channel) => {
    const sound = noise(15 * RATE, 0.001, 21 + channel);
    addBlast(sound, RATE, 0.5, 0.03, 0.003);
    addBlast(sound, RATE, 1.6, 0.006, 0.003);
    addBlast(sound, RATE, 12.5, 0.03, 0.003);
    addBlast(sound, RATE, 14, 0.015, 0.003);
    return sound.map((x, i) => (channel === 0 && i >= 2 * RATE ? 0 : x + off));
  });
  return play(sounds, undefined, (at) => at === 57_600 || at === 58_560);
}

for (const offset of [0.03, -0.1]) {
  test(`converters with offsets of ${100 * offset} and ${-200 * offset} %: no impulse at the start, after a gap or a switch of microphones; levels, times and clips as without`, () => {
    const { heard: plain } = withOffsets(0);
    const { heard, hearing } = withOffsets(offset);
    assert.is(hearing.listened, 1);
    assert.equal(
      heard.map(({ toaNs }) => Math.round(Number(toaNs) / 1e7) / 100),
      [0.5, 1.6, 12.5, 14],
    );
    assert.is(plain.length, 4);
    for (const [i, each] of heard.entries()) {
      const { clip, candidate, toaNs } = plain[i]!;
      assert.ok(Math.abs(Number(each.toaNs - toaNs)) < 1000, `${i}: ${each.toaNs - toaNs} ns`);
      const louderDb = each.candidate.peakDbFs - candidate.peakDbFs;
      assert.ok(Math.abs(louderDb) < 0.05, `${i}: ${louderDb} dB`);
      const mean = each.clip.reduce((sum, x) => sum + x, 0) / each.clip.length;
      assert.ok(Math.abs(mean) < 2e-4, `${i}: ${mean}`);
      const worst = each.clip.reduce((most, x, k) => Math.max(most, Math.abs(x - clip[k]!)), 0);
      assert.ok(worst < 1e-3, `${i}: ${worst}`);
    }
  });
}

test("two blasts of a pistol have no shock wave between them", () => {
  const heard = hear((sound) => {
    blast(sound, 1);
    blast(sound, 1.25);
  });
  assert.is(heard.length, 2);
  assert.equal(
    heard.map(({ shockWave: lead }) => lead),
    [undefined, undefined],
  );
});

test.run();
