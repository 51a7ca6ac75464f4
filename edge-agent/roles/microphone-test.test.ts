import { test } from "uvu";
import * as assert from "uvu/assert";
import { findChirp, testChirp } from "./chirp.ts";
import { MicrophoneTest, type TestResult } from "./microphone-test.ts";

const RATE = 48_000;
const none: readonly string[] = [];

/** Park and Miller's generator: the same street noise every time. */
function noise(samples: number, level: number, seed = 3): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return level * 2 * (state / 2_147_483_647 - 0.5);
  });
}

test("a chirp as loud as the noise around it is found to the millisecond; in noise alone nothing reaches 14 dB", () => {
  const sound = noise(2 * RATE, 0.02);
  const chirp = testChirp(RATE);
  for (let i = 0; i < chirp.length; i++) sound[0.7 * RATE + i]! += 0.04 * chirp[i]!;
  const found = findChirp(sound, RATE);
  assert.ok(found.snrDb > 20, `${found.snrDb}`);
  assert.ok(Math.abs(found.atS - 0.7) < 1e-3, `${found.atS}`);
  for (const seed of [1, 2, 5, 8]) {
    const { snrDb } = findChirp(noise(2 * RATE, 0.02, seed), RATE);
    assert.ok(snrDb < 14, `${snrDb}`);
  }
});

/** Feeds 16 kHz sound in frames; what the speaker plays comes back `echoS` later at a tenth of its level, or not at all. */
async function run(
  seconds: number,
  speaker: "heard" | "unheard" | "broken" | undefined,
  level = 0.01,
): Promise<TestResult[]> {
  const rate = 16_000;
  const results: TestResult[] = [];
  const sound = noise(seconds * rate, level);
  let at = 0;
  const tester = new MicrophoneTest({
    speaker: speaker && {
      async play(chirp) {
        if (speaker === "broken") throw new Error("no such device");
        for (let i = 0; i < chirp.length && speaker === "heard"; i++) sound[at + 0.25 * rate + i]! += 0.1 * chirp[i]!;
      },
    },
    everyS: 20,
    firstS: 1,
    minSnrDb: 20,
    microphones: 1,
    onResult: (result) => results.push(result),
  });
  for (; at < sound.length; ) {
    const frame = sound.slice(at, at + 320);
    at += 320;
    tester.push({ channels: [frame], sampleRateHz: rate }, 0, none);
    if (at % 16_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}

test("speaker and microphone well: passed, again every 20 s of sound", async () => {
  const results = await run(45, "heard");
  assert.equal(
    results.map(({ passed }) => passed),
    [true, true, true],
  );
  assert.match(results[0]!.detail, /heard \d+ dB above the noise, 2[45]\d ms after/);
});

test("a chirp that does not come back, or cannot be played, fails with what to look at", async () => {
  const [unheard] = await run(5, "unheard");
  assert.is(unheard!.passed, false);
  assert.match(unheard!.detail, "look at speaker and microphone");
  const [broken] = await run(5, "broken");
  assert.equal(broken, { passed: false, detail: "the test sound could not be played: no such device" });
});

test("a fault of a microphone is told once, beside the chirp that the others heard; that it is over is told too", async () => {
  const results: TestResult[] = [];
  const rate = 16_000;
  const sound = noise(6 * rate, 0.01);
  let at = 0;
  const tester = new MicrophoneTest({
    speaker: {
      async play(chirp) {
        for (let i = 0; i < chirp.length; i++) sound[at + 0.25 * rate + i]! += 0.1 * chirp[i]!;
      },
    },
    everyS: 20,
    firstS: 1,
    minSnrDb: 20,
    microphones: 1,
    onResult: (result) => results.push(result),
  });
  const faults = ["microphone 2 of 4 has given nothing but 0 for 10 s"];
  for (; at < sound.length; ) {
    const frame = sound.slice(at, at + 320);
    at += 320;
    tester.push({ channels: [frame], sampleRateHz: rate }, 0, at > 4 * rate && at < 5 * rate ? faults : none);
    if (at % rate === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(
    results.map(({ passed }) => passed),
    [true, false, true],
  );
  assert.match(results[1]!.detail, /^microphone 2 of 4 has given nothing but 0 for 10 s; the chirp was heard/);
  assert.match(results[2]!.detail, /^the chirp was heard/);
});

test("of four microphones the one that is deaf, but noisy, is named; a channel without a microphone is not asked", async () => {
  const rate = 16_000;
  const results: TestResult[] = [];
  const sounds = [1, 2, 3, 4, 5].map((seed) => noise(4 * rate, 0.01, seed));
  let at = 0;
  const tester = new MicrophoneTest({
    speaker: {
      async play(chirp) {
        for (const hears of [0, 1, 3])
          for (let i = 0; i < chirp.length; i++) sounds[hears]![at + 0.25 * rate + i]! += 0.1 * chirp[i]!;
      },
    },
    everyS: 20,
    firstS: 1,
    minSnrDb: 20,
    microphones: 4,
    onResult: (result) => results.push(result),
  });
  for (; at < sounds[0]!.length; ) {
    const channels = sounds.map((sound) => sound.slice(at, at + 320));
    at += 320;
    tester.push({ channels, sampleRateHz: rate }, 0, none);
    if (at % rate === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is(results.length, 1);
  assert.is(results[0]!.passed, false);
  assert.match(
    results[0]!.detail,
    /^microphone 3 of 4 has not heard the chirp; the chirp was heard by 3 microphones, best \d+ dB above the noise, 2[45]\d ms after/,
  );
});

test("no sound at all is told with its reason and nothing else, the end of it too; the chirp proves soon what was plugged in again", async () => {
  const rate = 16_000;
  const results: TestResult[] = [];
  let played = 0;
  const tester = new MicrophoneTest({
    speaker: {
      async play() {
        played += 1;
      },
    },
    everyS: 3600,
    firstS: 1,
    minSnrDb: 20,
    microphones: 1,
    onResult: (result) => results.push(result),
  });
  const hear = (s: number) => {
    for (let i = 0; i < s * 50; i++) tester.push({ channels: [noise(320, 0.01)], sampleRateHz: rate }, 0, none);
  };
  hear(2);
  assert.is(played, 1);
  for (let i = 0; i < 3; i++) tester.noteSound("no sound for 5 s: no such device");
  tester.noteSound(undefined);
  hear(2);
  assert.equal(results, [
    { passed: false, detail: "no sound for 5 s: no such device" },
    { passed: true, detail: "every microphone gives sound" },
  ]);
  assert.is(played, 2);
});

test("what was proved before the card was unplugged is not told again once it is plugged in: the next chirp tells", async () => {
  const rate = 16_000;
  const results: TestResult[] = [];
  const sound = noise(10 * rate, 0.01);
  let at = 0;
  const tester = new MicrophoneTest({
    speaker: {
      async play(chirp) {
        for (let i = 0; i < chirp.length; i++) sound[at + 0.25 * rate + i]! += 0.1 * chirp[i]!;
      },
    },
    everyS: 3600,
    firstS: 1,
    minSnrDb: 20,
    microphones: 1,
    onResult: (result) => results.push(result),
  });
  const hear = async (untilS: number) => {
    while (at < untilS * rate) {
      const frame = sound.slice(at, at + 320);
      at += 320;
      tester.push({ channels: [frame], sampleRateHz: rate }, 0, none);
      if (at % rate === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await hear(5);
  tester.noteSound("no sound for 5 s: no such device");
  tester.noteSound(undefined);
  assert.equal(
    results.map(({ detail }) => /^the chirp was heard/.test(detail)),
    [true, false, false],
  );
  assert.equal(results[2], { passed: true, detail: "every microphone gives sound" });
  await hear(10);
  assert.is(results.length, 4);
  assert.match(results[3]!.detail, /^the chirp was heard/);
});

test.run();
