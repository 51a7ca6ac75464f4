/** What one candidate costs the classifier, beside a log-mel CNN of PANNs' size. Run: node models/classify.bench.ts */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { PEER_SHAPE, peerModel } from "./peer-cnn14.ts";

const RATE = 16000;
const shipped = join(import.meta.dirname, "gunshot");
const version = Math.max(
  ...readdirSync(shipped)
    .filter((name) => /^\d+$/.test(name))
    .map(Number),
);
const classifier = await openOnnxClassifier(join(shipped, String(version)));
const clip = noise(RATE, 0.005, 3);
addBlast(clip, RATE, 0.15, 0.4);

async function cpuMsOf(run: () => Promise<unknown>, times: number): Promise<number> {
  for (let i = 0; i < Math.ceil(times / 10); i++) await run();
  const began = process.cpuUsage();
  for (let i = 0; i < times; i++) await run();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / times;
}

const ours = await cpuMsOf(() => classifier.classify(clip, RATE, 0.15), 300);
await classifier.close();

const { bytes, parameters } = peerModel();
const session = await InferenceSession.create(bytes, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});
const mel = new Tensor("float32", new Float32Array(PEER_SHAPE[2] * PEER_SHAPE[3]), [...PEER_SHAPE]);
const peerMs = await cpuMsOf(() => session.run({ mel }), 10);
await session.release();

process.stdout.write(
  `${JSON.stringify({
    bench: "classify",
    figure: "CPU milliseconds per candidate, resampling and features included",
    value: Number(ours.toFixed(3)),
    unit: "ms",
    bound: { atMost: 2 },
    peer: {
      name: `log-mel CNN of the size of PANNs' Cnn14, ${(parameters / 1e6).toFixed(0)} M parameters, without its features`,
      value: Number(peerMs.toFixed(1)),
      ratio: Number((peerMs / ours).toFixed(1)),
    },
  })}\n`,
);
