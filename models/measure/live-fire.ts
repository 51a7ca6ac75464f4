/** Recall, timing and surplus arrivals on the live-fire recordings, each position with a model that has not learned from it. */
import { join } from "node:path";
import { createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { listPulses, recordings } from "../train/pittsburgh.ts";
import { classifyAll } from "./classify-all.ts";
import { quantile } from "./statistics.ts";

/** A gunshot arrival this near to the vendor's is the same, seconds. */
const SAME_S = 0.02;

export async function measureLiveFire(data: string, modelOf: (fold: number) => Classifier) {
  let pulses = 0;
  let detected = 0;
  let hit = 0;
  let files = 0;
  let others = 0;
  let othersNotEcho = 0;
  const errorsS: number[] = [];
  const positions: Record<string, [number, number]> = {};
  for (const recording of recordings(join(data, "pittsburgh"))) {
    const { channels, sampleRateHz } = await readAudioFile(recording.wav);
    const model = modelOf(Number(recording.position.slice(2)) - 1);
    const heard = await classifyAll(channels[0]!, sampleRateHz, model, createEar);
    const shots = heard.filter(({ scores }) => scores.gunshot >= model.threshold);
    const grouped = listPulses(recording).filter((pulse) => pulse.grouped);
    files++;
    for (const pulse of grouped.filter(({ snrDb }) => snrDb >= 6)) {
      const near = ({ onsetS }: { onsetS: number }) => Math.abs(onsetS - pulse.atS) < SAME_S;
      const tally = (positions[recording.position] ??= [0, 0]);
      pulses++;
      tally[1]++;
      if (heard.some(near)) detected++;
      const shot = shots
        .filter(near)
        .sort((a, b) => Math.abs(a.onsetS - pulse.atS) - Math.abs(b.onsetS - pulse.atS))[0];
      if (!shot) continue;
      hit++;
      tally[0]++;
      if (pulse.snrDb >= 15) errorsS.push(shot.onsetS - pulse.atS);
    }
    // A pulse of the vendor's below 6 dB is a shot all the same.
    const surplus = shots.filter(({ onsetS }) => !grouped.some(({ atS }) => Math.abs(atS - onsetS) < SAME_S));
    others += surplus.length;
    othersNotEcho += surplus.filter(({ candidate }) => candidate.echoProbability < 0.5).length;
  }
  const biasS = quantile(errorsS, 0.5);
  const off = errorsS.map((error) => Math.abs(error - biasS));
  return {
    recordings: files,
    pulses,
    detectedByEar: detected / pulses,
    recall: hit / pulses,
    recallByPosition: Object.fromEntries(Object.entries(positions).map(([k, [a, b]]) => [k, a / b])),
    onset: {
      pulsesOf15Db: errorsS.length,
      biasMs: biasS * 1000,
      within2Ms: off.filter((error) => error <= 0.002).length / off.length,
      p95Ms: quantile(off, 0.95) * 1000,
      medianMs: quantile(off, 0.5) * 1000,
    },
    otherArrivalsPerRecording: others / files,
    otherArrivalsPerRecordingNotMarkedEcho: othersNotEcho / files,
  };
}
