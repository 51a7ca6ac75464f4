/**
 * Pressure waves at one metre from their source, as sums of parts whose Fourier transforms are known in closed form.
 * A part is thus placed at any instant, between samples too, without error, and means the same at every sample rate.
 */
import type { Rng } from "../rng.ts";

/** A pulse p(t), zero (or negligible) before t = 0. Spectra are of p in pascals times seconds: integral of p(t) exp(-j w t) dt. */
export interface Wave {
  /** Until nothing worth hearing is left. */
  readonly lengthS: number;
  /** Adds the transform at the frequencies k * stepHz, times `gain` and delayed by `delayS`. */
  addTo(re: Float64Array, im: Float64Array, stepHz: number, delayS?: number, gain?: number): void;
}

/** Adds value(k) * exp(-j 2 pi f_k delay) over the bins from..to. */
function addDelayed(
  re: Float64Array,
  im: Float64Array,
  stepHz: number,
  delayS: number,
  value: (frequencyHz: number, out: { re: number; im: number }) => void,
  from = 0,
  to = re.length,
): void {
  const out = { re: 0, im: 0 };
  const turn = -2 * Math.PI * stepHz * delayS;
  const stepRe = Math.cos(turn);
  const stepIm = Math.sin(turn);
  let phaseRe = Math.cos(turn * from);
  let phaseIm = Math.sin(turn * from);
  for (let k = from; k < to; k++) {
    value(k * stepHz, out);
    re[k] = re[k]! + out.re * phaseRe - out.im * phaseIm;
    im[k] = im[k]! + out.re * phaseIm + out.im * phaseRe;
    const nextRe = phaseRe * stepRe - phaseIm * stepIm;
    phaseIm = phaseRe * stepIm + phaseIm * stepRe;
    phaseRe = nextRe;
  }
}

/**
 * Friedlander's blast wave p(t) = P (1 - t/T) exp(-b t/T) (Friedlander 1946; b = 1 makes the net impulse zero).
 * @param peakPa overpressure P.
 * @param positiveS duration T of the positive phase.
 * @param riseS time constant of the front; 0 is a shock.
 */
export function friedlander(peakPa: number, positiveS: number, b = 1, riseS = 0): Wave {
  const a = b / positiveS;
  return {
    lengthS: (12 * positiveS) / b + 6 * riseS,
    addTo(re, im, stepHz, delayS = 0, gain = 1) {
      addDelayed(re, im, stepHz, delayS, (f, out) => {
        // P (1/z - 1/(T z^2)) with z = a + j w, over (1 + j w rise).
        const w = 2 * Math.PI * f;
        const m = a * a + w * w;
        const invRe = a / m;
        const invIm = -w / m;
        const re1 = invRe - (invRe * invRe - invIm * invIm) / positiveS;
        const im1 = invIm - (2 * invRe * invIm) / positiveS;
        const wr = w * riseS;
        const scale = (gain * peakPa) / (1 + wr * wr);
        out.re = scale * (re1 + im1 * wr);
        out.im = scale * (im1 - re1 * wr);
      });
    },
  };
}

/** The N of a supersonic body's shock wave: from +P to -P in a straight line over T, then nothing. */
export function nWave(peakPa: number, durationS: number): Wave {
  return {
    lengthS: durationS,
    addTo(re, im, stepHz, delayS = 0, gain = 1) {
      // Odd about its middle, p = -2 P u / T with u = t - T/2: its transform is -j P T (cos h - sin h / h) / h, h = w T / 2.
      addDelayed(re, im, stepHz, delayS + durationS / 2, (f, out) => {
        const h = Math.PI * f * durationS;
        out.re = 0;
        const shape = h < 1e-2 ? -h / 3 + (h * h * h) / 30 : (Math.cos(h) - Math.sin(h) / h) / h;
        out.im = -gain * peakPa * durationS * shape;
      });
    },
  };
}

export interface Mode {
  amplitudePa: number;
  frequencyHz: number;
  /** Amplitude falls by 1/e in 1 / decayPerS seconds. */
  decayPerS: number;
  phaseRad?: number;
  atS?: number;
  /** Time constant with which the excitation builds up; 0 is instantaneous. */
  riseS?: number;
}

/** Damped sines A exp(-d t) sin(w0 t + phase): the ringing of struck things. */
export function modes(parts: readonly Mode[]): Wave {
  const lengthS = parts.reduce((s, m) => Math.max(s, (m.atS ?? 0) + 7 / m.decayPerS + 6 * (m.riseS ?? 0)), 0);
  return {
    lengthS,
    addTo(re, im, stepHz, delayS = 0, gain = 1) {
      for (const mode of parts) {
        const w0 = 2 * Math.PI * mode.frequencyHz;
        const d = mode.decayPerS;
        const sin = Math.sin(mode.phaseRad ?? 0);
        const cos = Math.cos(mode.phaseRad ?? 0);
        const rise = mode.riseS ?? 0;
        const amplitude = gain * mode.amplitudePa;
        addDelayed(re, im, stepHz, delayS + (mode.atS ?? 0), (f, out) => {
          // ((d + j w) sin + w0 cos) / ((d + j w)^2 + w0^2), over (1 + j w rise).
          const w = 2 * Math.PI * f;
          const numRe = d * sin + w0 * cos;
          const numIm = w * sin;
          let denRe = d * d - w * w + w0 * w0;
          let denIm = 2 * d * w;
          if (rise > 0) {
            const wr = w * rise;
            const t = denRe - denIm * wr;
            denIm = denIm + denRe * wr;
            denRe = t;
          }
          const m = amplitude / (denRe * denRe + denIm * denIm);
          out.re = m * (numRe * denRe + numIm * denIm);
          out.im = m * (numIm * denRe - numRe * denIm);
        });
      }
    },
  };
}

/** A tone under a Gaussian envelope of standard deviation `sigmaS` about `atS`. */
export interface Grain {
  amplitudePa: number;
  frequencyHz: number;
  sigmaS: number;
  atS: number;
  phaseRad?: number;
}

/** Sums of Gaussian grains: whistles, hisses, voices. */
export function grains(parts: readonly Grain[]): Wave {
  const lengthS = parts.reduce((s, g) => Math.max(s, g.atS + 5 * g.sigmaS), 0);
  return {
    lengthS,
    addTo(re, im, stepHz, delayS = 0, gain = 1) {
      for (const grain of parts) {
        const spanHz = 5 / (2 * Math.PI * grain.sigmaS);
        const from = Math.max(0, Math.ceil((grain.frequencyHz - spanHz) / stepHz));
        const to = Math.min(re.length, Math.floor((grain.frequencyHz + spanHz) / stepHz) + 1);
        const scale = (gain * grain.amplitudePa * grain.sigmaS * Math.sqrt(2 * Math.PI)) / 2;
        const cos = Math.cos(grain.phaseRad ?? 0) * scale;
        const sin = Math.sin(grain.phaseRad ?? 0) * scale;
        const value = (f: number, out: { re: number; im: number }) => {
          const x = 2 * Math.PI * (f - grain.frequencyHz) * grain.sigmaS;
          const envelope = Math.exp(-0.5 * x * x);
          out.re = envelope * cos;
          out.im = envelope * sin;
        };
        addDelayed(re, im, stepHz, delayS + grain.atS, value, from, to);
      }
    },
  };
}

/** Several waves, each with its own delay. */
export function together(parts: readonly { atS: number; wave: Wave }[]): Wave {
  return {
    lengthS: parts.reduce((s, part) => Math.max(s, part.atS + part.wave.lengthS), 0),
    addTo(re, im, stepHz, delayS = 0, gain = 1) {
      for (const part of parts) part.wave.addTo(re, im, stepHz, delayS + part.atS, gain);
    },
  };
}

/**
 * A burst of noise with an exponential decay: many damped sines of random frequency in the band.
 * @param rmsPa root mean square at the start of the decay.
 */
export function noiseBurst(
  rng: Rng,
  burst: { rmsPa: number; lowHz: number; highHz: number; decayPerS: number; count?: number; riseS?: number },
): Wave {
  const count = burst.count ?? 60;
  const amplitudePa = burst.rmsPa * Math.sqrt(2 / count);
  return modes(
    Array.from({ length: count }, () => ({
      amplitudePa,
      frequencyHz: rng.logUniform(burst.lowHz, burst.highHz),
      decayPerS: burst.decayPerS * rng.uniform(0.7, 1.4),
      phaseRad: rng.uniform(0, 2 * Math.PI),
      riseS: burst.riseS ?? 0,
    })),
  );
}
