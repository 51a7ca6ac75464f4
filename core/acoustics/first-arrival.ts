/**
 * The instant of the first wavefront, to a fraction of a sample, with its sigma.
 *
 * A wavefront is timed where it crosses half of its first peak (constant fraction): its amplitude then does not matter,
 * nor does whatever comes after the peak, such as a stronger echo. The record is smoothed by several zero-phase
 * kernels; the one with the least sigma wins. Sigma follows from noise over slope, as for any level crossing
 * (Bendat and Piersol, "Random data", on zero crossings of a signal in noise).
 */

/** Widths of the smoothing kernels, seconds (triangles, half width). */
const SMOOTHING_S = [0, 0.00009, 0.00018, 0.00036, 0.00072] as const;
/** Noise before the impulse and search window around the trigger, seconds. */
const NOISE_FROM_S = 0.06;
const SEARCH_FROM_S = 0.012;
const SEARCH_TO_S = 0.006;
/** Slow sound (wind, engines) is taken off by subtracting the mean over this, seconds. */
const SLOW_S = 0.012;
/** A crossing counts from this many noise sigmas, or this part of the strongest peak, whichever is more. */
const CROSSING_SIGMAS = 5;
const CROSSING_PART = 0.12;
/** From the crossing to the first peak, seconds at most. */
const TO_PEAK_S = 0.0025;

/** What no kernel takes off: the part of the rise time that the wavefront's own shape leaves open, and of a sample. */
const SHAPE_PART = 0.06;
const SAMPLE_PART = 0.08;

export interface Arrival {
  /** Samples from the start of the window. */
  at: number;
  sigmaS: number;
  /** Amplitude of the first peak over the noise, dB. */
  snrDb: number;
}

/** Samples of sound that the picker wants before and after the trigger. */
export function pickerWindow(sampleRateHz: number): { before: number; after: number } {
  return { before: Math.round(NOISE_FROM_S * sampleRateHz), after: Math.round((SEARCH_TO_S + 0.006) * sampleRateHz) };
}

export class FirstArrivalPicker {
  readonly #rate: number;
  readonly #slow: Float64Array;
  readonly #y: Float64Array;
  readonly #sums: Float64Array;

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz;
    const { before, after } = pickerWindow(sampleRateHz);
    this.#slow = new Float64Array(before + after);
    this.#y = new Float64Array(before + after);
    this.#sums = new Float64Array(before + after + 1);
  }

  /**
   * @param window `pickerWindow` samples around the trigger.
   * @param valid index of the first sample that is sound: before it lie zeros or nothing.
   */
  pick(window: Float64Array, valid: number): Arrival {
    const { before } = pickerWindow(this.#rate);
    this.#boxcar(window, this.#slow, Math.round((SLOW_S * this.#rate) / 2), valid);
    for (let i = 0; i < window.length; i++) this.#slow[i] = i < valid ? 0 : window[i]! - this.#slow[i]!;
    let best: Arrival | undefined;
    for (const width of SMOOTHING_S) {
      const half = Math.round(width * this.#rate);
      if (width > 0 && half < 1) continue;
      if (half === 0) this.#y.set(this.#slow);
      else {
        this.#boxcar(this.#slow, this.#y, half, valid);
        this.#boxcar(this.#y, this.#y, half, valid);
      }
      const arrival = this.#cross(before, valid, half);
      if (arrival && (!best || arrival.sigmaS < best.sigmaS)) best = arrival;
    }
    // Nothing crosses clearly: the trigger itself, good to its two hops.
    return best ?? { at: before, sigmaS: 0.002, snrDb: 0 };
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

  #cross(trigger: number, valid: number, half: number): Arrival | undefined {
    const y = this.#y;
    const rate = this.#rate;
    const searchFrom = Math.max(valid + 1, trigger - Math.round(SEARCH_FROM_S * rate));
    const searchTo = Math.min(y.length - 2, trigger + Math.round(SEARCH_TO_S * rate));
    // Noise: root mean square up to 3 ms before the trigger; the least of its thirds, lest an earlier arrival counts as noise.
    const noise = Math.max(this.#noise(valid, Math.max(valid, trigger - Math.round(0.003 * rate))), 1e-7);
    let strongest = 0;
    for (let i = searchFrom; i <= searchTo; i++) strongest = Math.max(strongest, Math.abs(y[i]!));
    const level = Math.max(CROSSING_SIGMAS * noise, CROSSING_PART * strongest);
    if (strongest < 3 * noise || strongest < 1e-6) return undefined;
    let i = searchFrom;
    const wanted = Math.min(level, strongest * 0.999);
    while (i <= searchTo && Math.abs(y[i]!) < wanted) i++;
    if (i > searchTo) return undefined;
    // The first peak of the same sign.
    const sign = Math.sign(y[i]!);
    let peakAt = i;
    const last = Math.min(y.length - 2, i + Math.round(TO_PEAK_S * rate));
    for (let k = i; k <= last && y[k]! * sign > 0; k++) {
      if (y[k]! * sign > y[peakAt]! * sign) peakAt = k;
      else if (y[k]! * sign < 0.7 * y[peakAt]! * sign) break;
    }
    const peak = y[peakAt]! * sign;
    let k = peakAt;
    while (k > 0 && y[k - 1]! * sign > peak / 2) k--;
    if (k === 0) return undefined;
    const upper = y[k]! * sign;
    const lower = y[k - 1]! * sign;
    const rise = Math.max(upper - lower, 1e-12);
    const at = k - 1 + (peak / 2 - lower) / rise;
    // Slope over the middle of the edge, per sample.
    const span = Math.max(1, half);
    const a = Math.max(0, k - 1 - Math.floor(span / 2));
    const b = Math.min(peakAt, k + Math.floor(span / 2));
    const slope = Math.max((y[b]! * sign - y[a]! * sign) / Math.max(1, b - a), 1e-12);
    const riseSamples = peak / slope;
    const noiseSamples = (1.12 * noise) / slope;
    const sigma = Math.hypot(noiseSamples, SHAPE_PART * riseSamples, SAMPLE_PART) / rate;
    return { at, sigmaS: sigma, snrDb: 20 * Math.log10(peak / noise) };
  }

  #noise(from: number, to: number): number {
    const third = Math.floor((to - from) / 3);
    if (third < 8) return this.#rms(from, to);
    return Math.min(
      this.#rms(from, from + third) * 1.1,
      this.#rms(from + third, from + 2 * third) * 1.1,
      this.#rms(from, to),
    );
  }

  #rms(from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.#y[i]! * this.#y[i]!;
    return to > from ? Math.sqrt(sum / (to - from)) : 0;
  }
}
