/**
 * What the classifier would hear in street noise alone, where nothing happens: chance peaks, gusts, vehicles that pass.
 *
 *   node models/train/cut-street.ts OUT MINUTES [SEED]      writes OUT/street.f32 and OUT/street.jsonl
 */
import { mkdirSync } from "node:fs";
import { digitise, lamppostMicrophone } from "#sim/acoustics/microphone.ts";
import { StreetNoise } from "#sim/acoustics/street-noise.ts";
import { Rng } from "#sim/rng.ts";
import { drawTrainingMicrophone } from "#sim/training-scene.ts";
import { clipWriter, hear } from "./hear.ts";

const RATE = 16_000;
/** Of a minute at most so many: a gusty one has hundreds. */
const MOST = 6;

function main(out: string, minutes: number, seed: number): void {
  mkdirSync(out, { recursive: true });
  const writer = clipWriter(out, "street");
  const root = new Rng(`street/${seed}`);
  for (let index = 0; index < minutes; index++) {
    const rng = root.fork(index);
    const microphone = rng.chance(0.5) ? { ...lamppostMicrophone } : drawTrainingMicrophone(rng);
    const noise = new StreetNoise(rng, {
      rateHz: RATE,
      levelDbSpl: rng.uniform(38, 68),
      vehiclesPerMinute: rng.chance(0.3) ? 0 : rng.uniform(0, 15),
      windMps: rng.chance(0.75) ? 0 : rng.uniform(0.5, 8),
      highPassHz: microphone.highPassHz,
    });
    const samples = new Float32Array(60 * RATE);
    noise.addTo(samples, 0, samples.length);
    digitise(samples, microphone, rng);
    const heard = hear(samples, RATE);
    for (let k = 0; k < Math.min(MOST, heard.length); k++) {
      const picked = heard[Math.floor((k * heard.length) / Math.min(MOST, heard.length))]!;
      const row = { source: "sim", group: `street/${index}`, what: "sim_street", soundClass: "other", of: "noise" };
      writer.write(picked, row);
    }
  }
  writer.close();
}

const [out, minutes, seed] = process.argv.slice(2);
if (!out || !(Number(minutes) > 0)) throw new Error("usage: node models/train/cut-street.ts OUT MINUTES [SEED]");
main(out, Number(minutes), Number(seed ?? 8));
