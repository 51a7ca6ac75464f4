/**
 * Writes training clips with their truth into a folder:
 *   node sim/render-clips.ts --seed 1 --count 5000 --out DIR [--rate 16000] [--length 2] [--kinds gunshot,door,...] [--clean]
 * `clips.f32`: the clips one after another, little-endian 32-bit floats; `clips.jsonl`: a line per clip
 * `{index, samples, rateHz, onsetS, kind, soundClass, ...}`. Clip i depends on seed and i alone.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Rng } from "./rng.ts";
import { type ClipKind, type ClipOptions, clipKinds, renderTrainingClip } from "./training-clip.ts";

/** How often each kind is drawn; of the shots nearly half are near, a third are bursts. */
const shares: Record<ClipKind, number> = {
  gunshot: 12,
  firework: 2.5,
  firecrackers: 2.5,
  backfire: 2,
  door: 2,
  hammer: 2,
  metal: 1.5,
  glass: 2,
  balloon: 1,
  babble: 1,
  noise: 1.5,
};

const usage =
  "usage: node sim/render-clips.ts --out DIR [--seed 1] [--count 1000] [--rate 16000] [--length 2] [--kinds a,b] [--clean]";

/** The options of clip `index`: kind, distance, rounds and signal-to-noise ratio drawn for training. */
export function drawClipOptions(rng: Rng, kinds: readonly ClipKind[]): ClipOptions {
  const total = kinds.reduce((sum, kind) => sum + shares[kind], 0);
  let draw = rng.uniform(0, total);
  const kind = kinds.find((each) => (draw -= shares[each]) < 0) ?? kinds[0]!;
  const options: ClipOptions = { kind };
  if (kind === "gunshot") {
    const near = rng.chance(0.45);
    Object.assign(options, near ? { minDistanceM: 3, maxDistanceM: 60 } : { minDistanceM: 60, maxDistanceM: 1000 });
    if (rng.chance(0.33)) options.rounds = rng.int(2, 5);
  }
  // The street's own level in most clips; in the others the whole range of ratios evenly, so that none is missing.
  if (kind !== "noise" && rng.chance(0.4)) options.snrDb = [3, 45];
  return options;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "16000" },
      length: { type: "string", default: "2" },
      kinds: { type: "string", default: clipKinds.join() },
      clean: { type: "boolean", default: false },
    },
  });
  const kinds = values.kinds.split(",") as ClipKind[];
  const unknown = kinds.filter((kind) => !clipKinds.includes(kind));
  const [count, rateHz, lengthS] = [values.count, values.rate, values.length].map(Number) as [number, number, number];
  if (!values.out || unknown.length > 0 || !(count > 0) || !(rateHz >= 8000) || !(lengthS >= 1)) {
    const why = unknown.length > 0 ? `no such kind: ${unknown.join()}; there are ${clipKinds.join()}\n` : "";
    process.stderr.write(`${why}${usage}\n`);
    return 64;
  }
  mkdirSync(values.out, { recursive: true });
  const audio = openSync(join(values.out, "clips.f32"), "w");
  const truths = openSync(join(values.out, "clips.jsonl"), "w");
  const root = new Rng(`clips/${values.seed}`);
  for (let index = 0; index < count; index++) {
    const rng = root.fork(index);
    const clip = renderTrainingClip(rng, { ...drawClipOptions(rng, kinds), rateHz, lengthS, clean: values.clean });
    writeSync(audio, new Uint8Array(clip.samples.buffer, clip.samples.byteOffset, clip.samples.byteLength));
    writeSync(
      truths,
      `${JSON.stringify({ index, samples: clip.samples.length, rateHz, onsetS: clip.onsetS ?? null, ...clip.truth })}\n`,
    );
    if ((index + 1) % 500 === 0) process.stderr.write(`render-clips: ${index + 1} of ${count}\n`);
  }
  closeSync(audio);
  closeSync(truths);
  return 0;
}

if (import.meta.main) process.exitCode = main();
