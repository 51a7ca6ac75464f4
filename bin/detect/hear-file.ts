/** What the detector and the classifier make of one sound file. */
import type { Scores } from "#contract/shot.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import type { Classifier } from "#edge-agent/ports.ts";

export interface Detection {
  file: string;
  onsetS: number;
  onsetSigmaS: number;
  gunshot: boolean;
  probability: number;
  echoProbability: number;
  scores: Scores;
  snrDb: number;
  peakDbFs: number;
  clipped: boolean;
  /** Index of the channel listened to: the one with most energy. */
  channel: number;
}

export interface HeardFile {
  file: string;
  samples: Float32Array;
  sampleRateHz: number;
  detections: Detection[];
  /** Samples that the file should have, where it is cut short. */
  cutOf?: number;
}

/** Throws `Fault` (input) where the file cannot be read. */
export async function hearFile(file: string, classifier: Classifier): Promise<HeardFile> {
  const { channels, sampleRateHz, cutOf } = await readAudioFile(file);
  const channel = loudest(channels);
  const samples = channels[channel]!;
  const candidates: Candidate[] = [];
  const ear = createEar({ sampleRateHz, onCandidate: (candidate) => candidates.push(candidate) });
  for (let i = 0; i < samples.length; i += 4096) ear.push(samples.subarray(i, i + 4096));
  ear.flush();
  const detections: Detection[] = [];
  for (const { onsetTick, onsetSigmaS, snrDb, peakDbFs, echoProbability, clipped } of candidates) {
    const from = Math.max(0, Math.floor(onsetTick - CLIP_BEFORE_S * sampleRateHz));
    const clip = samples.subarray(from, Math.ceil(onsetTick + CLIP_AFTER_S * sampleRateHz));
    const scores = await classifier.classify(clip, sampleRateHz, (onsetTick - from) / sampleRateHz);
    detections.push({
      file,
      onsetS: onsetTick / sampleRateHz,
      onsetSigmaS,
      gunshot: scores.gunshot >= classifier.threshold,
      probability: scores.gunshot,
      echoProbability,
      scores,
      snrDb,
      peakDbFs,
      clipped,
      channel,
    });
  }
  return { file, samples, sampleRateHz, detections, ...(cutOf !== undefined && { cutOf }) };
}

function loudest(channels: readonly Float32Array[]): number {
  let best = 0;
  let most = -1;
  channels.forEach((samples, index) => {
    let energy = 0;
    for (const x of samples) energy += x * x;
    if (energy > most) [best, most] = [index, energy];
  });
  return best;
}
