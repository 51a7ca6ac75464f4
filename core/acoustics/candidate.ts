import type { Picked } from "./onset-sigma-stated.ts";

/** One impulse as the ear heard it. */
export interface Candidate {
  /** Arrival of the first wavefront: fractional sample index since the first sample that was pushed (lost samples counted). */
  onsetTick: number;
  /** One sigma of the onset, seconds; the sampling clock's own error is not in it. */
  onsetSigmaS: number;
  /** What that sigma was made of; undefined where nothing stood out of the noise, and where the sound itself begins or ends. */
  onsetPicked?: Picked;
  /** The sound itself begins or ends there (padding, a muted converter, lost samples, a recording's first sample): how much is missing nobody knows. */
  atEdge?: true;
  /** Peak power over 2 ms against the noise before the onset, in the band where the impulse stands out most, dB. */
  snrDb: number;
  /** Largest |sample| within 50 ms of the onset, dB relative to full scale. */
  peakDbFs: number;
  /** How likely this is an echo of an earlier impulse heard within the last 0.5 s. Marked, never dropped. */
  echoProbability: number;
  /** Samples stood at the converter's limit within 50 ms of the onset. */
  clipped: boolean;
}
