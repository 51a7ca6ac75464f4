/**
 * The face detector: SSD (Liu et al. 2016) on MobileNetV1 (Howard et al. 2017).
 * `image` [1,512,512,3] RGB 0..255 -> `boxes` [5118,4] top, left, bottom, right in 0..1 and `scores` [5118].
 */
import { conv, depthwise, normalised } from "./layers.ts";
import { OnnxGraph } from "./onnx-writer.ts";
import type { Weight } from "./weights.ts";

const ANCHORS = 5118;
/** Of the trained graph's batch normalisation. */
const EPSILON = 0.0010000000474974513;
const halvingLayers = [2, 4, 6, 12];

export function detectorGraph(weight: (name: string) => Weight): OnnxGraph {
  const graph = new OnnxGraph("face-detector");
  const relu6 = (x: string) => graph.node("Clip", [x, graph.floats([0], []), graph.floats([6], [])]);
  const pointwise = (x: string, prefix: string, stride: number) =>
    relu6(
      conv(graph, x, weight(`${prefix}/weights`), weight(`${prefix}/convolution_bn_offset`).values, {
        stride,
        pad: "SAME_UPPER",
      }),
    );
  const depthwiseNormed = (x: string, prefix: string, stride: number) => {
    const [gamma, beta, mean, variance] = ["gamma", "beta", "moving_mean", "moving_variance"].map(
      (name) => weight(`${prefix}/BatchNorm/${name}`).values,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const scale = gamma.map((g, i) => g / Math.sqrt(variance[i]! + EPSILON));
    const shift = beta.map((b, i) => b - mean[i]! * scale[i]!);
    return relu6(depthwise(graph, x, weight(`${prefix}/depthwise_weights`), stride, { scale, shift }));
  };

  const image = graph.input("image", [1, 512, 512, 3]);
  let x = pointwise(normalised(graph, image, [127.5, 127.5, 127.5], 1 / 127.5), "MobilenetV1/Conv2d_0_pointwise", 2);
  let layer11 = "";
  for (let layer = 1; layer <= 13; layer++) {
    const stride = halvingLayers.includes(layer) ? 2 : 1;
    x = depthwiseNormed(x, `MobilenetV1/Conv2d_${layer}_depthwise`, stride);
    x = pointwise(x, `MobilenetV1/Conv2d_${layer}_pointwise`, 1);
    if (layer === 11) layer11 = x;
  }

  const scales = [layer11, x];
  for (let layer = 0; layer < 8; layer++) {
    x = pointwise(x, `Prediction/Conv2d_${layer}_pointwise`, layer % 2 === 1 ? 2 : 1);
    if (layer % 2 === 1) scales.push(x);
  }
  const predictions = (which: string, per: number) =>
    graph.node(
      "Concat",
      scales.map((features, i) => {
        const prefix = `Prediction/BoxPredictor_${i}/${which}`;
        const out = conv(graph, features, weight(`${prefix}/weights`), weight(`${prefix}/biases`).values, {
          stride: 1,
          pad: "SAME_UPPER",
        });
        const nhwc = graph.node("Transpose", [out], { perm: [0, 2, 3, 1] });
        return graph.node("Reshape", [nhwc, graph.integers([-1, per])]);
      }),
      { axis: 0 },
    );
  const columns = (of: string, from: number, to: number) =>
    graph.node("Slice", [of, graph.integers([from]), graph.integers([to]), graph.integers([1])]);

  // Boxes are offsets to anchors, in variances of 1/10 (centre) and 1/5 (log size).
  const encoded = predictions("BoxEncodingPredictor", 4);
  const { centres, sizes } = anchors(weight("Output/extra_dim").values);
  const shape = [ANCHORS, 2];
  const moved = graph.node("Mul", [
    columns(encoded, 0, 2),
    graph.floats(
      sizes.map((s) => s / 10),
      shape,
    ),
  ]);
  const centre = graph.node("Add", [moved, graph.floats(centres, shape)]);
  const grown = graph.node("Exp", [graph.node("Mul", [columns(encoded, 2, 4), graph.floats([0.2], [1])])]);
  const half = graph.node("Mul", [
    grown,
    graph.floats(
      sizes.map((s) => s / 2),
      shape,
    ),
  ]);
  const corners = [graph.node("Sub", [centre, half]), graph.node("Add", [centre, half])];
  graph.output(graph.node("Concat", corners, { axis: 1 }), "boxes", [ANCHORS, 4]);

  const logits = columns(predictions("ClassPredictor", 3), 1, 2);
  const scores = graph.node("Reshape", [graph.node("Sigmoid", [logits]), graph.integers([ANCHORS])]);
  graph.output(scores, "scores", [ANCHORS]);
  return graph;
}

/** Centre and size (y, x) of each anchor from its corners (top, left, bottom, right). */
function anchors(corners: Float32Array): { centres: Float32Array; sizes: Float32Array } {
  const centres = new Float32Array(ANCHORS * 2);
  const sizes = new Float32Array(ANCHORS * 2);
  for (let i = 0; i < ANCHORS; i++) {
    for (const axis of [0, 1]) {
      const from = corners[4 * i + axis]!;
      const to = corners[4 * i + 2 + axis]!;
      centres[2 * i + axis] = (from + to) / 2;
      sizes[2 * i + axis] = to - from;
    }
  }
  return { centres, sizes };
}
