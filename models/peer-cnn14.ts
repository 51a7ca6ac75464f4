/**
 * A log-mel CNN of the size of PANNs' Cnn14 (Q. Kong et al., "PANNs: large-scale pretrained audio neural networks", 2020) as ONNX:
 * six blocks of two 3 x 3 convolutions, 64 to 2048 channels, on 101 frames of 64 mels, one second. Its weights are constants:
 * what it costs does not depend on them.
 */

/** Protocol-buffer wire format: field number, then a varint or bytes. */
function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    out.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return out;
}
const whole = (field: number, value: number) => [...varint(field * 8), ...varint(value)];
const nested = (field: number, bytes: readonly number[]) => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string) => nested(field, [...new TextEncoder().encode(value)]);

const ATTRIBUTE = { float: 1, int: 2, tensor: 4, ints: 7 };

function attribute(name: string, value: number | readonly number[] | { tensor: readonly number[] }): number[] {
  const body =
    typeof value === "number"
      ? [...whole(3, value), ...whole(20, ATTRIBUTE.int)]
      : "tensor" in value
        ? [...nested(5, value.tensor), ...whole(20, ATTRIBUTE.tensor)]
        : [...value.flatMap((each) => whole(8, each)), ...whole(20, ATTRIBUTE.ints)];
  return nested(5, [...text(1, name), ...body]);
}

function node(kind: string, inputs: string[], output: string, attributes: number[][] = []): number[] {
  return nested(1, [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, kind),
    ...attributes.flat(),
  ]);
}

const bytesOf = (array: ArrayBufferView) => [...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)];

/** A tensor of shape [n]: data type 7 is int64, 1 float. */
function tensor(name: string, values: readonly number[], type: 1 | 7): number[] {
  const raw = type === 7 ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values);
  return [...whole(1, values.length), ...whole(2, type), ...text(8, name), ...nested(9, bytesOf(raw))];
}

function tensorInfo(field: number, name: string, shape: readonly number[]): number[] {
  const dims = shape.flatMap((size) => nested(1, whole(1, size)));
  return nested(field, [...text(1, name), ...nested(2, nested(1, [...whole(1, 1), ...nested(2, dims)]))]);
}

export const PEER_SHAPE = [1, 1, 101, 64] as const;

export function peerModel(): { bytes: Uint8Array; parameters: number } {
  const nodes: number[][] = [];
  const constants: number[][] = [];
  let parameters = 0;
  const weights = (name: string, shape: number[]): string => {
    parameters += shape.reduce((a, b) => a * b, 1);
    constants.push(nested(5, tensor(`${name}_shape`, shape, 7)));
    nodes.push(
      node("ConstantOfShape", [`${name}_shape`], name, [attribute("value", { tensor: tensor("", [0.001], 1) })]),
    );
    return name;
  };
  let x = "mel";
  let channels = 1;
  [64, 128, 256, 512, 1024, 2048].forEach((width, block) => {
    for (const half of ["a", "b"]) {
      const name = `c${block}${half}`;
      nodes.push(
        node("Conv", [x, weights(`${name}_w`, [width, channels, 3, 3])], name, [attribute("pads", [1, 1, 1, 1])]),
      );
      nodes.push(node("Relu", [name], `${name}_r`));
      x = `${name}_r`;
      channels = width;
    }
    if (block < 5) {
      const pool = [attribute("kernel_shape", [2, 2]), attribute("strides", [2, 2])];
      nodes.push(node("AveragePool", [x], `p${block}`, pool));
      x = `p${block}`;
    }
  });
  nodes.push(node("GlobalAveragePool", [x], "pooled"), node("Flatten", ["pooled"], "flat"));
  nodes.push(node("MatMul", ["flat", weights("dense", [2048, 2048])], "e"), node("Relu", ["e"], "er"));
  nodes.push(node("MatMul", ["er", weights("out", [2048, 527])], "logits"), node("Sigmoid", ["logits"], "scores"));
  const graph = [
    ...nodes.flat(),
    ...text(2, "cnn14"),
    ...constants.flat(),
    ...tensorInfo(11, "mel", PEER_SHAPE),
    ...tensorInfo(12, "scores", [1, 527]),
  ];
  const bytes = Uint8Array.from([...whole(1, 8), ...nested(7, graph), ...nested(8, [...text(1, ""), ...whole(2, 17)])]);
  return { bytes, parameters };
}
