import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { MODEL_RATE_HZ } from "#core/acoustics/clip-resampler.ts";
import { Crowd } from "#core/acoustics/crowd.ts";
import { CLIP_AFTER_S, CLIP_BEFORE_S } from "#core/acoustics/ear.ts";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import { openOnnxClassifier } from "./onnx-classifier.ts";

const shipped = join(import.meta.dirname, "..", "..", "models", "gunshot");
const version = Math.max(
  ...readdirSync(shipped)
    .filter((name) => /^\d+$/.test(name))
    .map(Number),
);
const folder = join(shipped, String(version));

/** As a node cuts it: the second before is heard too. */
function shot(rate: number): Float32Array {
  const clip = noise(Math.round((CLIP_BEFORE_S + CLIP_AFTER_S) * rate), 0.001, 3);
  addBlast(clip, rate, CLIP_BEFORE_S, 0.5, 0.0012);
  addBlast(clip, rate, CLIP_BEFORE_S + 0.008, 0.2, 0.0015);
  addBlast(clip, rate, CLIP_BEFORE_S + 0.06, -0.08, 0.002);
  return clip;
}

test("the model is at most 2 MB", () => {
  assert.ok(statSync(join(folder, "model.onnx")).size <= 2e6);
});

test("features and network of the graph give what training's own code gave, within 0.002", async () => {
  const vectors: { pcm16: string; scores: number[] }[] = JSON.parse(readFileSync(join(folder, "vectors.json"), "utf8"));
  assert.ok(vectors.length >= 3);
  const classifier = await openOnnxClassifier(folder);
  for (const { pcm16, scores } of vectors) {
    const bytes = Buffer.from(pcm16, "base64");
    const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const got = Object.values(await classifier.classifyExact(Float32Array.from(pcm, (x) => x / 32768)));
    scores.forEach((score, i) => {
      assert.ok(Math.abs(got[i]! - score) < 0.002, `class ${i}: ${got[i]} against ${score}`);
    });
  }
  await classifier.close();
});

test("impulses of six sounds, judged by those before them as the card weighs it, come out as in calibration's own code", async () => {
  const rows: { sound: string; onsetS: number; peakDbFs: number; alone: number[]; scores: number[] }[] = JSON.parse(
    readFileSync(join(folder, "crowd-vectors.json"), "utf8"),
  );
  assert.ok(rows.length >= 100);
  const classifier = await openOnnxClassifier(folder);
  const crowds = new Map<string, Crowd>();
  let changed = 0;
  for (const { sound, onsetS, peakDbFs, alone, scores } of rows) {
    const crowd = crowds.get(sound) ?? new Crowd(classifier.crowd);
    crowds.set(sound, crowd);
    const [gunshot, firework, vehicle, impact, glass, other] = alone as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const got = Object.values(
      crowd.judge(onsetS, peakDbFs, { gunshot, firework, vehicle, impact, glass, other }).scores,
    );
    scores.forEach((score, i) => {
      assert.ok(
        Math.abs(got[i]! - score) < 1e-4,
        `sound ${sound} at ${onsetS} s, class ${i}: ${got[i]} against ${score}`,
      );
    });
    if (Math.abs(got[0]! - gunshot) > 0.05) changed++;
  }
  assert.ok(changed >= 10, `${changed} of ${rows.length} were changed by those before them`);
  await classifier.close();
});

test("a blast with two reflections is a gunshot at any sample rate; scores sum to 1; the embedding has 32 numbers", async () => {
  const classifier = await openOnnxClassifier(folder);
  for (const rate of [MODEL_RATE_HZ, 16000, 44100, 48000]) {
    const { scores, embedding } = await classifier.embed(shot(rate), rate, CLIP_BEFORE_S);
    const sum = Object.values(scores).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
    assert.ok(scores.gunshot >= classifier.threshold, `${rate} Hz: ${scores.gunshot}`);
    assert.is(embedding.length, 32);
  }
  const silence = await classifier.classify(new Float32Array(16000), 16000, 0.15);
  assert.ok(silence.gunshot < classifier.threshold, `silence: ${silence.gunshot}`);
  await classifier.close();
});

test("twenty candidates at once get each its own scores", async () => {
  const classifier = await openOnnxClassifier(folder);
  const clips = Array.from({ length: 20 }, (_, i) => (i % 2 ? shot(16000) : noise(16000, 0.1, i + 1)));
  const together = await Promise.all(clips.map((clip) => classifier.classify(clip, 16000, 0.15)));
  for (const [i, clip] of clips.entries()) assert.equal(together[i], await classifier.classify(clip, 16000, 0.15));
  await classifier.close();
});

test("a model that is not the card's, a broken card and no model are configuration faults with a line each", async () => {
  const copy = mkdtempSync(join(tmpdir(), "tocsin-model-"));
  const faultOf = async (path: string): Promise<readonly string[]> => {
    const error = await openOnnxClassifier(path).then(
      () => undefined,
      (fault: unknown) => fault,
    );
    assert.instance(error, Fault);
    assert.is((error as Fault).exitCode, 78);
    return (error as Fault).lines;
  };
  try {
    cpSync(folder, copy, { recursive: true });
    const model = readFileSync(join(copy, "model.onnx"));
    model[1000] = model[1000]! ^ 1;
    writeFileSync(join(copy, "model.onnx"), model);
    assert.match((await faultOf(copy)).join(), /SHA-256/);
    writeFileSync(join(copy, "card.json"), '{"name":"gunshot","threshold":2}');
    const lines = await faultOf(copy);
    assert.ok(lines.length >= 3, lines.join("\n"));
    assert.match(lines.join("\n"), /threshold: must be 0 to 1/);
    assert.match((await faultOf(join(copy, "none"))).join(), /no such file/);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test.run();
