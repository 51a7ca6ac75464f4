/** Layers that the three face networks share, from TensorFlow's layouts (NHWC, HWIO) to ONNX's (NCHW, OIHW). */
import type { OnnxGraph } from "./onnx-writer.ts";
import type { Weight } from "./weights.ts";

export interface Padding {
  stride: number;
  /** TensorFlow's "same" puts the odd pixel at the end: ONNX SAME_UPPER. */
  pad: "SAME_UPPER" | "VALID";
}

/** y = (conv(x) + bias) * scale + shift, with scale and shift folded into the filters. */
export function conv(
  graph: OnnxGraph,
  x: string,
  filters: Weight,
  bias: Float32Array,
  { stride, pad }: Padding,
  fold?: { scale: Float32Array; shift: Float32Array },
): string {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = filters.shape;
  const w = new Float32Array(filters.values.length);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < height * width; k++)
        w[(o * inputs + i) * height * width + k] =
          filters.values[(k * inputs + i) * outputs + o]! * (fold?.scale[o] ?? 1);
  const b = bias.map((each, o) => each * (fold?.scale[o] ?? 1) + (fold?.shift[o] ?? 0));
  const weights = graph.floats(w, [outputs, inputs, height, width]);
  return graph.node("Conv", [x, weights, graph.floats(b, [outputs])], {
    auto_pad: pad,
    strides: [stride, stride],
    kernel_shape: [height, width],
  });
}

/** Depthwise 3 x 3 convolution ("same") without bias of its own; `fold` holds a batch normalisation. */
export function depthwise(
  graph: OnnxGraph,
  x: string,
  filters: Weight,
  stride: number,
  fold?: { scale: Float32Array; shift: Float32Array },
): string {
  const [height = 1, width = 1, channels = 1] = filters.shape;
  const w = new Float32Array(filters.values.length);
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < height * width; k++)
      w[c * height * width + k] = filters.values[k * channels + c]! * (fold?.scale[c] ?? 1);
  const inputs = [x, graph.floats(w, [channels, 1, height, width])];
  if (fold) inputs.push(graph.floats(fold.shift, [channels]));
  return graph.node("Conv", inputs, {
    auto_pad: "SAME_UPPER",
    strides: [stride, stride],
    kernel_shape: [height, width],
    group: channels,
  });
}

/** NHWC RGB 0..255 -> NCHW (x - mean) * scale. */
export function normalised(graph: OnnxGraph, x: string, mean: readonly number[], scale: number): string {
  const nchw = graph.node("Transpose", [x], { perm: [0, 3, 1, 2] });
  const centred = graph.node("Sub", [nchw, graph.floats(mean, [1, 3, 1, 1])]);
  return graph.node("Mul", [centred, graph.floats([scale], [1])]);
}

/** Mean colour of the faces that the landmark and recognition networks were trained on. */
export const meanRgb = [122.782, 117.001, 104.298] as const;
