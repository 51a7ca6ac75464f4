/** How likely a pick is some other wave than the first, by what can be seen of it: how clear it is, and what stands before it. */
import type { PickerFilters } from "./picker-filters.ts";
import { probabilityOf } from "./scores.ts";

/** The wave itself is looked at from here to there around its start, seconds. */
const WAVE_FROM_S = -0.0003;
const WAVE_TO_S = 0.001;
/** What it is likened to what came before by, and how much earlier that was, seconds. */
const SHAPE_FROM_S = -0.0002;
const SHAPE_S = 0.0015;
const EARLIER_S = { least: 0.0006, most: 0.012 };
/** Samples that a whitened sound is short of at its start. */
const WHITE_START = 14;
/** Something this clear in the last 3 ms before the wave is rather a wave than noise, sigmas: 14 of 15 picks of 9 to 12 sigmas that were late had it. */
const BEFORE_SIGMAS = 3.4;
const BEFORE_WIDTH = 0.15;
/** Logistic weights, fitted on 47,000 picks of rendered shots. */
const BIAS = 6.06;
const PER_BEFORE = 4.02;
const PER_LN_CLEAR = -4.12;
const PER_LN_LEVEL = -0.55;
const PER_LN_WHITE = -2.47;
const PER_LN_LIKENESS = 2.43;
/**
 * A pick this much behind the trigger: something before it had triggered, at 2 hops' distance. Of 700 such picks of rendered shots nine of ten below 10
 * noise sigmas were a later wave, two of three of 12, a quarter of 19, two in a hundred of 40.
 */
const BEHIND_S = { least: 0.0023, most: 0.005 };
const BEHIND_SIGMAS = 14;
const BEHIND_POWER = 3.5;
/** Below these nothing is clearer or less like. */
const LEAST = { clear: 1.5, level: 1.5, white: 2, likeness: 0.03 };

/**
 * @param at the pick, samples
 * @param clear how clear it is in the filter where it stands out most, noise sigmas
 * @param before the clearest in whitened sound within 3 ms before it, noise sigmas
 * @param trigger what the ear had heard before it looked, samples
 * @param valid index of the first sample that is sound
 */
export function wrongWaveProbability(
  filters: PickerFilters,
  { at, clear, before, trigger, valid }: { at: number; clear: number; before: number; trigger: number; valid: number },
  sampleRateHz: number,
): number {
  const from = Math.max(valid, Math.round(at + WAVE_FROM_S * sampleRateHz));
  const to = Math.round(at + WAVE_TO_S * sampleRateHz);
  const sharp = filters.level.findLast((each) => each.half === 0)!;
  const level = largest(sharp.y, from, to) / sharp.noise;
  const [whitened] = filters.white;
  const white = filters.whitened ? largest(whitened!.y, from, to) / whitened!.noise : 0;
  const like = filters.whitened ? likenessBefore(whitened!.y, at, valid + WHITE_START, sampleRateHz) : 0;
  const seen = wrongProbability({ clear, before, level, white, like });
  return 1 - (1 - seen) * (1 - behindProbability(clear, (at - trigger) / sampleRateHz));
}

/** How likely a pick that much behind its trigger is a later wave. */
export function behindProbability(clear: number, behindS: number): number {
  if (behindS < BEHIND_S.least || behindS > BEHIND_S.most) return 0;
  return 1 / (1 + (Math.max(clear, LEAST.clear) / BEHIND_SIGMAS) ** BEHIND_POWER);
}

/** @param like largest part of the wave that something in the 12 ms before it is alike to */
export function wrongProbability(seen: { clear: number; before: number; level: number; white: number; like: number }) {
  return probabilityOf(
    BIAS +
      PER_BEFORE * probabilityOf((seen.before - BEFORE_SIGMAS) / BEFORE_WIDTH) +
      PER_LN_CLEAR * Math.log(Math.max(seen.clear, LEAST.clear)) +
      PER_LN_LEVEL * Math.log(Math.max(seen.level, LEAST.level)) +
      PER_LN_WHITE * Math.log(Math.max(seen.white, LEAST.white)) +
      PER_LN_LIKENESS * Math.log(10 * Math.max(seen.like, LEAST.likeness)),
  );
}

function largest(y: Float64Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < Math.min(y.length, to); i++) most = Math.max(most, Math.abs(y[i]!));
  return most;
}

/** The wave's first 1.5 ms fitted to what came 0.6 to 12 ms earlier: the largest factor (a matched filter). */
function likenessBefore(y: Float64Array, at: number, valid: number, sampleRateHz: number): number {
  const from = Math.round(at + SHAPE_FROM_S * sampleRateHz);
  const count = Math.min(Math.round(SHAPE_S * sampleRateHz), y.length - from);
  let energy = 1e-30;
  for (let k = 0; k < count; k++) energy += y[from + k]! * y[from + k]!;
  const most = Math.min(from - valid, Math.round(EARLIER_S.most * sampleRateHz));
  let best = 0;
  for (let lag = Math.round(EARLIER_S.least * sampleRateHz); lag < most; lag++) {
    let dot = 0;
    for (let k = 0; k < count; k++) dot += y[from + k]! * y[from - lag + k]!;
    best = Math.max(best, Math.abs(dot));
  }
  return best / energy;
}
