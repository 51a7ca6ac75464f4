/** Opens the models for people, vehicles and pose that set-up wrote, by their hashes. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import hashes from "./model-hashes.json" with { type: "json" };

export interface PerceptionModels {
  readonly objects: InferenceSession | undefined;
  readonly pose: InferenceSession | undefined;
  /** Which of them are missing, and why: what needs them is off, and says so. */
  readonly missing: readonly { readonly model: "objects" | "pose"; readonly why: string }[];
  close(): Promise<void>;
}

export async function openPerceptionModels(folder: string, threads: number): Promise<PerceptionModels> {
  process.env.ORT_DISABLE_TELEMETRY = "1";
  const missing: { model: "objects" | "pose"; why: string }[] = [];
  const open = async (model: "objects" | "pose") => {
    const path = join(folder, `${model}.onnx`);
    const bytes = await readFile(path).catch(() => undefined);
    const wrong = bytes && createHash("sha256").update(bytes).digest("hex") !== hashes.models[`${model}.onnx`];
    if (bytes === undefined || wrong) {
      const what = wrong ? "is not the one that was checked (SHA-256)" : "cannot be read";
      missing.push({ model, why: `${path}: ${what}; run node bin/faces-setup.mjs` });
      return undefined;
    }
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  };
  const [objects, pose] = [await open("objects"), await open("pose")];
  return {
    objects,
    pose,
    missing,
    close: async () => {
      await objects?.release();
      await pose?.release();
    },
  };
}
