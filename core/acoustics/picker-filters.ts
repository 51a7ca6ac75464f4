/**
 * The sound around a trigger as the picker looks at it: with slow sound taken off in three ways, or with all taken off that the noise
 * before foretells, each smoothed by kernels of several widths.
 */
import { Whitener } from "./whitener.ts";

/** Half widths of the smoothing kernels (triangles), seconds; of whitened sound the first `WHITE` of them. */
const SMOOTHING_S = [0, 0.00009, 0.00018, 0.00036, 0.00072] as const;
const WHITE = 4;
/** Slow sound (wind, engines) is taken off by subtracting the mean of one of these before each sample: a centred mean would fall before the wave comes. */
const SLOW_S = [0.012, 0.004, 0.0015] as const;
/** Sound before the trigger that the picker sees, and the last of it that noise is measured in, seconds. */
const BEFORE_S = 0.06;
const NOISE_S = 0.03;
const AFTER_S = 0.012;
/** Less noise than this does not tell what it foretells, nor how large it gets: three milliseconds hold three values of the widest kernel. */
const LEAST_NOISE_S = 0.02;
/** A weaker first arrival may stand this much before the trigger: what lies before that is noise. */
export const EARLY_S = 0.012;

/** Samples of sound that the picker wants before and after the trigger. */
export function pickerWindow(sampleRateHz: number): { before: number; after: number } {
  return { before: Math.round(BEFORE_S * sampleRateHz), after: Math.round(AFTER_S * sampleRateHz) };
}

export interface Filtered {
  y: Float64Array;
  /** Half width of the smoothing kernel, samples. */
  half: number;
  /** RMS and largest size of the noise before. */
  noise: number;
  loudest: number;
}

/**
 * In whitened sound, which has no slow waves of its own, a wave counts from this many sigmas on (smoothed: more), and this much above
 * all noise before it, which clicks of the street and the converter raise.
 */
const WHITE_SIGMAS = 4.7;
const WHITE_SIGMAS_SMOOTHED = 6.5;
const OVER_LOUDEST = 1.3;
/** What is left of slow sound comes through the smoothing: its noise has that much larger waves for its RMS. */
const SMOOTHED_OVER_SHARP = 1.3;

export function whiteLevel({ half, noise, loudest }: Filtered): number {
  return Math.max((half > 0 ? WHITE_SIGMAS_SMOOTHED : WHITE_SIGMAS) * noise, OVER_LOUDEST * loudest);
}

export class PickerFilters {
  /** The last one whose `half` is 0 has lost most of what is slow. */
  readonly level: Filtered[] = [];
  /** The first is not smoothed. Holds nothing where `whitened` is false: too little noise before the trigger. */
  readonly white: Filtered[] = [];
  whitened = false;
  /** Whether there was as much noise as its RMS and largest size are wanted of in whitened sound. */
  isNoiseKnown = false;
  readonly #rate: number;
  readonly #before: number;
  readonly #mean: Float64Array;
  readonly #sums: Float64Array;
  readonly #whitener: Whitener;

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz;
    const { before, after } = pickerWindow(sampleRateHz);
    this.#before = before;
    this.#mean = new Float64Array(before + after);
    this.#sums = new Float64Array(before + after + 1);
    this.#whitener = new Whitener(before);
    const halves = SMOOTHING_S.map((width) => Math.round(width * sampleRateHz));
    const smoothed = halves.filter((half, i) => i === 0 || half > 0);
    const filtered = (half: number) => ({ y: new Float64Array(before + after), half, noise: 0, loudest: 0 });
    for (let k = 0; k < SLOW_S.length; k++) this.level.push(...smoothed.map(filtered));
    this.white.push(...smoothed.slice(0, smoothed.length - SMOOTHING_S.length + WHITE).map(filtered));
  }

  /** @param valid index of the first sample of `window` that is sound. */
  run(window: Float64Array, valid: number): void {
    const widths = this.level.length / SLOW_S.length;
    const noiseTo = this.#before - Math.round(EARLY_S * this.#rate);
    SLOW_S.forEach((slow, k) => {
      this.#meanBefore(window, Math.round(slow * this.#rate), valid);
      const { y } = this.level[k * widths]!;
      for (let i = 0; i < window.length; i++) y[i] = i < valid ? 0 : window[i]! - this.#mean[i]!;
      this.#smooth(this.level, k * widths, widths, valid, noiseTo);
    });
    const [sharp] = this.white;
    const noiseS = (noiseTo - valid) / this.#rate;
    this.isNoiseKnown = noiseS >= NOISE_S;
    this.whitened = noiseS >= LEAST_NOISE_S && this.#whitener.whiten(window, sharp!.y, valid, noiseTo);
    this.isNoiseKnown &&= this.whitened;
    if (this.whitened) this.#smooth(this.white, 0, this.white.length, this.#whitener.from(valid), noiseTo);
  }

  /** How clear something is in whitened sound from one index to another, no kernel reaching to `behind`, sigmas; 0 where nothing stands out: a swell of wind. */
  clearness(from: number, to: number, behind: number): number {
    let most = 0;
    for (const each of this.white) {
      let peak = whiteLevel(each);
      const last = Math.min(each.y.length - 1, to + each.half, behind - 2 * each.half);
      for (let i = Math.max(0, from - each.half); i <= last; i++) {
        if (Math.abs(each.y[i]!) <= peak) continue;
        peak = Math.abs(each.y[i]!);
        most = Math.max(most, peak / each.noise);
      }
    }
    return most;
  }

  /** The most that stands between two indexes in whitened sound, no kernel reaching to `behind`, noise sigmas as of unsmoothed sound. */
  most(from: number, to: number, behind: number): number {
    let most = 0;
    for (const { y, half, noise } of this.white) {
      const unit = half > 0 ? SMOOTHED_OVER_SHARP * noise : noise;
      const last = Math.min(y.length - 1, to + half, behind - 2 * half);
      for (let i = Math.max(0, Math.floor(from - half)); i <= last; i++) most = Math.max(most, Math.abs(y[i]!) / unit);
    }
    return most;
  }

  /** The first of `count` filters smoothed into the others, and the noise of all. */
  #smooth(filters: readonly Filtered[], first: number, count: number, valid: number, noiseTo: number): void {
    const { y: sharp } = filters[first]!;
    const noiseFrom = Math.max(valid, noiseTo - Math.round(NOISE_S * this.#rate));
    for (let k = first; k < first + count; k++) {
      const each = filters[k]!;
      if (k > first) {
        this.#boxcar(sharp, each.y, each.half, valid);
        this.#boxcar(each.y, each.y, each.half, valid);
      }
      let sum = 0;
      each.loudest = 0;
      for (let i = noiseFrom; i < noiseTo; i++) {
        sum += each.y[i]! * each.y[i]!;
        each.loudest = Math.max(each.loudest, Math.abs(each.y[i]!));
      }
      each.noise = Math.max(1e-7, noiseTo > noiseFrom ? Math.sqrt(sum / (noiseTo - noiseFrom)) : 0);
    }
  }

  /** Mean of the `count` samples before each. */
  #meanBefore(from: Float64Array, count: number, valid: number): void {
    const sums = this.#sums;
    sums[0] = 0;
    for (let i = 0; i < from.length; i++) {
      sums[i + 1] = sums[i]! + from[i]!;
      const a = Math.max(Math.min(valid, i), i - count);
      this.#mean[i] = i > a ? (sums[i]! - sums[a]!) / (i - a) : 0;
    }
  }

  /** Centred mean over 2 * half + 1 samples. `from` and `to` may be the same. */
  #boxcar(from: Float64Array, to: Float64Array, half: number, valid: number): void {
    const sums = this.#sums;
    sums[0] = 0;
    for (let i = 0; i < from.length; i++) sums[i + 1] = sums[i]! + from[i]!;
    for (let i = 0; i < from.length; i++) {
      const a = Math.max(Math.min(valid, i), i - half);
      const b = Math.min(from.length, i + half + 1);
      to[i] = (sums[b]! - sums[a]!) / (b - a);
    }
  }
}
