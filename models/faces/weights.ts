/** Reads the quantised TensorFlow.js weights that `@vladmandic/face-api` ships (manifest and one binary file). */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface ManifestEntry {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: "uint8" | "uint16"; scale: number; min: number };
}

export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** All weights of `<name>_model.bin` in `folder`, by name, dequantised as tfjs-core's `decodeWeights` does. */
export function readWeights(folder: string, name: string): (weight: string) => Weight {
  const manifest = JSON.parse(readFileSync(join(folder, `${name}_model-weights_manifest.json`), "utf8")) as {
    weights: ManifestEntry[];
  }[];
  const bytes = readFileSync(join(folder, `${name}_model.bin`));
  const all = new Map<string, Weight>();
  let at = 0;
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const length = entry.shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(length);
    const q = entry.quantization;
    if (q?.dtype === "uint8") {
      for (let i = 0; i < length; i++) values[i] = bytes.readUInt8(at + i) * q.scale + q.min;
      at += length;
    } else if (q === undefined && entry.dtype === "float32") {
      for (let i = 0; i < length; i++) values[i] = bytes.readFloatLE(at + 4 * i);
      at += 4 * length;
    } else throw new Error(`${name}: ${entry.name} has a type that is not read here (${entry.dtype}, ${q?.dtype})`);
    all.set(entry.name, { shape: entry.shape, values });
  }
  if (at !== bytes.length) throw new Error(`${name}: the manifest describes ${at} of ${bytes.length} bytes`);
  return (weight) => {
    const found = all.get(weight);
    if (!found) throw new Error(`${name}: no weight ${weight}`);
    return found;
  };
}
