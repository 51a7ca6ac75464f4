/**
 * The instant of the first wavefront, to a fraction of a sample, with its sigma.
 *
 * A wavefront is timed where it crosses half of its first peak (constant fraction): its amplitude then does not matter,
 * nor does whatever comes after the peak, such as a stronger echo. The record is smoothed by several zero-phase
 * kernels; the one that times it best wins, by noise over slope as for any level crossing
 * (Bendat and Piersol, "Random data", on zero crossings of a signal in noise).
 */
import { judgeSwell } from "./first-arrival-swell.ts";
import { crossingSigmaS, dullness } from "./onset-sigma.ts";
import { BLUNT, onsetHint } from "./onset-sigma-hint.ts";
import { NOTHING_S, type Picked, Spread, statedSigmaS } from "./onset-sigma-stated.ts";
import { seeWave, wrongWaveProbability } from "./onset-wrong.ts";
import { EARLY_S, type Filtered, PickerFilters, pickerWindow, whiteLevel } from "./picker-filters.ts";

export { pickerWindow } from "./picker-filters.ts";

/** The trigger stands this near to its wave, seconds. */
const TRIGGER_FROM_S = 0.0035;
const TRIGGER_TO_S = 0.004;
/** What counts as the wave, and as a weaker one before it: noise sigmas, and part of the strongest near the trigger. */
const WAVE_SIGMAS = 4;
const WAVE_PART = 0.35;
/** A step that small before the strongest, as a wave bent over a roof makes, counts where it is this clear. */
const STEP_SIGMAS = 8;
const STEP_PART = 0.15;
/** A wave that stands out this much in another filter than the clearest, and is this much earlier, is the first. */
const OTHER_SIGMAS = 7;
const OTHER_PART = 0.12;
const OTHER_EARLIER_S = 0.0003;
/** Where the first is that clear without any smoothing, what a filter times this much later is a stronger wave behind it. */
const CLEAR_SIGMAS = 8;
const SAME_WAVE_S = 0.0006;
/** ... and this much later where it is as clear at the same instant in whitened sound. */
const SAME_SHARP_WAVE_S = 0.00035;
const EARLY_SIGMAS = 6.5;
const EARLY_PART = 0.12;
/** In whitened sound a wave counts from `whiteLevel` and this part of the clearest on. */
const WHITE_PART = 0.25;
/** It is looked for this much behind the trigger too: noise may have triggered just before the wave, and made the trigger deaf to it. */
const WHITE_LATE_S = 0.009;
/** How clear a wave is in whitened sound is judged within this much of it, seconds. */
const SPIKE_S = 0.0005;
/** Smoothing takes more than this off white noise, so that any wave in it is clearer smoothed; off a street's it takes less. */
const STREET_LEFT = 0.2;
/** Timed in whitened sound, with the first two kernels, only where nothing else times the same wave as well as this, seconds. */
const WELL_TIMED_S = 0.00015;
const WHITE_TIMED = 2;
const SAME_ONSET_S = 0.0004;
/** From the crossing to the first peak, seconds at most. */
const TO_PEAK_S = 0.0025;
/**
 * A sharp wave's true start is at half its height; a slow one's, as after diffraction, lies before that by this part of what
 * its rise is longer than that of a sharp wave (SHARP samples, and SHARP_HALF per half width of the smoothing kernel).
 */
const LEAN = 0.22;
const SHARP = 2.1;
const SHARP_HALF = 1.5;
/** A band-limited edge reaches half its height this much early, samples. */
const EARLY_EDGE = 0.22;
/** Whitened, an edge is a spike: how long it rises, and how early it reaches half its height, samples and per half width. */
const SHARP_WHITE = 1.2;
const EARLY_WHITE = 0.37;
const EARLY_WHITE_HALF = 1.04;

export interface Arrival {
  /** Samples from the start of the window. */
  at: number;
  sigmaS: number;
  /** What sigma was made of; undefined where nothing stood out. */
  picked?: Picked;
}

/** A wave as one filter times it. */
interface Crossing {
  at: number;
  /** How well, to choose among filters, seconds. */
  sigmaS: number;
  /** Noise over slope, how much longer than a sharp wave's the rise is, and half the kernel (0: whitened sound), samples. */
  noise: number;
  longer: number;
  half: number;
  /** 0 for a sharp wave to 1 for a dull one. */
  dull: number;
}

/** Where a wave was found: index of half its height, and its first peak, over the noise of the filter it was found in. */
export interface Found {
  at: number;
  sigmas: number;
  unsmoothed: boolean;
}

export class FirstArrivalPicker {
  readonly #rate: number;
  readonly #before: number;
  readonly #filters: PickerFilters;

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz;
    this.#before = pickerWindow(sampleRateHz).before;
    this.#filters = new PickerFilters(sampleRateHz);
  }

  /**
   * @param window `pickerWindow` samples around the trigger.
   * @param valid index of the first sample that is sound: before it lie zeros or nothing.
   */
  pick(window: Float64Array, valid: number): Arrival {
    this.#filters.run(window, valid);
    const { level, white } = this.#filters;
    // Where: in the filter through which the wave stands out most. When: in the one that times it best.
    let first = this.#find(valid);
    const whitened = this.#findWhitened(valid);
    const earlier = whitened && whitened.at < first.at - OTHER_EARLIER_S * this.#rate;
    if (earlier) first = whitened;
    const swell = whitened && judgeSwell(this.#filters, first, whitened, valid, this.#rate);
    if (whitened && swell?.isSwell) first = whitened;
    const inBoth = whitened && Math.abs(whitened.at - first.at) < SAME_ONSET_S * this.#rate;
    const isClear = (found: Found) => found.unsmoothed && found.sigmas > CLEAR_SIGMAS;
    let latest = isClear(first) ? first.at + SAME_WAVE_S * this.#rate : Number.POSITIVE_INFINITY;
    if (inBoth && isClear(whitened)) latest = Math.min(latest, whitened.at + SAME_SHARP_WAVE_S * this.#rate);
    let best: Crossing | undefined;
    let sharp: Crossing | undefined;
    const sharpest = level.findLast(({ half }) => half === 0);
    const spread = new Spread(first.at);
    const consider = (each: Filtered, isWhite: boolean) => {
      const crossing = this.#time(each, isWhite, first.at, valid);
      if (!crossing) return;
      spread.add(crossing.at, crossing.sigmaS);
      if (each === sharpest) sharp = crossing;
      if (crossing.at <= latest && (!best || crossing.sigmaS < best.sigmaS)) best = crossing;
    };
    for (const each of level) consider(each, false);
    if (inBoth) {
      for (let k = 0; k < Math.min(WHITE_TIMED, white.length); k++) {
        if (!best || best.sigmaS >= WELL_TIMED_S) consider(white[k]!, true);
      }
    }
    // Nothing stands out: the trigger itself.
    if (!best) return { at: this.#before, sigmaS: NOTHING_S };
    const { at } = best;
    const isBlunt = inBoth === true && whitened.clearest > BLUNT * whitened.sharpest && this.#left() > STREET_LEFT;
    const around = { valid, before: this.#before, rate: this.#rate };
    const { hintS, before } = this.#filters.isNoiseKnown
      ? onsetHint(white, at, isBlunt, around)
      : { hintS: 0, before: 0 };
    const clear = Math.max(first.sigmas, whitened?.clearest ?? 0);
    const wave = seeWave(this.#filters, { at, clear, before, trigger: this.#before, valid }, this.#rate);
    const picked = {
      crossing: best,
      apart: spread.samples,
      fromSharp: sharp ? Math.abs(sharp.at - at) : 0,
      early: whitened ? at - whitened.at : 0,
      clear,
      isBlunt,
      wave,
      wrong: wrongWaveProbability(wave),
      hintS: Math.max(hintS, swell?.doubtS ?? 0),
    };
    return { at, sigmaS: statedSigmaS(picked, this.#rate), picked };
  }

  /** What the widest kernel leaves of the noise, slow sound taken off. */
  #left(): number {
    const { level } = this.#filters;
    return level.at(-1)!.noise / level.findLast(({ half }) => half === 0)!.noise;
  }

  #find(valid: number): Found {
    const { level } = this.#filters;
    let clearest = level[0]!;
    let most = 0;
    for (const each of level) {
      const ratio = this.#strongest(each.y, valid) / each.noise;
      if (ratio > most) [most, clearest] = [ratio, each];
    }
    let first = this.#locate(clearest, valid);
    let seenIn = clearest;
    for (const each of level) {
      const other = this.#locate(each, valid);
      const clear = other.peak > Math.max(OTHER_SIGMAS * each.noise, OTHER_PART * this.#strongest(each.y, valid));
      if (!clear || other.at >= first.at - OTHER_EARLIER_S * this.#rate - 2 * each.half) continue;
      first = other;
      seenIn = each;
    }
    return { at: first.at, sigmas: first.peak / seenIn.noise, unsmoothed: seenIn.half === 0 };
  }

  /** The first wave of the whitened sound, and how clear it is within `SPIKE_S`, unsmoothed and in any filter, sigmas. */
  #findWhitened(valid: number): (Found & { sharpest: number; clearest: number }) | undefined {
    const { white, whitened } = this.#filters;
    if (!whitened) return undefined;
    const from = Math.max(valid, this.#before - Math.round(EARLY_S * this.#rate));
    const to = this.#before + Math.round(WHITE_LATE_S * this.#rate);
    let most = 0;
    for (const { y, noise } of white) for (let i = from; i < to; i++) most = Math.max(most, Math.abs(y[i]!) / noise);
    let first: (Found & { crossing: number }) | undefined;
    for (const each of white) {
      const { y, half, noise } = each;
      const level = Math.max(whiteLevel(each), WHITE_PART * most * noise);
      let i = from;
      while (i < to && Math.abs(y[i]!) < level) i++;
      if (i >= to) continue;
      const { at, peak } = this.#halfHeight(y, i, valid);
      if (first && at >= first.at - OTHER_EARLIER_S * this.#rate - 2 * half) continue;
      first = {
        at: at + EARLY_WHITE + EARLY_WHITE_HALF * half,
        sigmas: peak / noise,
        unsmoothed: half === 0,
        crossing: i,
      };
    }
    if (!first) return undefined;
    let clearest = 0;
    let sharpest = 0;
    for (const { y, half, noise } of white) {
      let peak = 0;
      for (let k = first.crossing; k < first.crossing + SPIKE_S * this.#rate; k++)
        peak = Math.max(peak, Math.abs(y[k]!));
      clearest = Math.max(clearest, peak / noise);
      if (half === 0) sharpest = peak / noise;
    }
    return { ...first, sharpest, clearest };
  }

  #strongest(y: Float64Array, valid: number): number {
    const from = Math.max(valid, this.#before - Math.round(TRIGGER_FROM_S * this.#rate));
    const to = this.#before + Math.round(TRIGGER_TO_S * this.#rate);
    let strongest = 0;
    for (let i = from; i < to; i++) strongest = Math.max(strongest, Math.abs(y[i]!));
    return strongest;
  }

  /** Index where the first wave stands at half its height. */
  #locate({ y, noise }: Filtered, valid: number): { at: number; peak: number } {
    const near = Math.max(valid, this.#before - Math.round(TRIGGER_FROM_S * this.#rate));
    const to = this.#before + Math.round(TRIGGER_TO_S * this.#rate);
    const strongest = this.#strongest(y, valid);
    const early = Math.max(EARLY_SIGMAS * noise, EARLY_PART * strongest);
    const wave = Math.min(
      0.9 * strongest,
      Math.max(WAVE_SIGMAS * noise, WAVE_PART * strongest),
      Math.max(STEP_SIGMAS * noise, STEP_PART * strongest),
    );
    let i = Math.max(valid, this.#before - Math.round(EARLY_S * this.#rate));
    while (i < near && Math.abs(y[i]!) < early) i++;
    if (i >= near) while (i < to && Math.abs(y[i]!) < wave) i++;
    return this.#halfHeight(y, i, valid);
  }

  /** From a sample on the wave's flank to the first peak after it, and back to half its height. */
  #halfHeight(y: Float64Array, crossing: number, valid: number) {
    const sign = Math.sign(y[crossing]!);
    let peakAt = crossing;
    const last = Math.min(y.length - 2, crossing + Math.round(TO_PEAK_S * this.#rate));
    for (let k = crossing; k <= last && y[k]! * sign > 0; k++) {
      if (y[k]! * sign > y[peakAt]! * sign) peakAt = k;
      else if (y[k]! * sign < 0.7 * y[peakAt]! * sign) break;
    }
    const peak = y[peakAt]! * sign;
    let k = peakAt;
    while (k > Math.max(1, valid) && y[k - 1]! * sign > peak / 2) k--;
    const upper = y[k]! * sign;
    const lower = k > 0 ? y[k - 1]! * sign : 0;
    const slope = Math.max(upper - lower, 1e-12);
    const at = k - 1 + Math.min(1, Math.max(0, (peak / 2 - lower) / slope));
    return { at, peak, slope, rise: peakAt - at };
  }

  /** Half-height of the first peak near where the wave was found. */
  #time({ y, half, noise }: Filtered, white: boolean, located: number, valid: number): Crossing | undefined {
    const reach = SAME_ONSET_S * this.#rate + half;
    const from = Math.max(valid, Math.floor(located - reach));
    const to = Math.min(y.length - 2, Math.ceil(located + reach));
    let strongest = 0;
    for (let i = from; i <= to; i++) strongest = Math.max(strongest, Math.abs(y[i]!));
    if (strongest < 3 * noise) return undefined;
    const level = Math.max(0.5 * strongest, Math.min(3.5 * noise, 0.9 * strongest));
    let flank = from;
    while (flank < to && Math.abs(y[flank]!) < level) flank++;
    const { at, peak, slope, rise } = this.#halfHeight(y, flank, valid);
    const sharp = this.#filters.level.findLast((each) => each.half === 0)!;
    const longer = Math.max(0, rise - (white ? SHARP_WHITE + EARLY_WHITE_HALF * half : SHARP + SHARP_HALF * half));
    const snrDb = 20 * Math.log10(peak / noise);
    const dull = dullness(sharp.y, at, this.#rate);
    const left = this.#left();
    const sigmaS = crossingSigmaS({ noise: noise / slope, longer, half, white, snrDb, dull, left }, this.#rate);
    const start = white ? at + EARLY_WHITE + EARLY_WHITE_HALF * half : at + EARLY_EDGE - LEAN * longer;
    return { at: start, sigmaS, noise: noise / slope, longer, half: white ? 0 : half, dull };
  }
}
