/** Short-time Fourier transform for the evidence pictures. Pure; no allocation inside the loop over frames. */

export interface Spectrogram {
  /** Power in dB relative to the loudest bin (0), `frames` columns of `bins`, lowest frequency first. */
  db: Float32Array;
  frames: number;
  bins: number;
  hopS: number;
  binHz: number;
}

/** Power of a frame below one step of a 16-bit sample: silence stays dark instead of being scaled up. */
const SILENCE = 1e-6;

/** Floor of the picture: quieter bins all look the same. */
export const FLOOR_DB = -60;

/** In-place radix-2 FFT (Cooley and Tukey 1965), `re.length` a power of two. */
export function fft(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1;
    const step = (-2 * Math.PI) / size;
    for (let k = 0; k < half; k++) {
      const [wr, wi] = [Math.cos(step * k), Math.sin(step * k)];
      for (let start = 0; start < n; start += size) {
        const [a, b] = [start + k, start + k + half];
        const tr = re[b]! * wr - im[b]! * wi;
        const ti = re[b]! * wi + im[b]! * wr;
        re[b] = re[a]! - tr;
        im[b] = im[a]! - ti;
        re[a]! += tr;
        im[a]! += ti;
      }
    }
  }
}

/** Hann-windowed frames of `size` samples; at least one frame, the last one padded with silence. */
export function spectrogram(samples: Float32Array, sampleRateHz: number, size = 512, hop = size / 4): Spectrogram {
  const frames = Math.max(1, Math.ceil((samples.length - size) / hop) + 1);
  const bins = size / 2;
  const db = new Float32Array(frames * bins);
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  let loudest = SILENCE;
  for (let f = 0; f < frames; f++) {
    for (let i = 0; i < size; i++) re[i] = (samples[f * hop + i] ?? 0) * window[i]!;
    im.fill(0);
    fft(re, im);
    for (let k = 0; k < bins; k++) {
      const power = re[k]! ** 2 + im[k]! ** 2;
      db[f * bins + k] = power;
      if (power > loudest) loudest = power;
    }
  }
  for (let i = 0; i < db.length; i++) db[i] = Math.max(FLOOR_DB, 10 * Math.log10(Math.max(db[i]!, 1e-20) / loudest));
  return { db, frames, bins, hopS: hop / sampleRateHz, binHz: sampleRateHz / size };
}

/** Cividis (Nunez, Anderton and Renslow 2018, doi 10.1371/journal.pone.0199239): alike for people with and without colour blindness. */
const cividis: readonly (readonly [number, number, number])[] = [
  [0, 32, 76],
  [0, 42, 102],
  [43, 68, 109],
  [71, 84, 108],
  [94, 101, 111],
  [117, 118, 119],
  [142, 136, 120],
  [168, 155, 114],
  [196, 176, 103],
  [226, 198, 84],
  [255, 233, 69],
];

/** RGB of a level 0 to 1. */
export function shade(level: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, level)) * (cividis.length - 1);
  const i = Math.min(cividis.length - 2, Math.floor(at));
  const [a, b, t] = [cividis[i]!, cividis[i + 1]!, at - i];
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** Lifts the quiet parts of a sound above the dark. */
const GAMMA = 0.75;

/** Median level of the picture: at least half of it is background, and background should be dark. At most -20 dB, so that a picture of nothing but sound keeps its range. */
function noiseFloorDb(of: Spectrogram, height: number): number {
  const levels = new Float32Array(of.frames * height);
  for (let f = 0; f < of.frames; f++) levels.set(of.db.subarray(f * of.bins, f * of.bins + height), f * height);
  levels.sort();
  return Math.min(-20, levels[levels.length >> 1]!);
}

/** RGBA pixels, `frames` wide and as many rows as bins up to `topHz`, high frequencies on top. */
export function spectrogramPixels(
  of: Spectrogram,
  topHz = Infinity,
): { width: number; height: number; rgba: Uint8ClampedArray<ArrayBuffer> } {
  const height = Math.max(1, Math.min(of.bins, Math.ceil(topHz / of.binHz)));
  const rgba = new Uint8ClampedArray(of.frames * height * 4);
  const floor = noiseFloorDb(of, height);
  for (let f = 0; f < of.frames; f++) {
    for (let k = 0; k < height; k++) {
      const [r, g, b] = shade(Math.max(0, 1 - of.db[f * of.bins + k]! / floor) ** GAMMA);
      const at = ((height - 1 - k) * of.frames + f) * 4;
      rgba[at] = r;
      rgba[at + 1] = g;
      rgba[at + 2] = b;
      rgba[at + 3] = 255;
    }
  }
  return { width: of.frames, height, rgba };
}

/** Lowest and highest sample in each of `columns` equal stretches: a waveform that loses no peak. */
export function peaks(samples: Float32Array, columns: number): { low: Float32Array; high: Float32Array } {
  const low = new Float32Array(columns);
  const high = new Float32Array(columns);
  for (let c = 0; c < columns; c++) {
    const from = Math.floor((c * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((c + 1) * samples.length) / columns));
    for (let i = from; i < to && i < samples.length; i++) {
      const x = samples[i]!;
      if (x < low[c]!) low[c] = x;
      if (x > high[c]!) high[c] = x;
    }
  }
  return { low, high };
}
