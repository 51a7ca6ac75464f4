/** What the detector and the classifier make of one sound file. */
import type { Company } from "#contract/company.ts";
import type { Scores } from "#contract/shot.ts";
import { Crowd } from "#core/acoustics/crowd.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, createEar } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { firstSound } from "./first-sound.ts";
import { type PreparedSound, prepareSound } from "./prepare-sound.ts";

export interface Detection {
  file: string;
  onsetS: number;
  onsetSigmaS: number;
  gunshot: boolean;
  probability: number;
  echoProbability: number;
  scores: Scores;
  /** What the impulses before it had to say in that, where the model's card weighs them. */
  company?: Company;
  snrDb: number;
  peakDbFs: number;
  clipped: boolean;
  /** The sound itself begins or ends there, as at zero padding: no arrival, or one of which nobody knows how much is missing before it. */
  atEdge?: true;
  /** The recording begins with it and has no quiet of its own: `snrDb` is against one that was put before it. */
  begins?: true;
  /** Index of the channel listened to, from 0. */
  channel: number;
}

export interface HeardFile extends PreparedSound {
  file: string;
  detections: Detection[];
}

/** @param asked the channel to be heard, from 0; undefined: that with the loudest impulse. Throws `Fault` (input) where the file cannot be read. */
export async function hearFile(file: string, classifier: Classifier, asked?: number): Promise<HeardFile> {
  const sound = await prepareSound(file, asked);
  const { samples, sampleRateHz, channel } = sound;
  const candidates: Candidate[] = [];
  const ear = createEar({ sampleRateHz, onCandidate: (candidate) => candidates.push(candidate) });
  for (let i = 0; i < samples.length; i += 4096) ear.push(samples.subarray(i, i + 4096));
  ear.flush();
  const first = firstSound(samples, sampleRateHz, candidates);
  if (first) candidates.unshift(first);
  const detections: Detection[] = [];
  const crowd = new Crowd(classifier.crowd);
  for (const candidate of candidates) {
    const { onsetTick, onsetSigmaS, snrDb, peakDbFs, echoProbability, clipped } = candidate;
    const from = Math.max(0, Math.floor(onsetTick - CLIP_BEFORE_S * sampleRateHz));
    const clip = samples.subarray(from, Math.ceil(onsetTick + CLIP_AFTER_S * sampleRateHz));
    const alone = await classifier.classify(clip, sampleRateHz, (onsetTick - from) / sampleRateHz);
    const { scores, company } = crowd.judge(onsetTick / sampleRateHz, peakDbFs, alone);
    detections.push({
      file,
      onsetS: onsetTick / sampleRateHz,
      onsetSigmaS,
      gunshot: scores.gunshot >= classifier.threshold,
      probability: scores.gunshot,
      echoProbability,
      scores,
      ...(company && { company }),
      snrDb,
      peakDbFs,
      clipped,
      ...(candidate.atEdge && { atEdge: true }),
      ...(candidate === first && { begins: true }),
      channel,
    });
  }
  return { ...sound, file, detections };
}
