/** The newest gunshot model that ships, as the agents take it. */
import { basename } from "node:path";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { newestModel } from "../newest-model.ts";

export async function newestClassifier() {
  const folder = await newestModel(undefined);
  return { classifier: await openOnnxClassifier(folder), version: basename(folder) };
}
