/**
 * What is known of an onset where the sound itself begins or ends: at zero padding, a muted converter, lost samples, a recording's first
 * sample. There is then no noise before it to measure, and none is not the same as no noise: the edge is no arrival, and of a sound that
 * was cut off there nobody knows how much is missing.
 */

/**
 * Live-fire shots whose first 0.25 to 12 ms were replaced by zeros are told as shots almost as often as whole ones (64 to 72 of 73, 72): the onset
 * lies anywhere in the 12 ms before the edge, 12 ms / sqrt(3) from it in RMS, seconds. Of one cut later still nothing here can tell.
 */
export const CUT_OFF_SIGMA_S = 0.007;
/** So near to where the sound begins an onset has nothing before it that it could stand out from, seconds. */
const NOTHING_BEFORE_S = 0.001;
/** From here on the picker measures noise for itself, seconds: it leaves out the last 12 ms before the trigger. */
const NOISE_BEFORE_S = 0.015;
/** Between the two a wave's first milliseconds are this many times as high as the most that lies between the edge and it, or no wave. */
const STANDS_OUT = 4;
const WAVE_S = 0.002;
const GUARD_S = 0.0003;
/** With less sound than this behind it there is no wave that could be timed, seconds. */
const LEAST_BEHIND_S = 0.0003;

/** Index of the first sample after the last hop's worth of exact zeros before `trigger`; 0 where there is none. */
export function soundFrom(window: Float64Array, trigger: number, hop: number): number {
  let zeros = 0;
  for (let i = trigger; i >= 0; i--) {
    zeros = window[i] === 0 ? zeros + 1 : 0;
    if (zeros >= hop) return i + zeros;
  }
  return 0;
}

/**
 * Whether an onset can't be told from the edge that it lies at.
 *
 * @param at the onset, index in the window
 * @param from index of the first sample that is sound: before it lie zeros or nothing; 0 where sound fills the window up to the onset
 * @param hop samples of zeros that are an edge
 */
export function isAtEdge(window: Float64Array, at: number, from: number, hop: number, sampleRateHz: number): boolean {
  if (endsAt(window, at, hop, sampleRateHz)) return true;
  if (from === 0) return false;
  let start = from;
  // The trigger may stand in the last of the zeros.
  while (start < at && window[start] === 0) start++;
  const beforeS = (at - start) / sampleRateHz;
  if (beforeS >= NOISE_BEFORE_S) return false;
  if (beforeS < NOTHING_BEFORE_S) return true;
  const to = Math.floor(at - GUARD_S * sampleRateHz);
  let mean = 0;
  for (let i = start; i < to; i++) mean += window[i]! / (to - start);
  const until = Math.min(window.length, Math.ceil(at + WAVE_S * sampleRateHz));
  return largest(window, Math.round(at), until, mean) < STANDS_OUT * largest(window, start, to, mean);
}

/** Whether zeros begin right behind `at`. */
function endsAt(window: Float64Array, at: number, hop: number, sampleRateHz: number): boolean {
  let zeros = 0;
  const last = Math.ceil(at + LEAST_BEHIND_S * sampleRateHz) + hop;
  for (let i = Math.max(0, Math.round(at)); i < Math.min(window.length, last); i++) {
    zeros = window[i] === 0 ? zeros + 1 : 0;
    if (zeros >= hop) return true;
  }
  return false;
}

function largest(window: Float64Array, from: number, to: number, about: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(window[i]! - about));
  return most;
}
