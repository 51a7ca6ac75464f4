/**
 * Energies and peaks of four bands in hops of about a millisecond: what the impulse detector looks at.
 * A far shot keeps only what is below about 1.5 kHz, a near one reaches far above: whichever band stands out most counts.
 * The bands overlap, so that a short wave is whole in one of them: its peak then stands out where its energy does not.
 */

/** 120 to 800 Hz, 300 to 2500 Hz, above 300 Hz, above 1500 Hz. Below 120 Hz there is wind and engines. */
export const BANDS = 4;
const WIND_HZ = 120;
const FAR_HZ = 800;
const MIDDLE_HZ = 300;
const BRIGHT_HZ = 2500;
const TOP_HZ = 1500;

type Kind = "low" | "high";

/** Second-order Butterworth section, coefficients b0 b1 b2 a1 a2 (R. Bristow-Johnson, "Audio EQ cookbook"). */
function butterworth(kind: Kind, cutHz: number, rateHz: number): number[] {
  const w = (2 * Math.PI * Math.min(cutHz, 0.45 * rateHz)) / rateHz;
  const c = Math.cos(w);
  const alpha = Math.sin(w) * Math.SQRT1_2;
  const a0 = 1 + alpha;
  const b1 = kind === "low" ? 1 - c : -(1 + c);
  const b0 = Math.abs(b1) / 2;
  return [b0 / a0, b1 / a0, b0 / a0, (-2 * c) / a0, (1 - alpha) / a0];
}

const SECTIONS = 5;
const WIDTH = 7;

export class BandEnergies {
  /** Samples of one hop. */
  readonly hop: number;
  /** Energies of the newest whole hop: mean squares, one a band. */
  readonly energies = new Float64Array(BANDS);
  /** Largest squares of the newest whole hop, one a band. */
  readonly peaks = new Float64Array(BANDS);
  /** Samples of the newest hop that were not exactly zero. */
  nonZero = 0;
  readonly #sums = new Float64Array(BANDS);
  #nonZero = 0;
  readonly #tops = new Float64Array(BANDS);
  #filled = 0;
  /** Five sections of 5 coefficients and 2 states. */
  readonly #s: Float64Array;

  constructor(sampleRateHz: number) {
    this.hop = Math.max(4, Math.round(sampleRateHz / 1000));
    const sections = [
      butterworth("high", WIND_HZ, sampleRateHz),
      butterworth("low", FAR_HZ, sampleRateHz),
      butterworth("high", MIDDLE_HZ, sampleRateHz),
      butterworth("low", BRIGHT_HZ, sampleRateHz),
      butterworth("high", TOP_HZ, sampleRateHz),
    ];
    this.#s = new Float64Array(SECTIONS * WIDTH);
    sections.forEach((section, i) => {
      this.#s.set(section, i * WIDTH);
    });
  }

  /** Forgets the filters' past, as after lost samples. */
  reset(): void {
    for (let i = 0; i < SECTIONS; i++) this.#s.fill(0, i * WIDTH + 5, i * WIDTH + 7);
    this.#sums.fill(0);
    this.#filled = 0;
    this.#nonZero = 0;
    this.#tops.fill(0);
  }

  /** Takes samples from `from` on until a hop is whole or the block ends; returns the index after the last one taken. */
  take(block: Float32Array, from: number): number {
    const s = this.#s;
    const to = Math.min(block.length, from + this.hop - this.#filled);
    let h1 = s[5]!;
    let h2 = s[6]!;
    let l1 = s[12]!;
    let l2 = s[13]!;
    let m1 = s[19]!;
    let m2 = s[20]!;
    let n1 = s[26]!;
    let n2 = s[27]!;
    let t1 = s[33]!;
    let t2 = s[34]!;
    let low = 0;
    let mid = 0;
    let top = 0;
    let nonZero = 0;
    let all = 0;
    const tops = this.#tops;
    let lowTop = tops[0]!;
    let midTop = tops[1]!;
    let allTop = tops[2]!;
    let topTop = tops[3]!;
    for (let i = from; i < to; i++) {
      const x = block[i]!;
      if (x !== 0) nonZero++;
      // Transposed direct form II; the tiny offset keeps the states out of denormals in silence.
      const h = s[0]! * x + h1;
      h1 = s[1]! * x - s[3]! * h + h2 + 1e-30;
      h2 = s[2]! * x - s[4]! * h;
      const l = s[7]! * h + l1;
      l1 = s[8]! * h - s[10]! * l + l2;
      l2 = s[9]! * h - s[11]! * l;
      const m = s[14]! * h + m1;
      m1 = s[15]! * h - s[17]! * m + m2;
      m2 = s[16]! * h - s[18]! * m;
      const n = s[21]! * m + n1;
      n1 = s[22]! * m - s[24]! * n + n2;
      n2 = s[23]! * m - s[25]! * n;
      const t = s[28]! * m + t1;
      t1 = s[29]! * m - s[31]! * t + t2;
      t2 = s[30]! * m - s[32]! * t;
      const ll = l * l;
      const nn = n * n;
      const mm = m * m;
      const tt = t * t;
      low += ll;
      mid += nn;
      all += mm;
      top += tt;
      if (ll > lowTop) lowTop = ll;
      if (nn > midTop) midTop = nn;
      if (mm > allTop) allTop = mm;
      if (tt > topTop) topTop = tt;
    }
    s[5] = h1;
    s[6] = h2;
    s[12] = l1;
    s[13] = l2;
    s[19] = m1;
    s[20] = m2;
    s[26] = n1;
    s[27] = n2;
    s[33] = t1;
    s[34] = t2;
    this.#sums[0]! += low;
    this.#sums[1]! += mid;
    this.#sums[2]! += all;
    this.#sums[3]! += top;
    tops[0] = lowTop;
    tops[1] = midTop;
    tops[2] = allTop;
    tops[3] = topTop;
    this.#nonZero += nonZero;
    this.#filled += to - from;
    return to;
  }

  /** True once after each whole hop; `energies`, `peaks` and `nonZero` are then those of the hop. */
  whole(): boolean {
    if (this.#filled < this.hop) return false;
    for (let b = 0; b < BANDS; b++) {
      this.energies[b] = this.#sums[b]! / this.hop;
      this.peaks[b] = this.#tops[b]!;
      this.#sums[b] = 0;
      this.#tops[b] = 0;
    }
    this.nonZero = this.#nonZero;
    this.#nonZero = 0;
    this.#filled = 0;
    return true;
  }
}
