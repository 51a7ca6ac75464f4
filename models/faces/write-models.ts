/**
 * Writes detector.onnx, landmarks.onnx and embedder.onnx from the weights of `@vladmandic/face-api` (MIT).
 *   node models/faces/write-models.ts WEIGHTS-FOLDER OUT-FOLDER
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { detectorGraph } from "./detector.ts";
import { embedderGraph } from "./embedder.ts";
import { landmarkerGraph } from "./landmarker.ts";
import { readWeights } from "./weights.ts";

const [weightsFolder, outFolder] = process.argv.slice(2);
if (weightsFolder === undefined || outFolder === undefined) {
  process.stderr.write("usage: node models/faces/write-models.ts WEIGHTS-FOLDER OUT-FOLDER\n");
  process.exit(64);
}
const models = {
  detector: detectorGraph(readWeights(weightsFolder, "ssd_mobilenetv1")),
  landmarks: landmarkerGraph(readWeights(weightsFolder, "face_landmark_68")),
  embedder: embedderGraph(readWeights(weightsFolder, "face_recognition")),
};
for (const [name, graph] of Object.entries(models)) writeFileSync(join(outFolder, `${name}.onnx`), graph.bytes());
