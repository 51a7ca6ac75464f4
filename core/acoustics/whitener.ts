/**
 * Takes off a sound what its own past foretells: an autoregressive model of the noise before an impulse is fitted, and what it fails
 * to foretell is kept. Wind and engines, however loud, are foretold; a wavefront is not. (Autocorrelation method, Levinson's
 * recursion: Makhoul, "Linear prediction", Proc. IEEE 63, 1975. For first arrivals: Leonard and Kennett, PEPI 113, 1999.)
 */

const ORDER = 12;
/** The model is fitted where at least this many samples a coefficient are there. */
const SAMPLES_EACH = 12;
/** White noise laid under what the model is fitted to, part of its power: a hum that is foretold altogether leaves a division by zero. */
const WHITE_PART = 1e-7;

export class Whitener {
  readonly #tapered: Float64Array;
  readonly #lags = new Float64Array(ORDER + 1);
  readonly #a = new Float64Array(ORDER + 1);
  readonly #old = new Float64Array(ORDER + 1);

  /** @param samples of noise at most. */
  constructor(samples: number) {
    this.#tapered = new Float64Array(samples);
  }

  /** Index of the first sample that is whitened, where sound begins at `valid`. */
  from(valid: number): number {
    return valid + ORDER + 1;
  }

  /**
   * Fits the model to `window[valid .. noiseTo)` and writes to `to` what it fails to foretell; zeros before `from(valid)`. False, and
   * nothing is written, where there is too little noise to fit it to.
   */
  whiten(window: Float64Array, to: Float64Array, valid: number, noiseTo: number): boolean {
    if (noiseTo - valid < SAMPLES_EACH * ORDER || !this.#fit(window, valid, noiseTo)) return false;
    const a = this.#a;
    const from = this.from(valid);
    to.fill(0, 0, Math.min(to.length, from));
    for (let i = from; i < window.length; i++) {
      let sum = 0;
      for (let k = 0; k <= ORDER; k++) sum += a[k]! * window[i - k]!;
      to[i] = sum;
    }
    return true;
  }

  #fit(window: Float64Array, from: number, to: number): boolean {
    const [x, r, a, old] = [this.#tapered, this.#lags, this.#a, this.#old];
    const n = to - from;
    let mean = 0;
    for (let i = from; i < to; i++) mean += window[i]! / n;
    // Hann's taper: without it the strong low end leaks into the weak high one.
    for (let i = 0; i < n; i++) {
      x[i] = (window[from + i]! - mean) * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / n));
    }
    for (let k = 0; k <= ORDER; k++) {
      let sum = 0;
      for (let i = k; i < n; i++) sum += x[i]! * x[i - k]!;
      r[k] = sum;
    }
    if (!(r[0]! > 0)) return false;
    r[0] = r[0]! * (1 + WHITE_PART);
    a.fill(0);
    a[0] = 1;
    let left = r[0]!;
    for (let m = 1; m <= ORDER; m++) {
      let sum = r[m]!;
      for (let k = 1; k < m; k++) sum += a[k]! * r[m - k]!;
      const reflection = -sum / left;
      old.set(a);
      for (let k = 1; k < m; k++) a[k] = old[k]! + reflection * old[m - k]!;
      a[m] = reflection;
      left *= 1 - reflection * reflection;
      if (!(left > 0)) return false;
    }
    return true;
  }
}
