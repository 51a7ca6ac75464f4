/** The written ONNX models against the original networks in TensorFlow.js, on the same made-up input. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".tocsin", "perception");
const nanodet = join(root, "node_modules/human-with-nanodet/models");
const movenet = join(root, "node_modules/@vladmandic/human/models");
const ready = existsSync(join(folder, "pose.onnx")) && existsSync(nanodet);
if (!ready) process.stderr.write("skipped: no perception models (node bin/faces-setup.mjs)\n");

/** Smooth colours with some noise, 0..255, whole numbers. */
function picture(sidePx: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: sidePx * sidePx * 3 }, (_, i) => {
    state = (state * 48271) % 2147483647;
    const [x, y] = [Math.floor(i / 3) % sidePx, Math.floor(i / 3 / sidePx)];
    return Math.round(110 + 80 * Math.sin(x / 20 + (i % 3)) * Math.cos(y / 17) + (state % 30));
  });
}

async function ours(model: string, sidePx: number): Promise<Map<string, Float32Array>> {
  const session = await InferenceSession.create(join(folder, `${model}.onnx`), { logSeverityLevel: 3 });
  const out = await session.run({ image: new Tensor("float32", picture(sidePx), [1, sidePx, sidePx, 3]) });
  await session.release();
  return new Map(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

const largestDifference = (p: ArrayLike<number>, q: ArrayLike<number>) => {
  assert.is(p.length, q.length);
  return Array.from(p).reduce((most, each, i) => Math.max(most, Math.abs(each - q[i]!)), 0);
};

async function original(modelFolder: string, name: string) {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-backend-cpu");
  const { loadGraphModel } = await import("@tensorflow/tfjs-converter");
  const json = JSON.parse(readFileSync(join(modelFolder, `${name}.json`), "utf8"));
  const weights = readFileSync(join(modelFolder, `${name}.bin`));
  const artifacts = {
    modelTopology: json.modelTopology,
    signature: json.signature,
    weightSpecs: json.weightsManifest.flatMap((group: { weights: object[] }) => group.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length) as ArrayBuffer,
  };
  return { tf, model: await loadGraphModel({ load: async () => artifacts }) };
}

(ready ? test : test.skip)("pose equals the original's within 1e-4 of the picture's side", async () => {
  const { tf, model } = await original(movenet, "movenet-lightning");
  const input = tf.tensor(Int32Array.from(picture(192)), [1, 192, 192, 3], "int32");
  const theirs = await (model.predict(input) as { data(): Promise<Float32Array> }).data();
  assert.ok(largestDifference((await ours("pose", 192)).get("points")!, theirs) < 1e-4);
});

(ready ? test : test.skip)(
  "scores of the 80 classes and sides of the boxes equal the original's within 1e-3",
  async () => {
    const { tf, model } = await original(nanodet, "nanodet");
    const side = 416;
    const rgb = picture(side);
    const [mean, spread] = [
      [103.53, 116.28, 123.675],
      [57.375, 57.12, 58.395],
    ] as const;
    const planes = new Float32Array(3 * side * side);
    for (let i = 0; i < side * side; i++)
      for (const c of [0, 1, 2]) planes[c * side * side + i] = (rgb[3 * i + (2 - c)]! - mean[c]!) / spread[c]!;
    const names = ["Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5"];
    const theirs = (await model.executeAsync(tf.tensor(planes, [1, 3, side, side]), names)) as {
      data(): Promise<Float32Array>;
    }[];
    const out = await ours("objects", side);
    for (const i of [0, 1, 2]) {
      assert.ok(largestDifference(out.get(`scores${i}`)!, await theirs[i]!.data()) < 1e-3, `scores${i}`);
      assert.ok(largestDifference(out.get(`sides${i}`)!, await theirs[i + 3]!.data()) < 1e-3, `sides${i}`);
    }
  },
);

test.run();
