/** Opens the three ONNX models that set-up wrote, by their hashes. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { Fault } from "#contract/errors.ts";
import hashes from "./model-hashes.json" with { type: "json" };

export interface FaceModels {
  readonly detector: InferenceSession;
  readonly landmarks: InferenceSession;
  readonly embedder: InferenceSession;
  close(): Promise<void>;
}

/** Which network made an embedding: galleries and lists of another do not load. */
export const embedderSha256 = hashes.models["embedder.onnx"];

/** Throws `Fault` (config) where a model is missing or is not the one that the product was measured with. */
export async function openFaceModels(folder: string, threads: number): Promise<FaceModels> {
  // onnxruntime 1.30 reports its use to its maker, and keeps files for that in the folder for temporary files, unless told not to.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  const open = async (name: keyof typeof hashes.models) => {
    const path = join(folder, name);
    const bytes = await readFile(path).catch((cause) => {
      throw new Fault("config", `${path}: cannot be read; run node bin/faces-setup.mjs`, { cause });
    });
    if (createHash("sha256").update(bytes).digest("hex") !== hashes.models[name])
      throw new Fault("config", `${path}: not the model that was measured (SHA-256); run node bin/faces-setup.mjs`);
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  };
  const [detector, landmarks, embedder] = [
    await open("detector.onnx"),
    await open("landmarks.onnx"),
    await open("embedder.onnx"),
  ];
  return {
    detector,
    landmarks,
    embedder,
    close: async () => {
      for (const session of [detector, landmarks, embedder]) await session.release();
    },
  };
}
