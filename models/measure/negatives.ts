/** False positives per clip on recorded sounds that are no gunshots, each clip with a model that has not learned from its group. */
import { join } from "node:path";
import { createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { foldsOf, readManifest } from "../train/sounds.ts";
import { classifyAll } from "./classify-all.ts";
import { wilson95 } from "./statistics.ts";

export async function measureNegatives(data: string, modelOf: (fold: number) => Classifier) {
  const tops: { label: string; probability: number; over: boolean }[] = [];
  const rows = readManifest(join(data, "sounds"));
  const folds = foldsOf(rows);
  for (const row of rows) {
    const { channels, sampleRateHz } = await readAudioFile(join(data, "sounds", row.file));
    const model = modelOf(folds.get(row.group)!);
    const heard = await classifyAll(channels[0]!, sampleRateHz, model, createEar);
    const probability = Math.max(0, ...heard.map(({ scores }) => scores.gunshot));
    tops.push({ label: row.label, probability, over: probability >= model.threshold });
  }
  const wrong = tops.filter(({ over }) => over);
  const byLabel: Record<string, string> = {};
  for (const { label } of tops) {
    const all = tops.filter((each) => each.label === label);
    const bad = all.filter(({ over }) => over);
    if (bad.length > 0) byLabel[label] = `${bad.length} of ${all.length}`;
  }
  const rateAt = (t: number) => tops.filter(({ probability }) => probability >= t).length / tops.length;
  return {
    clips: tops.length,
    falsePositives: wrong.length,
    rate: wrong.length / tops.length,
    interval95: wilson95(wrong.length, tops.length),
    byLabel,
    rateAtThreshold: Object.fromEntries([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((t) => [t, rateAt(t)])),
  };
}
