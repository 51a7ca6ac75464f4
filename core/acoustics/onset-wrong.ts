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
export interface WrongWeights {
  bias: number;
  before: number;
  lnClear: number;
  lnLevel: number;
  lnWhite: number;
  lnLike: number;
}

/** Of the logistic of `wrongProbability`, by `models/measure/fit-onset-sigma.ts`. */
export const WRONG: WrongWeights = {
  bias: 6.06,
  before: 4.02,
  lnClear: -4.12,
  lnLevel: -0.55,
  lnWhite: -2.47,
  lnLike: 2.43,
};
/**
 * A pick this much behind the trigger: something before it had triggered, at 2 hops' distance. Of 700 such picks of rendered shots nine of ten below 10
 * noise sigmas were a later wave, two of three of 12, a quarter of 19, two in a hundred of 40.
 */
const BEHIND_S = { least: 0.0023, most: 0.005 };
const BEHIND_SIGMAS = 14;
const BEHIND_POWER = 3.5;
/** Below these nothing is clearer or less like. */
const LEAST = { clear: 1.5, level: 1.5, white: 2, likeness: 0.03 };

/** What can be seen of a pick; clearness and levels in noise sigmas. */
export interface WaveSeen {
  /** How clear it is in the filter where it stands out most. */
  clear: number;
  /** The clearest in whitened sound within 3 ms before it. */
  before: number;
  /** The most of its first millisecond, in the sound and in whitened sound (0: there is none). */
  level: number;
  white: number;
  /** Largest part of the wave that something in the 12 ms before it is alike to. */
  like: number;
  /** How far behind its trigger it lies, seconds. */
  behindS: number;
}

/**
 * @param at the pick, samples
 * @param trigger what the ear had heard before it looked, samples
 * @param valid index of the first sample that is sound
 */
export function seeWave(
  filters: PickerFilters,
  { at, clear, before, trigger, valid }: { at: number; clear: number; before: number; trigger: number; valid: number },
  sampleRateHz: number,
): WaveSeen {
  const from = Math.max(valid, Math.round(at + WAVE_FROM_S * sampleRateHz));
  const to = Math.round(at + WAVE_TO_S * sampleRateHz);
  const sharp = filters.level.findLast((each) => each.half === 0)!;
  const level = largest(sharp.y, from, to) / sharp.noise;
  const [whitened] = filters.white;
  const white = filters.whitened ? largest(whitened!.y, from, to) / whitened!.noise : 0;
  const like = filters.whitened ? likenessBefore(whitened!.y, at, valid + WHITE_START, sampleRateHz) : 0;
  return { clear, before, level, white, like, behindS: (at - trigger) / sampleRateHz };
}

export function wrongWaveProbability(seen: WaveSeen, weights = WRONG): number {
  return 1 - (1 - wrongProbability(seen, weights)) * (1 - behindProbability(seen.clear, seen.behindS));
}

/** How likely a pick that much behind its trigger is a later wave. */
export function behindProbability(clear: number, behindS: number): number {
  if (behindS < BEHIND_S.least || behindS > BEHIND_S.most) return 0;
  return 1 / (1 + (Math.max(clear, LEAST.clear) / BEHIND_SIGMAS) ** BEHIND_POWER);
}

export function wrongProbability(seen: Omit<WaveSeen, "behindS">, weights = WRONG): number {
  const { before, lnClear, lnLevel, lnWhite, lnLike } = wrongSeen(seen);
  return probabilityOf(
    weights.bias +
      weights.before * before +
      weights.lnClear * lnClear +
      weights.lnLevel * lnLevel +
      weights.lnWhite * lnWhite +
      weights.lnLike * lnLike,
  );
}

/** What the weights weigh. */
export function wrongSeen(seen: Omit<WaveSeen, "behindS">): Omit<WrongWeights, "bias"> {
  return {
    before: probabilityOf((seen.before - BEFORE_SIGMAS) / BEFORE_WIDTH),
    lnClear: Math.log(Math.max(seen.clear, LEAST.clear)),
    lnLevel: Math.log(Math.max(seen.level, LEAST.level)),
    lnWhite: Math.log(Math.max(seen.white, LEAST.white)),
    lnLike: Math.log(10 * Math.max(seen.like, LEAST.likeness)),
  };
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
