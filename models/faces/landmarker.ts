/** The 68-landmark network. `face` [1,112,112,3] RGB 0..255 -> `points` [1,136], x and y in turn, 0..1 of the input. */
import { conv, depthwise, meanRgb, normalised } from "./layers.ts";
import { OnnxGraph } from "./onnx-writer.ts";
import type { Weight } from "./weights.ts";

export function landmarkerGraph(weight: (name: string) => Weight): OnnxGraph {
  const graph = new OnnxGraph("face-landmarks");
  const separable = (x: string, prefix: string, stride: number) =>
    conv(
      graph,
      depthwise(graph, x, weight(`${prefix}/depthwise_filter`), stride),
      weight(`${prefix}/pointwise_filter`),
      weight(`${prefix}/bias`).values,
      { stride: 1, pad: "SAME_UPPER" },
    );
  const relu = (x: string) => graph.node("Relu", [x]);
  const sum = (...terms: string[]) => terms.reduce((a, b) => graph.node("Add", [a, b]));

  let x = normalised(graph, graph.input("face", [1, 112, 112, 3]), meanRgb, 1 / 255);
  for (let block = 0; block < 4; block++) {
    const prefix = `dense${block}`;
    const first = `${prefix}/conv0`;
    const out1 = relu(
      block === 0
        ? conv(graph, x, weight(`${first}/filters`), weight(`${first}/bias`).values, { stride: 2, pad: "SAME_UPPER" })
        : separable(x, first, 2),
    );
    const out2 = separable(out1, `${prefix}/conv1`, 1);
    const out3 = separable(relu(sum(out1, out2)), `${prefix}/conv2`, 1);
    const out4 = separable(relu(sum(out1, out2, out3)), `${prefix}/conv3`, 1);
    x = relu(sum(out1, out2, out3, out4));
  }
  const pooled = graph.node("AveragePool", [x], { kernel_shape: [7, 7], strides: [2, 2] });
  const flat = graph.node("Flatten", [pooled], { axis: 1 });
  const dense = graph.node("MatMul", [flat, graph.floats(weight("fc/weights").values, [256, 136])]);
  const points = graph.node("Add", [dense, graph.floats(weight("fc/bias").values, [1, 136])]);
  graph.output(points, "points", [1, 136]);
  return graph;
}
