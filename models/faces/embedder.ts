/** The recognition network: dlib's 29-layer ResNet as face-api lays it out. `face` [1,150,150,3] RGB 0..255 -> `embedding` [1,128]. */
import { conv, meanRgb, normalised, type Padding } from "./layers.ts";
import { OnnxGraph } from "./onnx-writer.ts";
import type { Weight } from "./weights.ts";

/** Blocks in order; the halving ones with their channels and heights, where the shorter branch is filled up with zeros. */
const blocks = [
  ["conv32_1"],
  ["conv32_2"],
  ["conv32_3"],
  ["conv64_down", { from: 32, to: 64, convHigh: 17, poolHigh: 17 }],
  ["conv64_1"],
  ["conv64_2"],
  ["conv64_3"],
  ["conv128_down", { from: 64, to: 128, convHigh: 8, poolHigh: 8 }],
  ["conv128_1"],
  ["conv128_2"],
  ["conv256_down", { from: 128, to: 256, convHigh: 3, poolHigh: 4 }],
  ["conv256_1"],
  ["conv256_2"],
  ["conv256_down_out", { from: 256, to: 256, convHigh: 1, poolHigh: 2 }],
] as const;

export function embedderGraph(weight: (name: string) => Weight): OnnxGraph {
  const graph = new OnnxGraph("face-embedder");
  const scaled = (x: string, prefix: string, padding: Padding) =>
    conv(graph, x, weight(`${prefix}/conv/filters`), weight(`${prefix}/conv/bias`).values, padding, {
      scale: weight(`${prefix}/scale/weights`).values,
      shift: weight(`${prefix}/scale/biases`).values,
    });
  const relu = (x: string) => graph.node("Relu", [x]);
  /** Zeros after the end of channels, rows and columns. */
  const padded = (x: string, channels: number, high: number) =>
    channels + high === 0 ? x : graph.node("Pad", [x, graph.integers([0, 0, 0, 0, 0, channels, high, high])]);

  let x = normalised(graph, graph.input("face", [1, 150, 150, 3]), meanRgb, 1 / 255);
  x = relu(scaled(x, "conv32_down", { stride: 2, pad: "VALID" }));
  x = graph.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2] });
  for (const [name, down] of blocks) {
    const first: Padding = down ? { stride: 2, pad: "VALID" } : { stride: 1, pad: "SAME_UPPER" };
    const inner = relu(scaled(x, `${name}/conv1`, first));
    const out = scaled(inner, `${name}/conv2`, { stride: 1, pad: "SAME_UPPER" });
    if (!down) x = relu(graph.node("Add", [out, x]));
    else {
      const pooled = graph.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
      const short = padded(pooled, down.to - down.from, 0);
      x = relu(graph.node("Add", [padded(out, 0, down.poolHigh - down.convHigh), short]));
    }
  }
  const mean = graph.node("GlobalAveragePool", [x]);
  const flat = graph.node("Flatten", [mean], { axis: 1 });
  const embedding = graph.node("MatMul", [flat, graph.floats(weight("fc").values, [256, 128])]);
  graph.output(embedding, "embedding", [1, 128]);
  return graph;
}
