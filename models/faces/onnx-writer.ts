/** Writes ONNX graphs: just the fields of onnx.proto3 (IR version 8) that a feed-forward float32 network needs. */
import protobuf from "protobufjs";

const FLOAT = 1;
const INT64 = 7;
const OPSET = 13;
const IR_VERSION = 8;

/** Field numbers and types as in onnx/onnx.proto3 of the ONNX project. */
const schema = `
syntax = "proto3";
message AttributeProto {
  string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5;
}
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dimension { int64 dim_value = 1; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorType tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto {
  int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
}`;
const ModelProto = protobuf.parse(schema, { keepCase: true }).root.lookupType("ModelProto");

export type Attribute = number | { float: number } | string | readonly number[];

/** A graph in the making: each call adds a node and gives the name of its output. */
export class OnnxGraph {
  private readonly nodes: object[] = [];
  private readonly initializers: object[] = [];
  private readonly inputs: object[] = [];
  private readonly outputs: object[] = [];
  private count = 0;
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  input(name: string, dims: readonly number[]): string {
    this.inputs.push(valueInfo(name, dims));
    return name;
  }

  /** A float32 constant, row-major. */
  floats(values: ArrayLike<number>, dims: readonly number[]): string {
    return this.constant(FLOAT, Float32Array.from(values), values.length, dims);
  }

  /** An int64 vector, as shapes and pads are given, or another tensor of `dims`. */
  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.constant(INT64, BigInt64Array.from(values.map(BigInt)), values.length, dims);
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    const out = output ?? `t${this.count++}`;
    this.push(op, inputs, [out], attributes);
    return out;
  }

  /** A node of several outputs. */
  split(op: string, inputs: readonly string[], count: number, attributes: Record<string, Attribute> = {}): string[] {
    const outs = Array.from({ length: count }, () => `t${this.count++}`);
    this.push(op, inputs, outs, attributes);
    return outs;
  }

  /** Names a tensor as a result of the graph. */
  output(from: string, name: string, dims: readonly number[]): void {
    this.node("Identity", [from], {}, name);
    this.outputs.push(valueInfo(name, dims));
  }

  /** The serialised ModelProto. The same graph gives the same bytes. */
  bytes(): Uint8Array {
    const graph = {
      node: this.nodes,
      name: this.name,
      initializer: this.initializers,
      input: this.inputs,
      output: this.outputs,
    };
    const model = {
      ir_version: IR_VERSION,
      producer_name: "tocsin",
      graph,
      opset_import: [{ domain: "", version: OPSET }],
    };
    return ModelProto.encode(ModelProto.fromObject(model)).finish();
  }

  private push(op: string, input: readonly string[], output: readonly string[], attributes: Record<string, Attribute>) {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    this.nodes.push({ input, output, name: `n_${output[0]}`, op_type: op, attribute });
  }

  private constant(
    type: number,
    values: Float32Array | BigInt64Array,
    length: number,
    dims: readonly number[],
  ): string {
    const expected = dims.reduce((a, b) => a * b, 1);
    if (expected !== length) throw new Error(`${this.name}: ${length} values do not fill [${dims}]`);
    const name = `c${this.count++}`;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push({ dims, data_type: type, name, raw_data: raw });
    return name;
  }
}

function valueInfo(name: string, dims: readonly number[]): object {
  const shape = { dim: dims.map((dim_value) => ({ dim_value })) };
  return { name, type: { tensor_type: { elem_type: FLOAT, shape } } };
}

/** AttributeProto.type: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attributeProto(name: string, value: Attribute): object {
  if (typeof value === "number") return { name, i: value, type: 2 };
  if (typeof value === "string") return { name, s: new TextEncoder().encode(value), type: 3 };
  if ("float" in value) return { name, f: value.float, type: 1 };
  return { name, ints: value, type: 7 };
}
