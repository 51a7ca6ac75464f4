/** Brings a clip to the classifier's rate with its onset on an exact sample, by windowed-sinc interpolation (Smith and Gossett, ICASSP 1984). */

/** What the classifier hears: mono, 12 kHz (all sensors known reach it), 1.9 s with the onset at `ONSET_SAMPLE`. */
export const MODEL_RATE_HZ = 12000;
export const MODEL_SAMPLES = 22800;
export const ONSET_SAMPLE = 12600;

/** Zero crossings of the sinc on either side, and table steps between two of them. */
const CROSSINGS = 8;
const STEPS = 128;
/** Part of the narrower Nyquist band that passes. */
const PASS = 0.92;

const table = (() => {
  const out = new Float64Array(CROSSINGS * STEPS + 2);
  for (let i = 0; i <= CROSSINGS * STEPS; i++) {
    const x = i / STEPS;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    out[i] = sinc * Math.cos((Math.PI * x) / (2 * CROSSINGS)) ** 2;
  }
  return out;
})();

/**
 * @param clip samples at `sampleRateHz`, onset at `onsetS` from the first; what lies outside it is zero, as is what it begins or ends with
 *   where the ring held nothing
 * @param out filled with samples at `MODEL_RATE_HZ`, onset at `onsetSample`, the mean of what the clip holds there taken off
 */
export function resampleClip(
  clip: Float32Array,
  sampleRateHz: number,
  onsetS: number,
  out: Float32Array,
  onsetSample = ONSET_SAMPLE,
): void {
  const step = sampleRateHz / MODEL_RATE_HZ;
  // Cut-off in cycles per input sample times two: 1 is the input's Nyquist.
  const cut = PASS * Math.min(1, 1 / step);
  const half = CROSSINGS / cut;
  const begin = onsetS * sampleRateHz - onsetSample * step;
  let first = Math.max(0, Math.ceil(begin - half));
  let end = Math.min(clip.length, Math.floor(begin + out.length * step + half));
  while (first < end && clip[first] === 0) first++;
  while (end > first && clip[end - 1] === 0) end--;
  // A converter's offset would count as loudness: the network takes the largest sample for 1. Where the sound begins it would be a step.
  let mean = 0;
  for (let k = first; k < end; k++) mean += clip[k]!;
  mean /= Math.max(1, end - first);
  for (let i = 0; i < out.length; i++) {
    const at = begin + i * step;
    const from = Math.max(first, Math.ceil(at - half));
    const to = Math.min(end - 1, Math.floor(at + half));
    let sum = 0;
    for (let k = from; k <= to; k++) {
      const x = Math.abs(k - at) * cut * STEPS;
      const j = x | 0;
      sum += (clip[k]! - mean) * (table[j]! + (x - j) * (table[j + 1]! - table[j]!));
    }
    out[i] = sum * cut;
  }
}
