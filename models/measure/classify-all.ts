/** Ear, classifier and crowd over one sound, as a node has them. */
import type { Scores } from "#contract/shot.ts";
import { Crowd } from "#core/acoustics/crowd.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, type createEar } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";

export interface Classified {
  candidate: Candidate;
  onsetS: number;
  scores: Scores;
}

export async function classifyAll(
  samples: Float32Array,
  sampleRateHz: number,
  classifier: Classifier,
  ears: typeof createEar,
): Promise<Classified[]> {
  const candidates: Candidate[] = [];
  const ear = ears({ sampleRateHz, onCandidate: (candidate) => candidates.push(candidate) });
  for (let i = 0; i < samples.length; i += 1024) ear.push(samples.subarray(i, i + 1024));
  ear.flush();
  const out: Classified[] = [];
  const crowd = new Crowd(classifier.crowd);
  for (const candidate of candidates) {
    const from = Math.max(0, Math.floor(candidate.onsetTick - CLIP_BEFORE_S * sampleRateHz));
    const clip = samples.subarray(from, Math.ceil(candidate.onsetTick + CLIP_AFTER_S * sampleRateHz));
    const alone = await classifier.classify(clip, sampleRateHz, (candidate.onsetTick - from) / sampleRateHz);
    const onsetS = candidate.onsetTick / sampleRateHz;
    out.push({ candidate, onsetS, scores: crowd.judge(onsetS, candidate.peakDbFs, alone).scores });
  }
  return out;
}
