/**
 * Writes a TensorFlow.js graph out as ONNX, node by node. TensorFlow's layout (NHWC) stays; convolutions turn to ONNX's (NCHW) and back, and
 * onnxruntime removes the turns that cancel out. Integers become int64. An operator that is not known here is an error.
 */
import { OnnxGraph } from "../faces/onnx-writer.ts";
import type { TfConstant, TfGraph, TfNode } from "./tfjs-graph.ts";

const text = (attr: { s?: string } | undefined) => Buffer.from(attr?.s ?? "", "base64").toString();
const ints = (attr: { list?: { i?: string[] } } | undefined) => (attr?.list?.i ?? []).map(Number);

export interface Conversion {
  readonly name: string;
  /** The node that stands for the input, and how its value is made in the graph. */
  readonly input: { readonly node: string; readonly make: (graph: OnnxGraph) => string };
  /** Nodes that are results, with the name and shape that they get. */
  readonly outputs: readonly { readonly node: string; readonly name: string; readonly dims: readonly number[] }[];
}

export function toOnnx(tf: TfGraph, { name, input, outputs }: Conversion): OnnxGraph {
  const graph = new OnnxGraph(name);
  const made = new Map<string, string>();
  /** Constants, those that the file holds and those that are reckoned here. */
  const known = new Map<string, TfConstant>(tf.constants);
  const write = (constant: TfConstant) =>
    constant.type === "float32"
      ? graph.floats(constant.values, constant.shape)
      : graph.integers([...constant.values], constant.shape);
  const get = (key: string): string => {
    const plain = key.endsWith(":0") ? key.slice(0, -2) : key;
    const found = made.get(plain);
    if (found !== undefined) return found;
    const constant = known.get(plain);
    if (!constant) throw new Error(`${name}: ${plain} is nowhere made`);
    const written = write(constant);
    made.set(plain, written);
    return written;
  };
  const constantOf = (key: string): number[] => {
    const constant = known.get(key);
    if (!constant) throw new Error(`${name}: ${key} must be a constant`);
    return [...constant.values];
  };

  const toNchw = (x: string) => graph.node("Transpose", [x], { perm: [0, 3, 1, 2] });
  const toNhwc = (x: string) => graph.node("Transpose", [x], { perm: [0, 2, 3, 1] });
  const activated = (x: string, kind: string) => {
    if (kind === "Relu6") return graph.node("Clip", [x, graph.floats([0], []), graph.floats([6], [])]);
    if (kind === "Relu") return graph.node("Relu", [x]);
    throw new Error(`${name}: activation ${kind}`);
  };

  const convolution = (node: TfNode, isDepthwise: boolean) => {
    const filters = known.get(node.input[1]!);
    if (!filters) throw new Error(`${name}: ${node.name}: filters must be constants`);
    const [height = 1, width = 1, inputs = 1, outs = 1] = filters.shape;
    if (isDepthwise && outs !== 1) throw new Error(`${name}: ${node.name}: depth multiplier ${outs}`);
    const [rows, columns] = isDepthwise ? [inputs, 1] : [outs, inputs];
    const w = new Float32Array(filters.values.length);
    for (let o = 0; o < rows; o++)
      for (let i = 0; i < columns; i++)
        for (let k = 0; k < height * width; k++)
          w[(o * columns + i) * height * width + k] =
            filters.values[isDepthwise ? k * inputs + o : (k * inputs + i) * outs + o]!;
    const fused = (node.attr.fused_ops?.list?.s ?? []).map((s) => Buffer.from(s, "base64").toString());
    const into = [toNchw(get(node.input[0]!)), graph.floats(w, [rows, columns, height, width])];
    if (fused[0] === "BiasAdd") into.push(get(node.input[2]!));
    let out = graph.node("Conv", into, {
      auto_pad: text(node.attr.padding) === "SAME" ? "SAME_UPPER" : "VALID",
      strides: ints(node.attr.strides).slice(1, 3),
      dilations: ints(node.attr.dilations).slice(1, 3),
      kernel_shape: [height, width],
      ...(isDepthwise && { group: inputs }),
    });
    for (const kind of fused) if (kind !== "BiasAdd") out = activated(out, kind);
    return toNhwc(out);
  };

  const resize = (node: TfNode) => {
    const [height = 0, width = 0] = constantOf(node.input[1]!);
    const x = toNchw(get(node.input[0]!));
    const shape = graph.node("Shape", [x]);
    const lead = graph.node("Slice", [shape, graph.integers([0]), graph.integers([2])]);
    const sizes = graph.node("Concat", [lead, graph.integers([height, width])], { axis: 0 });
    const mode = node.attr.half_pixel_centers?.b
      ? "half_pixel"
      : node.attr.align_corners?.b
        ? "align_corners"
        : "asymmetric";
    return toNhwc(graph.node("Resize", [x, "", "", sizes], { mode: "linear", coordinate_transformation_mode: mode }));
  };

  const one = (op: string) => (node: TfNode) => graph.node(op, node.input.map(get));
  /** Several results: the first under the node's name, the others behind a colon. */
  const several = (node: TfNode, parts: readonly string[]) => {
    for (const [i, part] of parts.entries()) made.set(i === 0 ? node.name : `${node.name}:${i}`, part);
    return parts[0]!;
  };
  const squeezed = (x: string, axes: readonly number[]) => graph.node("Squeeze", [x, graph.integers(axes)]);

  const writers: Record<string, (node: TfNode) => string> = {
    _FusedConv2D: (node) => convolution(node, false),
    Conv2D: (node) => convolution(node, false),
    FusedDepthwiseConv2dNative: (node) => convolution(node, true),
    DepthwiseConv2dNative: (node) => convolution(node, true),
    ResizeBilinear: resize,
    AddV2: one("Add"),
    Add: one("Add"),
    Sub: one("Sub"),
    Mul: one("Mul"),
    RealDiv: one("Div"),
    /** Of what is not negative here: indices. */
    FloorDiv: one("Div"),
    Sqrt: one("Sqrt"),
    Sigmoid: one("Sigmoid"),
    Identity: one("Identity"),
    GatherNd: one("GatherND"),
    LeakyRelu: (node) =>
      graph.node("LeakyRelu", [get(node.input[0]!)], { alpha: { float: node.attr.alpha?.f ?? 0.2 } }),
    SquaredDifference: (node) => {
      const difference = graph.node("Sub", node.input.map(get));
      return graph.node("Mul", [difference, difference]);
    },
    Cast: (node) => {
      const to = (node.attr.DstT as { type?: string } | undefined)?.type;
      return graph.node("Cast", [get(node.input[0]!)], { to: to === "DT_FLOAT" ? 1 : 7 });
    },
    Reshape: (node) => graph.node("Reshape", [get(node.input[0]!), graph.integers(constantOf(node.input[1]!))]),
    ExpandDims: (node) => graph.node("Unsqueeze", [get(node.input[0]!), graph.integers(constantOf(node.input[1]!))]),
    Squeeze: (node) => squeezed(get(node.input[0]!), ints(node.attr.squeeze_dims)),
    Transpose: (node) => graph.node("Transpose", [get(node.input[0]!)], { perm: constantOf(node.input[1]!) }),
    ConcatV2: (node) =>
      graph.node("Concat", node.input.slice(0, -1).map(get), { axis: constantOf(node.input.at(-1)!)[0]! }),
    ArgMax: (node) =>
      graph.node("ArgMax", [get(node.input[0]!)], { axis: constantOf(node.input[1]!)[0]!, keepdims: 0 }),
    Pack: (node) => {
      const axis = Number(node.attr.axis?.i ?? 0);
      const parts = node.input.map((each) => graph.node("Unsqueeze", [get(each), graph.integers([axis])]));
      return graph.node("Concat", parts, { axis });
    },
    Unpack: (node) => {
      const axis = Number(node.attr.axis?.i ?? 0);
      const count = Number(node.attr.num?.i ?? 1);
      const sizes = graph.integers(Array<number>(count).fill(1));
      const parts = graph.split("Split", [get(node.input[0]!), sizes], count, { axis });
      return several(
        node,
        parts.map((part) => squeezed(part, [axis])),
      );
    },
    SplitV: (node) => {
      const sizes = constantOf(node.input[1]!);
      const axis = constantOf(node.input[2]!)[0]!;
      return several(node, graph.split("Split", [get(node.input[0]!), graph.integers(sizes)], sizes.length, { axis }));
    },
    Pad: (node) => padded(node, 0),
    PadV2: (node) => padded(node, constantOf(node.input[2]!)[0]!),
    MaxPool: (node) =>
      toNhwc(
        graph.node("MaxPool", [toNchw(get(node.input[0]!))], {
          auto_pad: text(node.attr.padding) === "SAME" ? "SAME_UPPER" : "VALID",
          strides: ints(node.attr.strides).slice(1, 3),
          kernel_shape: ints(node.attr.ksize).slice(1, 3),
        }),
      ),
  };

  /** TensorFlow pads per axis (before, after); ONNX takes all befores, then all afters. */
  function padded(node: TfNode, value: number): string {
    const pads = constantOf(node.input[1]!);
    const befores = pads.filter((_, i) => i % 2 === 0);
    const afters = pads.filter((_, i) => i % 2 === 1);
    const finite = Number.isFinite(value) ? value : -3e38;
    return graph.node("Pad", [
      get(node.input[0]!),
      graph.integers([...befores, ...afters]),
      graph.floats([finite], []),
    ]);
  }

  for (const node of tf.nodes) {
    if (node.name === input.node) {
      made.set(node.name, input.make(graph));
      continue;
    }
    const reckoned = constantResult(node, known);
    if (reckoned) {
      known.set(node.name, reckoned);
      continue;
    }
    const writer = writers[node.op];
    if (!writer) throw new Error(`${name}: ${node.name}: the operator ${node.op} is not known here`);
    made.set(node.name, writer(node));
  }
  for (const output of outputs) graph.output(get(output.node), output.name, output.dims);
  return graph;
}

/** Shapes are reckoned in TensorFlow's graph; here they are known. */
function constantResult(node: TfNode, known: ReadonlyMap<string, TfConstant>): TfConstant | undefined {
  const given = node.input.map((each) => known.get(each));
  if (node.input.length === 0 || given.some((each) => each?.type !== "int32")) return undefined;
  const [a, b, c, d] = given as TfConstant[];
  if (node.op === "AddV2" && a!.values.length === b!.values.length)
    return { ...a!, values: Int32Array.from(a!.values, (value, i) => value + b!.values[i]!) };
  // Without indices all of it is the default.
  if (node.op === "SparseToDense" && c!.values.length === 0)
    return { type: "int32", shape: [...b!.values], values: new Int32Array(b!.values[0]!).fill(d!.values[0] ?? 0) };
  return undefined;
}
