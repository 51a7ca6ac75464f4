/**
 * The instant of the first wavefront, to a fraction of a sample, with its sigma.
 *
 * A wavefront is timed where it crosses half of its first peak (constant fraction): its amplitude then does not matter,
 * nor does whatever comes after the peak, such as a stronger echo. The record is smoothed by several zero-phase
 * kernels; the one with the least sigma wins. Sigma follows from noise over slope, as for any level crossing
 * (Bendat and Piersol, "Random data", on zero crossings of a signal in noise).
 */

/** Half widths of the smoothing kernels (triangles), seconds. */
const SMOOTHING_S = [0, 0.00009, 0.00018, 0.00036, 0.00072] as const;
/** Slow sound (wind, engines) is taken off by subtracting the mean of one of these before each sample: a centred mean would fall before the wave comes. */
const SLOW_S = [0.012, 0.004, 0.0015] as const;
/** Sound before the trigger that the picker sees, and the last of it that noise is measured in, seconds. */
const BEFORE_S = 0.06;
const NOISE_S = 0.03;
/** The trigger stands this near to its wave, seconds. */
const TRIGGER_FROM_S = 0.0035;
const TRIGGER_TO_S = 0.004;
/** A weaker first arrival may stand this much before it. */
const EARLY_S = 0.012;
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
const EARLY_SIGMAS = 6.5;
const EARLY_PART = 0.12;
/** From the crossing to the first peak, seconds at most. */
const TO_PEAK_S = 0.0025;
/**
 * A sharp wave's true start is at half its height; a slow one's, as after diffraction, lies before that by this part of what
 * its rise is longer than that of a sharp wave (SHARP samples, and SHARP_HALF per half width of the smoothing kernel).
 */
const LEAN = 0.22;
const SHARP = 2.1;
const SHARP_HALF = 1.5;
/** What no kernel takes off: a part of that longer rise, which the wave's own shape leaves open, and a part of a sample. */
const SHAPE_PART = 1.5;
const SAMPLE_PART = 0.035;
/** A wave shorter than the kernel is drawn out by it: a part of the kernel's half width. */
const KERNEL_PART = 0.1;
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
/** A band-limited edge reaches half its height this much early, samples. */
const EARLY_EDGE = 0.22;
/**
 * Below some 14 dB over the noise (dull waves: 17) the wrong peak is taken ever more often, and is then off by this, seconds. In a
 * street's noise, which has waves of its own (smoothed by the widest kernel a third or more of it is left, of white noise a tenth),
 * that ends less soon: fitted on 3600 rendered shots of four samples and 800 blasts in white noise.
 */
const WRONG_DB = 14;
const WRONG_DB_DULL = 2.5;
const WRONG_PER_DB = { white: 0.4, street: 1.2 };
const WRONG_S = 0.0025;
const LEFT = { white: 0.15, street: 0.25 };

export interface Arrival {
  /** Samples from the start of the window. */
  at: number;
  sigmaS: number;
  /** How much longer than a sharp wave's the rise is, seconds: what the wave's shape leaves open grows with it. */
  riseS: number;
  /** The part of sigma that is noise over slope. */
  noiseS: number;
  /** Amplitude of the first peak over the noise, dB. */
  snrDb: number;
}

/** Samples of sound that the picker wants before and after the trigger. */
export function pickerWindow(sampleRateHz: number): { before: number; after: number } {
  return { before: Math.round(BEFORE_S * sampleRateHz), after: Math.round(0.012 * sampleRateHz) };
}

interface Filtered {
  y: Float64Array;
  /** Half width of the smoothing kernel, samples. */
  half: number;
  noise: number;
}

export class FirstArrivalPicker {
  readonly #rate: number;
  readonly #before: number;
  readonly #filtered: Filtered[] = [];
  readonly #mean: Float64Array;
  readonly #sums: Float64Array;

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz;
    const { before, after } = pickerWindow(sampleRateHz);
    this.#before = before;
    this.#mean = new Float64Array(before + after);
    this.#sums = new Float64Array(before + after + 1);
    for (const slow of SLOW_S) {
      for (const width of SMOOTHING_S) {
        const half = Math.round(width * sampleRateHz);
        if (width > 0 && half < 1) continue;
        this.#filtered.push({ y: new Float64Array(before + after), half, noise: slow });
      }
    }
  }

  /**
   * @param window `pickerWindow` samples around the trigger.
   * @param valid index of the first sample that is sound: before it lie zeros or nothing.
   */
  pick(window: Float64Array, valid: number): Arrival {
    this.#filter(window, valid);
    // Where: in the filter through which the wave stands out most. When: in the one that times it best.
    let clearest = this.#filtered[0]!;
    let most = 0;
    for (const each of this.#filtered) {
      const ratio = this.#strongest(each.y, valid) / each.noise;
      if (ratio > most) [most, clearest] = [ratio, each];
    }
    let first = this.#locate(clearest, valid);
    let seenIn = clearest;
    for (const each of this.#filtered) {
      const other = this.#locate(each, valid);
      const clear = other.peak > Math.max(OTHER_SIGMAS * each.noise, OTHER_PART * this.#strongest(each.y, valid));
      if (!clear || other.at >= first.at - OTHER_EARLIER_S * this.#rate - 2 * each.half) continue;
      first = other;
      seenIn = each;
    }
    const isClear = seenIn.half === 0 && first.peak > CLEAR_SIGMAS * seenIn.noise;
    const latest = isClear ? first.at + SAME_WAVE_S * this.#rate : Number.POSITIVE_INFINITY;
    let best: Arrival | undefined;
    for (const each of this.#filtered) {
      const arrival = this.#time(each, first.at, valid);
      if (arrival && arrival.at > latest) continue;
      if (arrival && (!best || arrival.sigmaS < best.sigmaS)) best = arrival;
    }
    // Nothing stands out: the trigger itself, good to its two hops.
    return best ?? { at: this.#before, sigmaS: 0.002, riseS: 0, noiseS: 0.002, snrDb: 0 };
  }

  #filter(window: Float64Array, valid: number): void {
    let k = 0;
    for (const slow of SLOW_S) {
      this.#meanBefore(window, Math.round(slow * this.#rate), valid);
      const first = this.#filtered[k]!.y;
      for (let i = 0; i < window.length; i++) first[i] = i < valid ? 0 : window[i]! - this.#mean[i]!;
      for (let of = k; k < this.#filtered.length && (k === of || this.#filtered[k]!.half > 0); k++) {
        const { y, half } = this.#filtered[k]!;
        if (half > 0) {
          this.#boxcar(first, y, half, valid);
          this.#boxcar(y, y, half, valid);
        }
        const to = this.#before - Math.round(EARLY_S * this.#rate);
        this.#filtered[k]!.noise = this.#rms(y, Math.max(valid, to - Math.round(NOISE_S * this.#rate)), to);
      }
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

  #rms(y: Float64Array, from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += y[i]! * y[i]!;
    return Math.max(1e-7, to > from ? Math.sqrt(sum / (to - from)) : 0);
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

  /** Half-height of the first peak near where the clearest filter has it. */
  #time({ y, half, noise }: Filtered, located: number, valid: number): Arrival | undefined {
    const reach = 0.0004 * this.#rate + half;
    const from = Math.max(valid, Math.floor(located - reach));
    const to = Math.min(y.length - 2, Math.ceil(located + reach));
    let strongest = 0;
    for (let i = from; i <= to; i++) strongest = Math.max(strongest, Math.abs(y[i]!));
    if (strongest < 3 * noise) return undefined;
    const level = Math.max(0.5 * strongest, Math.min(3.5 * noise, 0.9 * strongest));
    let crossing = from;
    while (crossing < to && Math.abs(y[crossing]!) < level) crossing++;
    const { at, peak, slope, rise } = this.#halfHeight(y, crossing, valid);
    const dull = this.#dullness(at);
    const noiseSamples = ((NOISE_PART + NOISE_PART_DULL * dull) * noise) / slope;
    const longer = Math.max(0, rise - SHARP - SHARP_HALF * half);
    const snrDb = 20 * Math.log10(peak / noise);
    const wrong = this.#wrongPeakS(snrDb - WRONG_DB - WRONG_DB_DULL * dull);
    const samples = Math.hypot(noiseSamples, SHAPE_PART * longer, SAMPLE_PART, KERNEL_PART * half);
    const sigmaS = Math.hypot(samples / this.#rate, wrong, LEAST_S);
    return {
      at: at + EARLY_EDGE - LEAN * longer,
      sigmaS,
      riseS: longer / this.#rate,
      noiseS: noiseSamples / this.#rate,
      snrDb,
    };
  }

  /** RMS of what the wrong peak is off by, at that many dB over where every second is wrong. */
  #wrongPeakS(overDb: number): number {
    const [sharp, smooth] = [this.#filtered.findLast(({ half }) => half === 0)!, this.#filtered.at(-1)!];
    const street = Math.min(1, Math.max(0, (smooth.noise / sharp.noise - LEFT.white) / (LEFT.street - LEFT.white)));
    const perDb = WRONG_PER_DB.white + street * (WRONG_PER_DB.street - WRONG_PER_DB.white);
    return WRONG_S / Math.sqrt(1 + Math.exp(overDb / perDb));
  }

  /** 0 for a sharp wave to 1 for a dull one. */
  #dullness(at: number): number {
    const { y } = this.#filtered.findLast(({ half }) => half === 0)!;
    let steps = 0;
    let sum = 0;
    const to = Math.min(y.length, at + DULL_S * this.#rate);
    for (let i = Math.max(1, Math.round(at)); i < to; i++) {
      steps += (y[i]! - y[i - 1]!) ** 2;
      sum += y[i]! * y[i]!;
    }
    const meanHz = (Math.sqrt(steps / (sum + 1e-30)) * this.#rate) / (2 * Math.PI);
    return 1 / (1 + Math.exp((meanHz - DULL_HZ) / DULL_WIDTH_HZ));
  }
}
