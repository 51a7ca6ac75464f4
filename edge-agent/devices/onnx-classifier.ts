/** Says what made an impulse, with the ONNX model of a folder `models/<name>/<version>/` (model.onnx, card.json). */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { CrowdWeights } from "#contract/company.ts";
import { Fault, whyNoJson, whyUnread } from "#contract/errors.ts";
import { type Scores, soundClasses } from "#contract/shot.ts";
import { Probability, Sha256 } from "#contract/units.ts";
import { MODEL_RATE_HZ, resampleClip } from "#core/acoustics/clip-resampler.ts";
import type { Classifier } from "#edge-agent/ports.ts";

const Card = v.object({
  name: v.string(),
  version: v.string(),
  sha256: Sha256,
  threshold: Probability,
  classes: v.pipe(
    v.array(v.string()),
    v.check((names) => names.join() === soundClasses.join(), `must be ${soundClasses.join(", ")}`),
  ),
  input: v.object({
    sampleRateHz: v.literal(MODEL_RATE_HZ),
    samples: v.pipe(v.number(), v.integer(), v.minValue(6000), v.maxValue(24_000)),
    onsetSample: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(24_000)),
  }),
  crowd: v.optional(CrowdWeights),
});

export interface OnnxClassifier extends Classifier {
  /** Also what the site's own head learns from: the frozen embedding. */
  embed(clip: Float32Array, sampleRateHz: number, onsetS: number): Promise<{ scores: Scores; embedding: Float32Array }>;
  /** Scores of a clip that is at the model's rate and length already, onset in place. */
  classifyExact(clip: Float32Array): Promise<Scores>;
}

/** Opens the model in `folder`; throws `Fault` (config) where it is missing, incomplete or not what its card says. */
export async function openOnnxClassifier(folder: string): Promise<OnnxClassifier> {
  const card = await readCard(folder);
  const path = join(folder, "model.onnx");
  const bytes = await readFile(path).catch((cause) => {
    throw new Fault("config", `${path}: ${whyUnread(cause)}; check out the model's folder again`, { cause });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== card.sha256) {
    throw new Fault("config", `${path}: its SHA-256 is not the one in card.json; check out the model's folder again`);
  }
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const { samples, onsetSample } = card.input;
  const input = new Float32Array(samples);

  // One clip at a time: the input buffer is shared, and one core is all that a node spares.
  let last: Promise<unknown> = Promise.resolve();
  const run = (fill: () => void) => {
    const result = last.then(async () => {
      fill();
      const out = await session.run({ clip: new Tensor("float32", input, [1, samples]) });
      const embedding = Float32Array.from(out.embedding?.data as Float32Array);
      return { scores: scoresOf(out.scores?.data as Float32Array), embedding };
    });
    last = result.catch(() => undefined);
    return result;
  };
  const embed: OnnxClassifier["embed"] = (clip, sampleRateHz, onsetS) =>
    run(() => resampleClip(clip, sampleRateHz, onsetS, input, onsetSample));
  return {
    model: { name: card.name, version: card.version, sha256 },
    threshold: card.threshold,
    crowd: card.crowd,
    embed,
    classifyExact: async (clip) => (await run(() => input.set(clip))).scores,
    classify: async (clip, sampleRateHz, onsetS) => (await embed(clip, sampleRateHz, onsetS)).scores,
    close: async () => {
      await last;
      await session.release();
    },
  };
}

async function readCard(folder: string): Promise<v.InferOutput<typeof Card>> {
  const path = join(folder, "card.json");
  let text = "";
  let json: unknown;
  try {
    text = await readFile(path, "utf8");
    json = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? whyNoJson(text, cause) : whyUnread(cause);
    throw new Fault(
      "config",
      `${path}: ${why}; name a model's folder, one with model.onnx and card.json such as the highest of models/gunshot`,
      { cause },
    );
  }
  const card = v.safeParse(Card, json);
  if (!card.success)
    throw new Fault(
      "config",
      faultsOf(card.issues).map((fault) => `${path}: ${fault}`),
    );
  return card.output;
}

function scoresOf(p: Float32Array): Scores {
  const at = (i: number) => Math.min(1, Math.max(0, p[i] ?? 0));
  return { gunshot: at(0), firework: at(1), vehicle: at(2), impact: at(3), glass: at(4), other: at(5) };
}
