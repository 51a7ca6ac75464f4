/**
 * Delay of one impulse between two microphones: generalised cross-correlation with the maximum-likelihood (Hannan-Thomson) weighting,
 * which is PHAT where the signal stands out and discounts the bands where noise does; its variance is the bound it attains
 * (Knapp and Carter, IEEE Trans. ASSP 24(4), 1976, eq. 33).
 */
import FFT from "fft.js";

export interface Delay {
  /** Positive: the second microphone hears it later. */
  s: number;
  varS2: number;
  /** The correlation's peak against what it would be were all that both hear one wave: 1 at best, near 0 for two sounds of no kin. */
  peak: number;
}

export interface Spectrum {
  /** Interleaved re, im. */
  values: Float64Array;
  /** Power per bin of the impulse's window and mean noise power per bin, both averaged over neighbouring bins. */
  power: Float64Array;
  noise: Float64Array;
  size: number;
}

/** Weights estimated from the one impulse they weigh cost this much against the bound with known spectra (measured: 1.2 to 1.3). */
const WEIGHTS_COST = 1.3;

/** Spectrum of `length` samples from `from` on and of the noise before it; tapered at both ends so that the cut does not click. */
export function spectrumOf(samples: Float32Array, from: number, length: number): Spectrum {
  let size = 1;
  while (size < 2 * length) size *= 2;
  const fft = new FFT(size);
  const input = new Float64Array(size);
  const output = fft.createComplexArray();
  const noise = new Float64Array(size / 2);
  const taper = Math.max(4, Math.round(length / 10));
  // A converter's offset is no sound.
  let mean = 0;
  for (let i = 0; i < from; i++) mean += samples[i]! / from;
  const transform = (start: number) => {
    input.fill(0);
    for (let i = 0; i < length; i++) {
      const edge = Math.min(i, length - 1 - i);
      const gain = edge < taper ? 0.5 - 0.5 * Math.cos((Math.PI * (edge + 0.5)) / taper) : 1;
      input[i] = gain * ((samples[start + i] ?? mean) - mean);
    }
    fft.realTransform(output, input);
  };
  let windows = 0;
  for (let start = from - length; start >= 0 && windows < 16; start -= length) {
    transform(start);
    for (let k = 0; k < size / 2; k++) noise[k]! += output[2 * k]! ** 2 + output[2 * k + 1]! ** 2;
    windows++;
  }
  smooth(noise, windows);
  transform(from);
  const power = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k++) power[k] = output[2 * k]! ** 2 + output[2 * k + 1]! ** 2;
  smooth(power, 1);
  return { values: Float64Array.from(output), power, noise, size };
}

/** Averages over 17 neighbouring bins (six independent ones): an impulse's spectrum is smooth, a single periodogram is not. */
function smooth(power: Float64Array, windows: number): void {
  const rough = Float64Array.from(power);
  for (let k = 0; k < power.length; k++) {
    let sum = 0;
    let count = 0;
    for (let i = Math.max(0, k - 8); i <= Math.min(power.length - 1, k + 8); i++) {
      sum += rough[i]!;
      count++;
    }
    power[k] = sum / count / windows + 1e-20;
  }
}

/** Delay of b against a, at most `limitS` either way; undefined where nothing stands out of the noise. */
export function delayOf(a: Spectrum, b: Spectrum, limitS: number, length: number, sampleRateHz: number) {
  const { size } = a;
  const limit = limitS * sampleRateHz;
  // Twice as long as it need be: its inverse has a value every half sample.
  const fft = new FFT(2 * size);
  const cross = fft.createComplexArray();
  const correlation = fft.createComplexArray();
  cross.fill(0);
  let information = 0;
  let whole = 0;
  for (let k = 1; k < size / 2; k++) {
    const ar = a.values[2 * k]!;
    const ai = a.values[2 * k + 1]!;
    const br = b.values[2 * k]!;
    const bi = b.values[2 * k + 1]!;
    // Both microphones hear the same impulse: its power is told from the two together. What stands out less than chance would is none.
    const noisePower = (a.noise[k]! + b.noise[k]!) / 2;
    const power = (a.power[k]! + b.power[k]!) / 2;
    const signal = power > 2 * noisePower ? power - noisePower : 0;
    const coherence = signal ** 2 / ((signal + a.noise[k]!) * (signal + b.noise[k]!));
    // A bin 60 dB above the noise is no more trustworthy than its microphones are alike.
    const weight = Math.min(coherence / (1 - coherence + 1e-12), 1e3);
    const crossRe = ar * br + ai * bi;
    const crossIm = ar * bi - ai * br;
    const magnitude = Math.hypot(crossRe, crossIm) + 1e-30;
    whole += weight;
    cross[2 * k] = (weight * crossRe) / magnitude;
    cross[2 * k + 1] = (weight * crossIm) / magnitude;
    information += ((2 * Math.PI * k) / size) ** 2 * weight;
  }
  // Bins of the zero-padded transform are not independent: only `length` of the `size` are.
  information *= (2 * length) / size;
  if (!(information > 0)) return undefined;
  fft.inverseTransform(correlation, cross);
  let best = 0;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let n = -Math.ceil(2 * limit); n <= 2 * limit; n++) {
    const value = correlation[2 * ((n + 2 * size) % (2 * size))]!;
    if (value > bestValue) [best, bestValue] = [n / 2, value];
  }
  let peak = at(cross, size, best);
  for (let i = 0; i < 4 && peak.curvature < 0; i++) {
    best -= Math.max(-0.25, Math.min(0.25, peak.slope / peak.curvature));
    peak = at(cross, size, best);
  }
  // What the phases lack of one wave, where that is more than noise explains: echoes (H. White, Econometrica 48(4), 1980).
  const observed = ((size / length) * peak.scatter) / peak.curvature ** 2;
  const delay: Delay = {
    s: best / sampleRateHz,
    varS2: Math.max(WEIGHTS_COST ** 2 / information, observed) / sampleRateHz ** 2,
    peak: peak.value / whole,
  };
  return delay;
}

/** The correlation at a lag in samples, with its first two derivatives and the sum of squares that the first is made of; the phase turns by the same angle from bin to bin. */
function at(cross: readonly number[], size: number, lag: number) {
  const step = (2 * Math.PI) / size;
  const [turnRe, turnIm] = [Math.cos(step * lag), Math.sin(step * lag)];
  let [re, im] = [1, 0];
  let value = 0;
  let slope = 0;
  let curvature = 0;
  let scatter = 0;
  for (let k = 1; k < size / 2; k++) {
    [re, im] = [re * turnRe - im * turnIm, re * turnIm + im * turnRe];
    const real = cross[2 * k]! * re - cross[2 * k + 1]! * im;
    const imaginary = cross[2 * k]! * im + cross[2 * k + 1]! * re;
    value += real;
    slope -= step * k * imaginary;
    curvature -= (step * k) ** 2 * real;
    scatter += (step * k * imaginary) ** 2;
  }
  return { value, slope, curvature, scatter };
}
