/**
 * The ear: sound in, impulses out. One per microphone channel.
 *
 *   const ear = createEar({ sampleRateHz: 16000, onCandidate: (candidate) => { ... } });
 *   ear.push(samples);          // any block length; allocates nothing; calls back from within
 *   ear.skip(lostSamples);      // an overrun: keeps `onsetTick` true, listens afresh afterwards
 *   ear.flush();                // end of a file: hands out what is still waiting for its sound
 *   ear.clip(fromTick, out);    // copies sound out of the ring, at most MAX_CLIP_S
 *
 * A candidate is handed out, in order of onset, once `holdS` of sound after its onset has been pushed
 * (default: what the classifier wants to hear), so inside the callback
 *
 *   const beforeS = CLIP_BEFORE_S, out = new Float32Array(Math.round((CLIP_BEFORE_S + CLIP_AFTER_S) * rate));
 *   const from = Math.round(candidate.onsetTick) - Math.round(CLIP_BEFORE_S * rate);
 *   ear.clip(from, out);
 *   await classifier.classify(out, rate, (candidate.onsetTick - from) / rate);
 *
 * UTC of an onset: the frame's `utcNs` and `tick` plus (onsetTick - tick) / rate. `onsetTick` counts from the first
 * `push`, so add the device's tick of that first sample.
 */
export type { Candidate } from "./candidate.ts";

/** Sound before and after an onset that the classifier wants; shorter clips are padded by it. */
export const CLIP_BEFORE_S = 0.15;
export const CLIP_AFTER_S = 0.85;
/** No clip taken from the ring is longer. */
export const MAX_CLIP_S = 2;
