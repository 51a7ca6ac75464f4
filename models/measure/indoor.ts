/**
 * Near shots unlike the training's: single blasts in closed rooms of bare walls (image sources, third order), which neither
 * the simulated streets nor the synthesis have, some overdriven.
 */
import { createEar } from "#core/acoustics/ear.ts";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { Rng } from "#sim/rng.ts";
import { classifyAll } from "./classify-all.ts";

const ORDER = 3;

function indoorShot(rng: Rng): { samples: Float32Array; rate: number } {
  const rate = rng.pick([16000, 22050, 44100, 48000]);
  const samples = noise(Math.round(1.8 * rate), rng.logUniform(1e-4, 5e-3), rng.int(1, 1e6));
  const room = [rng.uniform(4, 25), rng.uniform(4, 25), rng.uniform(2.5, 7)];
  const source = room.map((size) => rng.uniform(0.2, 0.8) * size);
  const mic = room.map((size) => rng.uniform(0.1, 0.9) * size);
  const kept = rng.uniform(0.45, 0.85);
  const positiveS = rng.logUniform(2e-4, 2.5e-3);
  const peak = rng.logUniform(0.2, 6);
  const images = (axis: number) => {
    const out: { at: number; bounces: number }[] = [];
    for (let n = -ORDER; n <= ORDER; n++) {
      const at = n % 2 === 0 ? n * room[axis]! + source[axis]! : (n + 1) * room[axis]! - source[axis]!;
      out.push({ at, bounces: Math.abs(n) });
    }
    return out;
  };
  const [xs, ys, zs] = [images(0), images(1), images(2)];
  const direct = Math.hypot(source[0]! - mic[0]!, source[1]! - mic[1]!, source[2]! - mic[2]!);
  for (const x of xs) {
    for (const y of ys) {
      for (const z of zs) {
        const bounces = x.bounces + y.bounces + z.bounces;
        if (bounces > ORDER + 2) continue;
        const range = Math.hypot(x.at - mic[0]!, y.at - mic[1]!, z.at - mic[2]!);
        // Each wall takes high frequencies: the wave grows longer.
        const atS = 0.5 + (range - direct) / 343;
        addBlast(samples, rate, atS, (peak * kept ** bounces * direct) / range, positiveS * (1 + 0.15 * bounces));
      }
    }
  }
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i]!));
  return { samples, rate };
}

/** Part of the shots with an impulse over the threshold within 20 ms of the first arrival. */
export async function measureIndoor(classifier: Classifier, count: number) {
  let hits = 0;
  for (let i = 0; i < count; i++) {
    const { samples, rate } = indoorShot(new Rng(`indoor/${i}`));
    const heard = await classifyAll(samples, rate, classifier, createEar);
    if (heard.some(({ onsetS, scores }) => Math.abs(onsetS - 0.5) < 0.02 && scores.gunshot >= classifier.threshold))
      hits++;
  }
  return { shots: count, recall: hits / count };
}
