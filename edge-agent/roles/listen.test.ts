import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ClockState } from "#contract/node.ts";
import { clipWant } from "#contract/shot.ts";
import { crowdWeights } from "#core/acoustics/testing-crowd.ts";
import { until } from "../devices/bus-suite.ts";
import { blast, classifier, listening, noise, RATE, START, seconds } from "./testing-listen.ts";

test("a blast at 2.50003125 s (sample 40000.5) is told at that time, with both sigmas, level and place", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000.5);
  const world = await listening([{ tick: 0, channels: [sound] }]);
  const [message, ...rest] = await world.over();
  assert.is(rest.length, 0);
  assert.ok(Math.abs(seconds(message!.toa) - 2.50003125) < 1e-4, message!.toa);
  assert.is(message!.clockSigmaS, 3e-4);
  assert.is(message!.toaSigmaS, Math.hypot(message!.onsetSigmaS, 3e-4));
  // Half of full scale is -6 dBFS; the microphone gives -38 dBFS at 94 dB SPL: 94 + 32.
  assert.ok(Math.abs(message!.peakDbFs + 6) < 0.6, `${message!.peakDbFs}`);
  assert.ok(Math.abs(message!.peakDbSpl! - 126) < 0.6, `${message!.peakDbSpl}`);
  assert.is(message!.lat, 40.66);
  assert.is(message!.posSigmaM, 0.5);
  assert.is(message!.probability, 0.9);
  assert.equal(message!.model, { name: "test", version: "1", sha256: "0".repeat(64) });
  assert.is(message!.at, "2026-11-22T18:01:00.000000000Z");
});

test("a node without valid time stamps nothing, and says how much it left out", async () => {
  const [dark, light] = [noise(5 * RATE), noise(5 * RATE, 12)];
  blast(dark, 40_000);
  blast(light, 40_000);
  const unsynchronised: ClockState = { source: "none", synchronised: false, sigmaS: 0 };
  const world = await listening([
    { tick: 0, channels: [dark], clock: unsynchronised },
    { tick: 5 * RATE, channels: [light] },
  ]);
  const got = await world.over();
  assert.equal(
    got.map(({ toa }) => Math.round(seconds(toa) * 1000)),
    [7500],
  );
  assert.is(world.counters.unstamped, 1);
});

test("4000 samples lost in an overrun: the next blast is told at its true time", async () => {
  const [before, after] = [noise(3 * RATE), noise(4 * RATE, 5)];
  blast(after, 2 * RATE);
  const world = await listening([
    { tick: 0, channels: [before] },
    { tick: 3 * RATE + 4000, channels: [after] },
  ]);
  const got = await world.over();
  assert.is(got.length, 1);
  // 3 s + 4000 samples + 2 s.
  assert.ok(Math.abs(seconds(got[0]!.toa) - 5.25) < 1e-4, got[0]!.toa);
});

test("what is too little like a gunshot is not told, but to a robot's own ears; a weak but likely one is", async () => {
  const scored: [number, number][] = [];
  const sound = noise(8 * RATE);
  blast(sound, 2 * RATE, 0.02);
  blast(sound, 5 * RATE, 0.5);
  const world = await listening([{ tick: 0, channels: [sound] }], {
    onScored: ({ toa, scores }) => void scored.push([Math.round(seconds(toa) * 1000), scores.gunshot]),
    classifier: classifier((clip, onsetS) =>
      Math.max(...clip.subarray(0, Math.round(onsetS * RATE) + 40)) > 0.1 ? 0.04 : 0.06,
    ),
  });
  const got = await world.over();
  assert.equal(
    got.map(({ toa }) => Math.round(seconds(toa))),
    [2],
  );
  assert.is(world.counters.belowThreshold, 1);
  assert.equal(scored, [
    [2000, 0.06],
    [5000, 0.04],
  ]);
});

test("rain: where the card weighs the impulses before, the last of nine drops as loud is told as less likely, and how that came about", async () => {
  const sound = noise(6 * RATE);
  for (let i = 0; i < 9; i++) blast(sound, (2 + i * 0.15) * RATE);
  const world = await listening([{ tick: 0, channels: [sound] }], {
    classifier: Object.assign(
      classifier(() => 0.3),
      { crowd: crowdWeights, siteHead: { version: 2, uncorrected: 0.6 } },
    ),
  });
  const got = await world.over();
  assert.is(got.length, 9);
  const [first, last] = [got[0]!, got[8]!];
  assert.ok(Math.abs(first.probability! - 0.3) < 0.001, `${first.probability}`);
  assert.ok(last.probability! < 0.15, `${last.probability}`);
  assert.is(last.scores.gunshot, last.probability);
  assert.ok(Math.abs(last.company!.alone - 0.3) < 1e-9);
  assert.equal(last.siteHead, { version: 2, uncorrected: 0.6 });
  assert.ok(last.company!.among > 4 && last.company!.afterShot < 0.3, JSON.stringify(last.company));
});

test("a burst of three passes, the fourth within the second is held back and counted", async () => {
  const sound = noise(6 * RATE);
  for (let i = 0; i < 4; i++) blast(sound, (2 + i * 0.2) * RATE);
  const world = await listening([{ tick: 0, channels: [sound] }], { settings: { burst: 3, perSecond: 1 } });
  assert.is((await world.over()).length, 3);
  assert.is(world.counters.rateLimited, 1);
});

test("clip/want: at most two seconds around the onset, whole, and only of what was told", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000);
  const world = await listening([{ tick: 0, channels: [sound] }]);
  await until("the shot", () => world.got.length === 1);
  const id = world.got[0]!.id;
  assert.ok(world.got[0]!.clipUntil);
  const want = { v: 1, id: "w1", node: "hub", at: START, incident: "i1" } as const;
  await world.hub.publish(clipWant, { ...want, arrivals: ["unknown", id] }, { to: "n1" });
  await until("the clip", () => world.cuts.length === 1);
  const cut = world.cuts[0]!;
  const bytes = Buffer.from(cut.pcm16!, "base64");
  assert.is(cut.arrival, id);
  assert.ok(bytes.length / 2 / cut.sampleRateHz <= 2);
  assert.is(createHash("sha256").update(bytes).digest("hex"), cut.pcmSha256);
  // Half of full scale stands where the onset is said to be, and that is where the arrival was.
  const onset = Math.round(cut.onsetS * cut.sampleRateHz);
  assert.ok(
    Math.abs(bytes.readInt16LE(2 * onset) / 32768) > 0.3 || Math.abs(bytes.readInt16LE(2 * (onset + 1)) / 32768) > 0.3,
  );
  assert.ok(Math.abs(seconds(cut.start) + cut.onsetS - 2.5) < 1e-4);
  await world.over();
});

test("a clip with speech stays on the node: the answer says so and carries no sound", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000);
  const world = await listening([{ tick: 0, channels: [sound] }], {
    voiceGate: { pass: () => ({ speechProbability: 0.97, action: "withheld", clip: undefined }) },
  });
  await until("the shot", () => world.got.length === 1);
  const want = { v: 1, id: "w1", node: "hub", at: START, incident: "i1", arrivals: [world.got[0]!.id] } as const;
  await world.hub.publish(clipWant, { ...want, arrivals: [...want.arrivals] }, { to: "n1" });
  await until("the answer", () => world.cuts.length === 1);
  assert.is(world.cuts[0]!.pcm16, undefined);
  assert.equal(world.cuts[0]!.voice, { speechProbability: 0.97, action: "withheld" });
  await world.over();
});

test.run();
