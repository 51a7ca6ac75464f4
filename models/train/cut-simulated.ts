/**
 * Renders clips of the simulated world and writes what the classifier would hear of every impulse in them.
 *
 *   node models/train/cut-simulated.ts OUT COUNT [SEED [NAME [KINDS [CLEAN [EVEN]]]]]      writes OUT/NAME.f32 and OUT/NAME.jsonl; NAME is sim by default
 *
 * KINDS, separated by commas, keeps to these kinds of clips; CLEAN, 0 to 1, is the share without a recorder's chain; EVEN that of
 * the clips in which the street's noise is made to fit a ratio drawn evenly from EVEN_DB, so that faint ones are not rare.
 */
import { mkdirSync } from "node:fs";
import { drawClipOptions } from "#sim/render-clips.ts";
import { Rng } from "#sim/rng.ts";
import { type ClipKind, clipKinds, renderTrainingClip } from "#sim/training-clip.ts";
import { clipWriter, hear } from "./hear.ts";

/** An onset this near to a true arrival is that arrival, seconds. */
const SAME_S = 0.012;
const LENGTH_S = 2.9;
const EVEN_DB = [6, 42] as const;

interface Wanted {
  name: string;
  kinds: readonly ClipKind[];
  clean: number;
  even: number;
}

function main(out: string, count: number, seed: number, { name, kinds, clean, even }: Wanted): void {
  mkdirSync(out, { recursive: true });
  const writer = clipWriter(out, name);
  const root = new Rng(`hear/${seed}`);
  for (let index = 0; index < count; index++) {
    const rng = root.fork(index);
    // Late enough in most that the second before is heard too; early in some, as where a recording begins.
    const options = { ...drawClipOptions(rng, kinds), lengthS: LENGTH_S, onsetS: rng.uniform(0.3, 1.75) };
    // As a node has it, no other recorder behind its microphone.
    if (clean > 0 && rng.chance(clean)) options.clean = true;
    if (even > 0 && options.kind !== "noise" && rng.chance(even)) options.snrDb = EVEN_DB;
    const { samples, rateHz, truth } = renderTrainingClip(rng, options);
    for (const heard of hear(samples, rateHz)) {
      const arrival = truth.arrivals.find(({ onsetS }) => Math.abs(onsetS - heard.onsetS) < SAME_S);
      const after = truth.arrivals.some(({ onsetS }) => heard.onsetS > onsetS);
      writer.write(heard, {
        source: "sim",
        group: `sim/${index}`,
        what: arrival ? truth.kind : after ? "sim_echo" : "sim_noise",
        soundClass: arrival ? truth.soundClass : "other",
        of: truth.kind,
        path: arrival?.path,
        trueS: arrival?.onsetS,
        trueSnrDb: truth.snrDb,
        distanceM: truth.distanceM,
        detail: truth.detail,
      });
    }
    if ((index + 1) % 1000 === 0) process.stderr.write(`cut-simulated: ${index + 1} of ${count}\n`);
  }
  writer.close();
}

const [out, count, seed, name, kinds, clean, even] = process.argv.slice(2);
if (!out || !(Number(count) > 0))
  throw new Error("usage: node models/train/cut-simulated.ts OUT COUNT [SEED [NAME [KINDS [CLEAN [EVEN]]]]]");
const wanted = kinds ? clipKinds.filter((kind) => kinds.split(",").includes(kind)) : clipKinds;
main(out, Number(count), Number(seed ?? 1), {
  name: name ?? "sim",
  kinds: wanted,
  clean: Number(clean ?? 0),
  even: Number(even ?? 0),
});
