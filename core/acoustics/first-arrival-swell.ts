/**
 * Two waves are in question: an earlier one in the sound itself, and a later one that stands out once all that the noise before
 * foretells is taken off. Either the earlier is the first arrival and the later its echo, or it was a swell of wind, unlike the
 * noise before it. A first arrival is an edge and leaves something in whitened sound too; a swell leaves noise.
 */
import type { PickerFilters } from "./picker-filters.ts";
import { probabilityOf } from "./scores.ts";

/** The earlier is looked at in whitened sound from here to there, its smoothing not reaching this near to the later, seconds. */
const FROM_S = 0.0005;
const TO_S = 0.0007;
const SPIKE_S = 0.0005;
const AROUND_S = 0.0004;
const APART_S = 0.0003;
/** Waves less than this apart are one, timed by its first part, seconds. */
const LEAST_GAP_S = 0.0008;
/** Logistic weights, fitted on 669 such pairs of 21,000 rendered shots; twenty-odd of them are judged wrongly. */
const BIAS = 13.5;
const PER_LN_EARLIER = -17.1;
const PER_LN_LATER = 3.83;
/** A later wave less clear than this may itself be noise, sigmas. */
const LEAST_CLEAR = 6.5;
/**
 * Without odds: what stands out in the sound alone was noise if the later is that many times clearer, unsmoothed where the earlier was
 * weak (sigmas), in any filter where it was not. What stands out in whitened sound too is the first arrival, however strong an
 * echo comes behind it, up to this many times (30 dB).
 */
const WEAK_SIGMAS = 5;
const CLEARER = 2.6;
const CLEARER_STRONG = 5;
const ECHO_AT_MOST = 32;

export interface Later {
  /** Index of the wave, and how clear it is, unsmoothed and in the clearest filter, sigmas. */
  at: number;
  sharpest: number;
  clearest: number;
}

/**
 * Whether the earlier was no wave, and sigma of the onset by that either may be it, seconds.
 *
 * @param earlier its index in the window, and how far it stands out of the sound's noise, sigmas
 */
export function judgeSwell(
  filters: PickerFilters,
  earlier: { at: number; sigmas: number },
  later: Later,
  valid: number,
  sampleRateHz: number,
): { isSwell: boolean; doubtS: number } {
  const behind = later.at - APART_S * sampleRateHz;
  const near = Math.max(valid, Math.floor(earlier.at - AROUND_S * sampleRateHz));
  const clearness = filters.clearness(near, earlier.at + SPIKE_S * sampleRateHz, behind);
  const isNoise =
    later.clearest > ECHO_AT_MOST * clearness &&
    (earlier.sigmas < WEAK_SIGMAS
      ? later.sharpest > CLEARER * earlier.sigmas
      : later.clearest > CLEARER_STRONG * earlier.sigmas);
  const gap = later.at - earlier.at;
  const clear = Math.sqrt(later.sharpest * later.clearest);
  if (gap < LEAST_GAP_S * sampleRateHz || clear < LEAST_CLEAR) return { isSwell: isNoise, doubtS: 0 };
  const from = Math.max(valid, earlier.at - FROM_S * sampleRateHz);
  const probability = swellProbability(filters.most(from, earlier.at + TO_S * sampleRateHz, behind), clear);
  return {
    isSwell: isNoise || probability > 0.5,
    doubtS: (Math.sqrt(probability * (1 - probability)) * gap) / sampleRateHz,
  };
}

/**
 * How likely the earlier of two was no wave.
 *
 * @param earlier the most of the earlier in whitened sound, noise sigmas
 * @param later how clear the later is there: the geometric mean of unsmoothed and the clearest filter
 */
export function swellProbability(earlier: number, later: number): number {
  const z = BIAS + PER_LN_EARLIER * Math.log(Math.max(earlier, 0.1)) + PER_LN_LATER * Math.log(Math.max(later, 0.1));
  return probabilityOf(z);
}
