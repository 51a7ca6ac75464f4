import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawClipOptions } from "./render-clips.ts";
import { Rng } from "./rng.ts";
import { clipKinds, renderTrainingClip, soundClassOf } from "./training-clip.ts";

const peakOf = (samples: Float32Array, from = 0, to = samples.length) =>
  samples.subarray(Math.max(0, from), to).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

test("each kind of clip is two seconds at 16 kHz, finite, with its class and, but for noise, an onset within it", () => {
  for (const kind of clipKinds) {
    const clip = renderTrainingClip(new Rng(`each/${kind}`), { kind });
    assert.is(clip.samples.length, 32_000);
    assert.ok(
      clip.samples.every((x) => Number.isFinite(x) && Math.abs(x) < 4),
      kind,
    );
    assert.is(clip.truth.soundClass, soundClassOf[kind]);
    if (kind === "noise") assert.is(clip.onsetS, undefined);
    else assert.ok(clip.onsetS! >= 0.2 && clip.onsetS! < 0.95, `${kind}: ${clip.onsetS}`);
  }
});

test("sixteen clean shots: silence until the true onset, a fifth of the first millisecond's peak within a sample or two of it", () => {
  for (let seed = 0; seed < 16; seed++) {
    const options = {
      kind: "gunshot",
      weapon: "45",
      clean: true,
      noiseDbSpl: [0, 0],
      minDistanceM: 30,
      maxDistanceM: 400,
      rateHz: 48_000,
    } as const;
    const { samples, onsetS, rateHz, truth } = renderTrainingClip(new Rng(seed), options);
    if (truth.arrivals[0]!.path !== "direct") continue;
    const at = onsetS! * rateHz;
    const first = peakOf(samples, Math.floor(at) - 2, Math.floor(at) + 48);
    const before = peakOf(samples, Math.floor(at) - 480, Math.floor(at) - 24);
    assert.ok(before < 0.15 * first, `seed ${seed}: ${before} against ${first}`);
    const rise = samples.findIndex((x, i) => i > at - 48 && Math.abs(x) > 0.4 * first);
    assert.ok(Math.abs(rise - at) < 3.5, `seed ${seed}: ${rise - at} samples`);
  }
});

test("the asked signal-to-noise ratio is what comes out, within 0.5 dB, above the microphone's own noise", () => {
  for (let seed = 0; seed < 20; seed++) {
    const clip = renderTrainingClip(new Rng(seed), {
      kind: "gunshot",
      snrDb: [12, 12],
      minDistanceM: 50,
      maxDistanceM: 200,
      clean: true,
    });
    assert.ok(Math.abs(clip.truth.snrDb! - 12) < 0.5, `${clip.truth.snrDb}`);
  }
});

test("near shots are 3 to 60 m away and mostly over 100 dB SPL; far ones 60 to 1000 m and mostly under 115", () => {
  const levels = (minDistanceM: number, maxDistanceM: number) =>
    Array.from({ length: 25 }, (_, seed) => {
      const { truth } = renderTrainingClip(new Rng(seed), { kind: "gunshot", minDistanceM, maxDistanceM });
      assert.ok(truth.distanceM! >= minDistanceM - 0.1 && truth.distanceM! <= maxDistanceM + 12, `${truth.distanceM}`);
      return truth.peakDbSpl!;
    }).sort((a, b) => a - b);
  assert.ok(levels(3, 60)[5]! > 100);
  assert.ok(levels(60, 1000)[20]! < 115);
});

test("three rounds are three blasts at the true intervals, a supersonic round may add its shock wave before", () => {
  const { truth } = renderTrainingClip(new Rng(4), {
    kind: "gunshot",
    weapon: "45",
    rounds: 3,
    roundEveryS: [0.2, 0.2],
    maxDistanceM: 100,
  });
  assert.equal(
    truth.arrivals.map((a) => [a.kind, a.emission]),
    [
      ["blast", 0],
      ["blast", 1],
      ["blast", 2],
    ],
  );
  const [a, b, c] = truth.arrivals;
  for (const gap of [b!.onsetS - a!.onsetS, c!.onsetS - b!.onsetS]) assert.ok(Math.abs(gap - 0.2) < 1e-3, `${gap}`);
  let shocks = 0;
  for (let seed = 0; seed < 24; seed++) {
    const { truth: rifle, onsetS } = renderTrainingClip(new Rng(seed), {
      kind: "gunshot",
      weapon: "rifle",
      minDistanceM: 60,
      maxDistanceM: 300,
    });
    const [first, second] = rifle.arrivals;
    if (first!.kind !== "shock") continue;
    shocks++;
    assert.ok(second!.kind === "blast" && second!.onsetS > first!.onsetS);
    assert.is(onsetS, first!.onsetS);
  }
  assert.ok(shocks >= 2 && shocks <= 22, `${shocks} of 24 in front of the muzzle`);
});

test("echoes are told with the arrival: later than it, at most 0.45 s", () => {
  let echoes = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { truth } = renderTrainingClip(new Rng(seed), { kind: "firecrackers" });
    for (const arrival of truth.arrivals) {
      for (const { afterS, levelDb } of arrival.echoes) {
        echoes++;
        assert.ok(afterS > 0 && afterS <= 0.45 + 1e-9 && Number.isFinite(levelDb));
      }
    }
  }
  assert.ok(echoes > 100, `${echoes}`);
});

test("the same seed is the same clip", () => {
  const once = () => renderTrainingClip(new Rng("same"), { kind: "firework" });
  assert.equal(once(), once());
});

test("drawn for training, two in five clips are shots, near and far, and every kind comes", () => {
  const rng = new Rng(1);
  const drawn = Array.from({ length: 3000 }, () => drawClipOptions(rng, clipKinds));
  const shots = drawn.filter((each) => each.kind === "gunshot");
  assert.ok(Math.abs(shots.length / 3000 - 0.4) < 0.05, `${shots.length}`);
  assert.ok(Math.abs(shots.filter((each) => each.maxDistanceM === 60).length / shots.length - 0.45) < 0.06);
  assert.equal([...new Set(drawn.map((each) => each.kind))].sort(), [...clipKinds].sort());
});

test("render-clips writes what it says: six clips of 2 s as 32-bit floats, a line of truth each, the same twice", () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-clips-"));
  try {
    const script = join(import.meta.dirname, "render-clips.ts");
    const write = (out: string) => {
      execFileSync(
        process.execPath,
        ["--import", "tsx", script, "--seed", "3", "--count", "6", "--out", join(folder, out)],
        { stdio: "pipe" },
      );
      return readFileSync(join(folder, out, "clips.f32"));
    };
    const first = write("a");
    assert.is(statSync(join(folder, "a", "clips.f32")).size, 6 * 32_000 * 4);
    assert.ok(first.equals(write("b")));
    const lines = readFileSync(join(folder, "a", "clips.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(
      lines.map((line) => line.index),
      [0, 1, 2, 3, 4, 5],
    );
    for (const line of lines)
      assert.ok(clipKinds.includes(line.kind) && line.samples === 32_000 && line.rateHz === 16_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a wrong kind is told with the kinds there are, exit status 64", () => {
  try {
    execFileSync(
      process.execPath,
      ["--import", "tsx", join(import.meta.dirname, "render-clips.ts"), "--out", tmpdir(), "--kinds", "cannon"],
      { stdio: "pipe" },
    );
    assert.unreachable();
  } catch (error) {
    assert.is((error as { status: number }).status, 64);
    assert.match(
      String((error as { stderr: Buffer }).stderr),
      /no such kind: cannon; there are gunshot, ?firework|gunshot,firework/,
    );
  }
});

test.run();
