/** The newest gunshot model that ships, as the agents take it. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";

export async function newestClassifier() {
  const models = join(import.meta.dirname, "..", "..", "models", "gunshot");
  const version = readdirSync(models)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .at(-1)!;
  return { classifier: await openOnnxClassifier(join(models, version)), version };
}
