/**
 * What is said of an onset's error once a pick is made: how well the wave is timed, if it is the first, and by how much it would be off
 * if it is not.
 *
 * Fitted on 47,000 picks of rendered shots (58 samples of 1000) by least mean of ln v + e^2 / v + 0.03 (e^2 / v)^2, with v the square of
 * sigma, e the error: a Gaussian's likelihood, and a price on errors of many sigmas, as nothing foretells every wrong wave. All parts
 * together then were scaled so that error over sigma is 0.97 in RMS, and 1.2 in waves of 30 noise sigmas and more, which have no wrong ones to
 * balance.
 */
import type { WaveSeen } from "./onset-wrong.ts";

/** Nothing stood out and the trigger itself is told, seconds. */
export const NOTHING_S = 0.007;
/** What the sharp filter or whitened sound says this much apart from the pick is another wave, seconds. */
const SAME_WAVE_S = 0.0004;

export interface StatedWeights {
  /** Parts of noise over slope, of the longer rise, and of half the kernel, which draws a short wave out. */
  noise: number;
  longer: number;
  kernel: number;
  /** Parts of how far the filters are apart, of what the sharp one says differs from the pick, and of how much earlier whitened sound has it. */
  apart: number;
  fromSharp: number;
  early: number;
  /** Of a dull wave, and of any, as nothing knows a wave's start better, seconds. */
  dullS: number;
  leastS: number;
  /** A wrong wave is off by this, seconds, and what faintly stands before the pick by this part of what that is earlier. */
  wrongS: number;
  hint: number;
  /** Of a wave of 7.4 noise sigmas this is left open by what cannot be seen, the less the clearer, by the third power; of a blunt one of 20 this, by the first; seconds. */
  unseenS: number;
  unseenBluntS: number;
}

/** By `models/measure/fit-onset-sigma.ts`. */
export const STATED: StatedWeights = {
  noise: 0.42,
  longer: 1.01,
  kernel: 0.167,
  apart: 0.066,
  fromSharp: 0.535,
  early: 0.184,
  dullS: 0.0000098,
  leastS: 0.000005,
  wrongS: 0.00435,
  hint: 0.81,
  unseenS: 0.0002,
  unseenBluntS: 0.00012,
};
const UNSEEN = { sigmas: 7.4, power: 3 };
const UNSEEN_BLUNT_SIGMAS = 20;

export interface Picked {
  /** Noise over slope, longer rise and half the kernel (0: whitened sound), samples; 0 for a sharp wave to 1 for a dull one. */
  crossing: { noise: number; longer: number; half: number; dull: number };
  /** RMS of the filters' times about their mean, what the sharp one is off, how much earlier whitened sound has it, samples. */
  apart: number;
  fromSharp: number;
  early: number;
  /** How clear it is in the filter where it stands out most, noise sigmas. */
  clear: number;
  /** Much clearer smoothed than sharp: most such have come round an edge. */
  isBlunt: boolean;
  /** What can be seen of whether it is another wave than the first, and the probability that follows. */
  wave: WaveSeen;
  wrong: number;
  /** Sigma by what faintly stands before it, seconds. */
  hintS: number;
}

export function statedSigmaS(picked: Picked, sampleRateHz: number, weights = STATED): number {
  const { crossing, apart, fromSharp, early, clear, isBlunt, wrong, hintS } = picked;
  const samples = Math.hypot(
    weights.noise * crossing.noise,
    weights.longer * crossing.longer,
    weights.kernel * crossing.half,
    weights.apart * apart,
    weights.fromSharp * Math.min(fromSharp, SAME_WAVE_S * sampleRateHz),
    early > 0 && early < SAME_WAVE_S * sampleRateHz ? weights.early * early : 0,
  );
  const sigmas = Math.max(clear, 1.5);
  return Math.hypot(
    samples / sampleRateHz,
    weights.leastS,
    weights.dullS * crossing.dull,
    Math.sqrt(wrong) * weights.wrongS,
    weights.hint * hintS,
    weights.unseenS * (UNSEEN.sigmas / sigmas) ** UNSEEN.power,
    isBlunt ? (weights.unseenBluntS * UNSEEN_BLUNT_SIGMAS) / sigmas : 0,
  );
}

/** How far several times of one wave are apart, each counting by how well it is known. */
export class Spread {
  readonly #about: number;
  #weights = 0;
  #first = 0;
  #second = 0;

  /** @param about one of them, roughly */
  constructor(about: number) {
    this.#about = about;
  }

  add(at: number, sigmaS: number): void {
    const weight = 1 / Math.max(sigmaS, 1e-5) ** 2;
    const off = at - this.#about;
    this.#weights += weight;
    this.#first += weight * off;
    this.#second += weight * off * off;
  }

  get samples(): number {
    const mean = this.#first / this.#weights;
    return Math.sqrt(Math.max(0, this.#second / this.#weights - mean * mean));
  }
}
