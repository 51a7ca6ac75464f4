/**
 * One block of samples in the making, as a spectrum: waves over paths are added to it with all that a path does (spreading,
 * absorption, reflection, diffraction) and its exact delay; the inverse FFT gives band-limited samples, whatever the rate.
 */
import FFT from "fft.js";
import type { Absorption } from "./air.ts";
import type { Wave } from "./wave.ts";

/** One way from a source to a microphone. */
export interface SoundPath {
  kind: "direct" | "echo" | "diffracted";
  travelS: number;
  /** Length for spreading and absorption. */
  lengthM: number;
  /** Product of the reflection coefficients, 1 where nothing reflects; spreading is not in it. */
  gain: number;
  /** Each reflection also passes 1 / (1 + j f / scatterHz): rough surfaces scatter the short waves away. */
  scatterHz?: readonly number[];
  /** The same way by a bounce off the ground, which comes that much later with that share of the amplitude. */
  ground?: { lateS: number; gain: number };
  /** Diffraction: level falls by 10 lg(3 + 20 N) with the Fresnel number N = 2 detour f / c. */
  detourM?: number;
  /** Unit vector of departure from the source, for sources that are not the same to all sides. */
  departure: readonly [number, number, number];
}

/** What a microphone and its converter do to pressure before sampling. */
export interface Pickup {
  /** Second-order high-pass corner (vent and coupling), Hz. */
  highPassHz: number;
  /** Pass band of the anti-alias filter as a share of the sample rate; zero from one half. */
  passShare: number;
}

export const flatPickup: Pickup = { highPassHz: 0, passShare: 0.38 };

/** What turbulence, roofs and street furniture scatter over edges: -25 dB (ISO 9613-2, 7.4 caps a screen there), a longer way. */
const SCATTER_FLOOR = 10 ** (-25 / 20);
const SCATTER_LATE_S = 0.003;
const ffts = new Map<number, FFT>();
function fftOf(size: number): FFT {
  let fft = ffts.get(size);
  if (!fft) ffts.set(size, (fft = new FFT(size)));
  return fft;
}

export interface Rendering {
  rateHz: number;
  absorption: Absorption;
  soundMps: number;
  pickup: Pickup;
}

/** Absorption and pick-up at the bins of one block size, computed once. */
export class Block {
  readonly size: number;
  readonly stepHz: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly waveRe: Float64Array;
  readonly waveIm: Float64Array;
  readonly #nepers: Float64Array;
  readonly #lead: Float64Array;
  readonly #pickRe: Float64Array;
  readonly #pickIm: Float64Array;
  readonly #soundMps: number;

  constructor(size: number, rendering: Rendering) {
    const { rateHz, absorption, pickup } = rendering;
    this.size = size;
    this.stepHz = rateHz / size;
    this.#soundMps = rendering.soundMps;
    const bins = size / 2 + 1;
    const array = () => new Float64Array(bins);
    [this.re, this.im, this.waveRe, this.waveIm] = [array(), array(), array(), array()];
    [this.#nepers, this.#lead, this.#pickRe, this.#pickIm] = [array(), array(), array(), array()];
    for (let k = 0; k < bins; k++) {
      const f = k * this.stepHz;
      this.#nepers[k] = absorption.nepersPerM(f);
      this.#lead[k] = absorption.leadPerM(f);
      // Butterworth high-pass -(f/fc)^2 / (1 - (f/fc)^2 + j sqrt(2) f/fc).
      const x = pickup.highPassHz > 0 ? f / pickup.highPassHz : Number.POSITIVE_INFINITY;
      const finite = Number.isFinite(x);
      const denRe = 1 - x * x;
      const denIm = Math.SQRT2 * x;
      const m = (-x * x) / (denRe * denRe + denIm * denIm);
      const share = k / size;
      const slope = (share - pickup.passShare) / (0.5 - pickup.passShare);
      const pass = slope <= 0 ? 1 : slope >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * slope);
      // A transform sampled every stepHz gives samples when multiplied by the rate.
      this.#pickRe[k] = pass * rateHz * (finite ? m * denRe : pickup.highPassHz > 0 ? 0 : 1);
      this.#pickIm[k] = pass * rateHz * (finite ? -m * denIm : 0);
    }
  }

  clear(): void {
    this.re.fill(0);
    this.im.fill(0);
  }

  loadWave(wave: Wave): void {
    this.waveRe.fill(0);
    this.waveIm.fill(0);
    wave.addTo(this.waveRe, this.waveIm, this.stepHz);
  }

  /** Adds the loaded wave as it arrives over `path`, delayed by `delayS` from the block's first sample. */
  addPath(path: SoundPath, delayS: number): void {
    const gain = path.gain / path.lengthM;
    const turn = -2 * Math.PI * this.stepHz * delayS;
    const edge = path.detourM === undefined ? undefined : (3 * this.#soundMps) / (40 * Math.max(path.detourM, 1e-6));
    const scatter = path.scatterHz ?? [];
    for (let k = 0; k < this.re.length; k++) {
      const f = k * this.stepHz;
      const size = gain * Math.exp(-this.#nepers[k]! * path.lengthM);
      const phase = turn * k + this.#lead[k]! * path.lengthM;
      let hRe = size * Math.cos(phase);
      let hIm = size * Math.sin(phase);
      for (const cornerHz of scatter) {
        const x = f / cornerHz;
        const m = 1 / (1 + x * x);
        const t = m * (hRe + hIm * x);
        hIm = m * (hIm - hRe * x);
        hRe = t;
      }
      if (edge !== undefined) {
        // Causal form of Kurze and Anderson's curve: (1 + j f/f0)^(-1/2) / sqrt(3), squared 1 / (3 + 20 N) for large N.
        const x = f / edge;
        const m = Math.sqrt(1 + x * x);
        const turned = -2 * Math.PI * f * SCATTER_LATE_S;
        const eRe = Math.sqrt((m + 1) / 6) / m + SCATTER_FLOOR * Math.cos(turned);
        const eIm = -Math.sqrt((m - 1) / 6) / m + SCATTER_FLOOR * Math.sin(turned);
        const t = hRe * eRe - hIm * eIm;
        hIm = hRe * eIm + hIm * eRe;
        hRe = t;
      }
      if (path.ground) {
        const turned = -2 * Math.PI * f * path.ground.lateS;
        const gRe = 1 + path.ground.gain * Math.cos(turned);
        const gIm = path.ground.gain * Math.sin(turned);
        const t = hRe * gRe - hIm * gIm;
        hIm = hRe * gIm + hIm * gRe;
        hRe = t;
      }
      const sRe = this.waveRe[k]!;
      const sIm = this.waveIm[k]!;
      this.re[k] = this.re[k]! + sRe * hRe - sIm * hIm;
      this.im[k] = this.im[k]! + sRe * hIm + sIm * hRe;
    }
  }

  /**
   * Adds the loaded wave through two scattered responses, interleaved: the real part is heard in open sight, the imaginary
   * part over roofs with `detourM`. Both have come `lengthM` through air and lost their highest part about `cornerHz`.
   */
  addScattered(responses: Float64Array, lengthM: number, cornerHz: number, detourM: number): void {
    const n = this.size;
    const out = new Float64Array(2 * n);
    fftOf(n).transform(out, responses);
    const edgeHz = (3 * this.#soundMps) / (40 * detourM);
    for (let k = 0; k <= n / 2; k++) {
      const f = k * this.stepHz;
      const mirror = 2 * ((n - k) % n);
      const aRe = (out[2 * k]! + out[mirror]!) / 2;
      const aIm = (out[2 * k + 1]! - out[mirror + 1]!) / 2;
      const bRe = (out[2 * k + 1]! + out[mirror + 1]!) / 2;
      const bIm = (out[mirror]! - out[2 * k]!) / 2;
      // What is noise already needs no phase: sizes of air, surface and edge.
      const size = Math.exp(-this.#nepers[k]! * lengthM) / (1 + (f / cornerHz) ** 2) ** 0.5;
      const screen = 1 / Math.sqrt(3 * Math.sqrt(1 + (f / edgeHz) ** 2));
      const hRe = size * (aRe + screen * bRe);
      const hIm = size * (aIm + screen * bIm);
      this.re[k] = this.re[k]! + this.waveRe[k]! * hRe - this.waveIm[k]! * hIm;
      this.im[k] = this.im[k]! + this.waveRe[k]! * hIm + this.waveIm[k]! * hRe;
    }
  }

  /** Samples of what was added; `picked` applies microphone and converter. */
  samples(picked: boolean): Float64Array {
    const spectrum = new Float64Array(2 * this.size);
    const n = this.size;
    for (let k = 0; k <= n / 2; k++) {
      const pRe = picked ? this.#pickRe[k]! : 1;
      const pIm = picked ? this.#pickIm[k]! : 0;
      const re = this.re[k]! * pRe - this.im[k]! * pIm;
      const im = this.re[k]! * pIm + this.im[k]! * pRe;
      spectrum[2 * k] = re;
      spectrum[2 * k + 1] = im;
      if (k > 0 && k < n / 2) {
        spectrum[2 * (n - k)] = re;
        spectrum[2 * (n - k) + 1] = -im;
      }
    }
    const out = new Float64Array(2 * n);
    fftOf(n).inverseTransform(out, spectrum);
    const real = new Float64Array(n);
    for (let i = 0; i < n; i++) real[i] = out[2 * i]!;
    return real;
  }

  /** Multiplies what was added by the spectrum of `response` (real samples): a convolution. */
  convolve(response: Float64Array): void {
    const out = new Float64Array(2 * this.size);
    fftOf(this.size).realTransform(out, response);
    for (let k = 0; k < this.re.length; k++) {
      const re = this.re[k]!;
      const im = this.im[k]!;
      this.re[k] = re * out[2 * k]! - im * out[2 * k + 1]!;
      this.im[k] = re * out[2 * k + 1]! + im * out[2 * k]!;
    }
  }
}
