/** Reads a TensorFlow.js graph model (`<name>.json`, `<name>.bin`): nodes in order, constants by name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface AttrValue {
  i?: string;
  b?: boolean;
  f?: number;
  s?: string;
  list?: { i?: string[]; s?: string[] };
}

export interface TfNode {
  readonly name: string;
  readonly op: string;
  /** Names of nodes, `:1` and so on for another output than the first. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrValue>>;
}

export interface TfConstant {
  readonly shape: readonly number[];
  readonly type: "float32" | "int32";
  readonly values: Float32Array | Int32Array;
}

export interface TfGraph {
  readonly nodes: readonly TfNode[];
  readonly constants: ReadonlyMap<string, TfConstant>;
}

interface Entry {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: string };
}

export function readTfGraph(folder: string, name: string): TfGraph {
  const model = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as {
    modelTopology: { node: { name: string; op: string; input?: string[]; attr?: Record<string, AttrValue> }[] };
    weightsManifest: { weights: Entry[] }[];
  };
  const bytes = readFileSync(join(folder, `${name}.bin`));
  const constants = new Map<string, TfConstant>();
  let at = 0;
  for (const entry of model.weightsManifest.flatMap((group) => group.weights)) {
    const length = entry.shape.reduce((a, b) => a * b, 1);
    const kind = `${entry.dtype}/${entry.quantization?.dtype ?? ""}`;
    if (kind === "float32/float16") {
      const values = Float32Array.from({ length }, (_, i) => halfOf(bytes.readUInt16LE(at + 2 * i)));
      constants.set(entry.name, { shape: entry.shape, type: "float32", values });
      at += 2 * length;
    } else if (kind === "int32/") {
      const values = Int32Array.from({ length }, (_, i) => bytes.readInt32LE(at + 4 * i));
      constants.set(entry.name, { shape: entry.shape, type: "int32", values });
      at += 4 * length;
    } else throw new Error(`${name}: ${entry.name} has a type that is not read here (${kind})`);
  }
  if (at !== bytes.length) throw new Error(`${name}: the manifest describes ${at} of ${bytes.length} bytes`);
  const nodes = model.modelTopology.node
    .filter(({ op }) => op !== "Const")
    .map(({ name, op, input = [], attr = {} }) => ({ name, op, input, attr }));
  return { nodes: inOrder(nodes), constants };
}

/** Producers before consumers: the file promises no order. */
function inOrder(nodes: readonly TfNode[]): TfNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const ordered: TfNode[] = [];
  const visit = (node: TfNode) => {
    if (done.has(node.name)) return;
    done.add(node.name);
    for (const input of node.input) {
      const from = byName.get(input.split(":", 1)[0]!);
      if (from) visit(from);
    }
    ordered.push(node);
  };
  for (const node of nodes) visit(node);
  return ordered;
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
