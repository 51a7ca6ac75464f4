/**
 * Writes objects.onnx (people and vehicles: NanoDet-g, Apache-2.0, RangiLyu) and pose.onnx (MoveNet Lightning, Apache-2.0, Google) from the
 * TensorFlow.js files that npm's `@vladmandic/human` (MIT) carries.
 *   node models/perception/write-models.ts NANODET-FOLDER MOVENET-FOLDER OUT-FOLDER
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTfGraph } from "./tfjs-graph.ts";
import { toOnnx } from "./to-onnx.ts";

const [nanodetFolder, movenetFolder, outFolder] = process.argv.slice(2);
if (nanodetFolder === undefined || movenetFolder === undefined || outFolder === undefined) {
  process.stderr.write("usage: node models/perception/write-models.ts NANODET-FOLDER MOVENET-FOLDER OUT-FOLDER\n");
  process.exit(64);
}

/** Mean and spread of the pictures that NanoDet was trained on, blue first (nanodet's configurations). */
const bgrMean = [103.53, 116.28, 123.675];
const bgrSpread = [57.375, 57.12, 58.395];
const points = [52, 26, 13].map((side) => side * side);

const objects = toOnnx(readTfGraph(nanodetFolder, "nanodet"), {
  name: "objects",
  input: {
    node: "input_1",
    make: (graph) => {
      const image = graph.input("image", [1, 416, 416, 3]);
      const nchw = graph.node("Transpose", [image], { perm: [0, 3, 1, 2] });
      const bgr = graph.node("Gather", [nchw, graph.integers([2, 1, 0])], { axis: 1 });
      const centred = graph.node("Sub", [bgr, graph.floats(bgrMean, [1, 3, 1, 1])]);
      return graph.node("Div", [centred, graph.floats(bgrSpread, [1, 3, 1, 1])]);
    },
  },
  outputs: points.flatMap((count, i) => [
    { node: i === 0 ? "Identity" : `Identity_${i}`, name: `scores${i}`, dims: [1, count, 80] },
    { node: `Identity_${i + 3}`, name: `sides${i}`, dims: [1, count, 44] },
  ]),
});
const pose = toOnnx(readTfGraph(movenetFolder, "movenet-lightning"), {
  name: "pose",
  input: { node: "input", make: (graph) => graph.input("image", [1, 192, 192, 3]) },
  outputs: [{ node: "Identity", name: "points", dims: [1, 1, 17, 3] }],
});
writeFileSync(join(outFolder, "objects.onnx"), objects.bytes());
writeFileSync(join(outFolder, "pose.onnx"), pose.bytes());
