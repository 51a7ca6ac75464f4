/** The written ONNX models against the original networks in TensorFlow.js, on the same made-up input. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".tocsin", "faces");
const original = join(root, "node_modules/@vladmandic/face-api/dist/face-api.esm.js");
const weights = join(root, "node_modules/@vladmandic/face-api/model");
const ready = existsSync(join(folder, "embedder.onnx")) && existsSync(original);
if (!ready) process.stderr.write("skipped: no face models (node bin/faces-setup.mjs)\n");

/** Smooth colours with some noise, 0..255. */
function picture(sidePx: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: sidePx * sidePx * 3 }, (_, i) => {
    state = (state * 48271) % 2147483647;
    const [x, y] = [Math.floor(i / 3) % sidePx, Math.floor(i / 3 / sidePx)];
    return Math.round(128 + 80 * Math.sin(x / 20 + (i % 3)) * Math.cos(y / 17) + (state % 30));
  });
}

async function ours(model: string, input: string, sidePx: number, output: string): Promise<Float32Array> {
  const session = await InferenceSession.create(join(folder, `${model}.onnx`), { logSeverityLevel: 3 });
  const out = await session.run({ [input]: new Tensor("float32", picture(sidePx), [1, sidePx, sidePx, 3]) });
  const data = Float32Array.from(out[output]!.data as Float32Array);
  await session.release();
  return data;
}
const largestDifference = (p: ArrayLike<number>, q: ArrayLike<number>) => {
  assert.is(p.length, q.length);
  return Array.from(p).reduce((most, each, i) => Math.max(most, Math.abs(each - q[i]!)), 0);
};

interface OriginalNet {
  loadFromDisk?(folder: string): Promise<void>;
  loadFromWeightMap(map: object): void;
  forwardInput(input: object): { dataSync(): Float32Array } & { boxes: Dataful[]; scores: Dataful[] };
}
interface Dataful {
  dataSync(): Float32Array;
}

(ready ? test : test.skip)("embedding and landmarks equal the original's within 1e-4", async () => {
  // Its TensorFlow.js is built for browsers and takes Node's `process` for a Node build: it must not see one while it loads.
  const { process } = globalThis;
  Reflect.deleteProperty(globalThis, "process");
  const loading = import(original).finally(() => Object.assign(globalThis, { process }));
  const api = (await loading) as {
    tf: {
      setBackend(name: string): Promise<void>;
      ready(): Promise<void>;
      env(): { setPlatform(name: string, platform: object): void };
      tensor(values: ArrayLike<number>, shape: number[]): object;
    };
    NetInput: new (inputs: object[]) => object;
    FaceRecognitionNet: new () => OriginalNet;
    FaceLandmark68Net: new () => OriginalNet;
  };
  api.tf.env().setPlatform("plain", { isTypedArray: ArrayBuffer.isView, now: () => performance.now() });
  await api.tf.setBackend("cpu");
  await api.tf.ready();
  const { readWeights } = await import("./weights.ts");
  const { readFileSync } = await import("node:fs");
  const run = (Net: new () => OriginalNet, name: string, sidePx: number) => {
    const weight = readWeights(weights, name);
    const manifest = JSON.parse(readFileSync(join(weights, `${name}_model-weights_manifest.json`), "utf8")) as {
      weights: { name: string }[];
    }[];
    const names = manifest.flatMap((group) => group.weights.map((each) => each.name));
    const net = new Net();
    net.loadFromWeightMap(
      Object.fromEntries(names.map((each) => [each, api.tf.tensor(weight(each).values, [...weight(each).shape])])),
    );
    return net.forwardInput(new api.NetInput([api.tf.tensor(picture(sidePx), [sidePx, sidePx, 3])]));
  };
  const embedding = run(api.FaceRecognitionNet, "face_recognition", 150).dataSync();
  const e = largestDifference(await ours("embedder", "face", 150, "embedding"), embedding);
  const points = run(api.FaceLandmark68Net, "face_landmark_68", 112).dataSync();
  const p = largestDifference(await ours("landmarks", "face", 112, "points"), points);
  process.stderr.write(`largest difference: embedding ${e.toExponential(1)}, landmarks ${p.toExponential(1)}\n`);
  assert.ok(e < 1e-4 && p < 1e-4);
  assert.ok(Math.hypot(...embedding) > 0.5);
});

test.run();
