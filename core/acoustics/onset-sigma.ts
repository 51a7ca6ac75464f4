/**
 * How well one filter times a wave: noise over slope, what the wave's shape leaves open, and how often the wrong peak is taken. The filter
 * with the least is taken; what is then said of the onset is `onset-sigma-stated.ts`.
 */

/** What no kernel takes off: a part of the longer rise, which the wave's own shape leaves open, and a part of a sample. */
const SHAPE_PART = 1.5;
const SAMPLE_PART = 0.035;
/** A wave shorter than the kernel is drawn out by it: a part of the kernel's half width. */
const KERNEL_PART = 0.1;
/** The same of whitened sound, whose peak follows the wave's spectrum as well: that much time besides, seconds. */
const KERNEL_PART_WHITE = 0.2;
const WHITE_S = 0.000015;
/** Sigma of the crossing over noise per slope: a street's noise moves the peak as well as the flank, and is not white. */
const NOISE_PART = 1.65;
/**
 * A dull wave (this mean frequency over the 4 ms after its start, Hz) has mostly come round an edge: earlier, weaker paths may lie
 * under the noise. Fitted on 2200 rendered shots in line of sight and behind buildings, and on blasts in white noise.
 */
const DULL_HZ = 950;
const DULL_WIDTH_HZ = 30;
const DULL_S = 0.004;
const NOISE_PART_DULL = 3.45;
/** Nor does anything know a wave's start better than to 3 mm of its way, seconds. */
const LEAST_S = 0.000008;
/**
 * Below some 14 dB over the noise (dull waves: 17) the wrong peak is taken ever more often, and is then off by this, seconds. In a
 * street's noise, which has waves of its own (smoothed by the widest kernel a third or more of it is left, of white noise a tenth),
 * that ends less soon: fitted on 6500 rendered shots of four samples.
 */
const WRONG_DB = 14;
const WRONG_DB_DULL = 2.5;
const WRONG_PER_DB = { white: 0.4, street: 0.9 };
const WRONG_S = 0.0025;
const LEFT = { white: 0.15, street: 0.25 };

export interface Crossing {
  /** Noise over slope, and how much longer than a sharp wave's the rise is, samples. */
  noise: number;
  longer: number;
  /** Half width of the kernel, samples; whether the sound was whitened. */
  half: number;
  white: boolean;
  snrDb: number;
  /** 0 for a sharp wave to 1 for a dull one. */
  dull: number;
  /** What the widest kernel leaves of the noise. */
  left: number;
}

export function crossingSigmaS(crossing: Crossing, sampleRateHz: number): number {
  const { noise, longer, half, white, snrDb, dull, left } = crossing;
  const noiseS = ((NOISE_PART + NOISE_PART_DULL * dull) * noise) / sampleRateHz;
  const wrongS = wrongPeakS(snrDb - WRONG_DB - WRONG_DB_DULL * dull, left);
  const samples = Math.hypot(SHAPE_PART * longer, SAMPLE_PART, (white ? KERNEL_PART_WHITE : KERNEL_PART) * half);
  return Math.hypot(noiseS, samples / sampleRateHz, wrongS, LEAST_S, white ? WHITE_S : 0);
}

/** 0 for a sharp wave to 1 for a dull one. */
export function dullness(y: Float64Array, at: number, sampleRateHz: number): number {
  let steps = 0;
  let sum = 0;
  const to = Math.min(y.length, at + DULL_S * sampleRateHz);
  for (let i = Math.max(1, Math.round(at)); i < to; i++) {
    steps += (y[i]! - y[i - 1]!) ** 2;
    sum += y[i]! * y[i]!;
  }
  const meanHz = (Math.sqrt(steps / (sum + 1e-30)) * sampleRateHz) / (2 * Math.PI);
  return 1 / (1 + Math.exp((meanHz - DULL_HZ) / DULL_WIDTH_HZ));
}

/** RMS of what the wrong peak is off by, at that many dB over where every second is wrong. */
function wrongPeakS(overDb: number, left: number): number {
  const street = Math.min(1, Math.max(0, (left - LEFT.white) / (LEFT.street - LEFT.white)));
  const perDb = WRONG_PER_DB.white + street * (WRONG_PER_DB.street - WRONG_PER_DB.white);
  return WRONG_S / Math.sqrt(1 + Math.exp(overDb / perDb));
}
