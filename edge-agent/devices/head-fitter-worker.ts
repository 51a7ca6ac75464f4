import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import util from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import type { SiteHead } from "#core/acoustics/site-head.ts";
import type { FitAnswer, FitAsk } from "./head-fitter.ts";

const steps = 300;
const rate = 0.05;
/** Pull towards the unchanged classifier, per incident's worth of examples: scale and bias are cheap, 32 weights are not. */
const pull = { scale: 0.5, bias: 0.05, weights: 2 };

/** tfjs-node where the machine has it (it needs a function back that Node 23 removed), the wasm backend otherwise. */
async function chooseBackend(): Promise<string> {
  const require = createRequire(import.meta.url);
  try {
    Object.assign(util, { isNullOrUndefined: (x: unknown) => x === null || x === undefined });
    require("@tensorflow/tfjs-node");
    if (await tf.setBackend("tensorflow")) return "tfjs-node";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND")
      process.stderr.write(`tfjs-node is not usable: ${(error as Error).message}\n`);
  }
  const wasm = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
  const folder = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"));
  wasm.setWasmPaths(join(folder, "/"));
  await tf.setBackend("wasm");
  await tf.ready();
  return "wasm";
}

const logit = (p: number) => {
  const q = Math.min(1 - 1e-4, Math.max(1e-4, p));
  return Math.log(q / (1 - q));
};

/** Weighted logistic regression. Its gradient is written out: the core of TensorFlow.js brings none without the whole library. */
function fit(examples: FitAsk["sets"][number]): SiteHead {
  const size = examples[0]?.embedding.length ?? 0;
  return tf.tidy(() => {
    const rows = Float32Array.from(examples.flatMap(({ embedding }) => [...embedding]));
    const x = tf.tensor2d(rows, [examples.length, size]);
    const z = tf.tensor2d(
      Float32Array.from(examples, ({ probability }) => logit(probability)),
      [examples.length, 1],
    );
    const y = tf.tensor2d(
      Float32Array.from(examples, ({ gunshot }) => (gunshot ? 1 : 0)),
      [examples.length, 1],
    );
    const weight = tf.tensor2d(
      Float32Array.from(examples, (each) => each.weight),
      [examples.length, 1],
    );
    const scale = tf.variable(tf.scalar(1), true, "scale");
    const bias = tf.variable(tf.scalar(0), true, "bias");
    const weights = tf.variable(tf.zeros([size, 1]), true, "weights");
    const adam = tf.train.adam(rate);
    for (let step = 0; step < steps; step++) {
      tf.tidy(() => {
        const out = tf.add(tf.add(tf.mul(z, scale), bias), tf.matMul(x, weights));
        const error = tf.mul(tf.sub(tf.sigmoid(out), y), weight);
        adam.applyGradients({
          scale: tf.add(tf.sum(tf.mul(error, z)), tf.mul(tf.sub(scale, 1), 2 * pull.scale)),
          bias: tf.add(tf.sum(error), tf.mul(bias, 2 * pull.bias)),
          weights: tf.add(tf.matMul(x, error, true), tf.mul(weights, 2 * pull.weights)),
        });
      });
    }
    const head = { scale: scale.dataSync()[0]!, bias: bias.dataSync()[0]!, weights: [...weights.dataSync()] };
    adam.dispose();
    for (const variable of [scale, bias, weights]) variable.dispose();
    return head;
  });
}

const backend = await chooseBackend();
const answer: FitAnswer = { heads: (workerData as FitAsk).sets.map(fit), backend };
parentPort!.postMessage(answer);
