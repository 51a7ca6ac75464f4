/**
 * What is said of an onset's error once a pick is made: how well the wave is timed, if it is the first, and by how much it would be off
 * if it is not.
 *
 * Fitted on 47,000 picks of rendered shots (58 samples of 1000) by least mean of ln v + e^2 / v + 0.03 (e^2 / v)^2, with v the square of
 * sigma, e the error: a Gaussian's likelihood, and a price on errors of many sigmas, as nothing foretells every wrong wave. All parts
 * together then were scaled so that error over sigma is 0.97 in RMS, and 1.2 in waves of 30 noise sigmas and more, which have no wrong ones to
 * balance.
 */

/** Nothing stood out and the trigger itself is told, seconds. */
export const NOTHING_S = 0.007;
/** Nor does anything know a wave's start better, seconds. */
const LEAST_S = 0.000005;
/** Parts of noise over slope, of the longer rise, of half the kernel, which draws a short wave out, and of a dull wave, seconds. */
const NOISE_PART = 0.42;
const LONGER_PART = 1.01;
const KERNEL_PART = 0.167;
const DULL_S = 0.0000098;
/** Of how far the filters are apart, what the sharp one says differs from the pick, and whitened sound is earlier; of more than 0.4 ms it is another wave. */
const APART_PART = 0.066;
const FROM_SHARP_PART = 0.535;
const EARLY_PART = 0.184;
const SAME_WAVE_S = 0.0004;
/** A wrong wave is off by this, seconds, and what faintly stands before the pick by this part of what that is earlier. */
const WRONG_S = 0.00435;
const HINT_PART = 0.81;
/** Of a wave this clear (noise sigmas) this is left open by what cannot be seen, seconds, the less the clearer: by the third power, of a blunt one by the first. */
const UNSEEN = { sigmas: 7.4, s: 0.0002, power: 3 };
const UNSEEN_BLUNT = { sigmas: 20, s: 0.00012 };

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
  /** Probability that it is another wave than the first. */
  wrong: number;
  /** Sigma by what faintly stands before it, seconds. */
  hintS: number;
}

export function statedSigmaS(picked: Picked, sampleRateHz: number): number {
  const { crossing, apart, fromSharp, early, clear, isBlunt, wrong, hintS } = picked;
  const samples = Math.hypot(
    NOISE_PART * crossing.noise,
    LONGER_PART * crossing.longer,
    KERNEL_PART * crossing.half,
    APART_PART * apart,
    FROM_SHARP_PART * Math.min(fromSharp, SAME_WAVE_S * sampleRateHz),
    early > 0 && early < SAME_WAVE_S * sampleRateHz ? EARLY_PART * early : 0,
  );
  const sigmas = Math.max(clear, 1.5);
  return Math.hypot(
    samples / sampleRateHz,
    LEAST_S,
    DULL_S * crossing.dull,
    Math.sqrt(wrong) * WRONG_S,
    HINT_PART * hintS,
    UNSEEN.s * (UNSEEN.sigmas / sigmas) ** UNSEEN.power,
    isBlunt ? (UNSEEN_BLUNT.s * UNSEEN_BLUNT.sigmas) / sigmas : 0,
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
