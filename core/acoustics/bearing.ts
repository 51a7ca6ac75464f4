/**
 * Direction of arrival at a node with two to four microphones.
 * Generalised cross-correlation with the maximum-likelihood (Hannan-Thomson) weighting, which is PHAT where the signal stands out
 * and discounts the bands where noise does; its variance is the bound it attains (Knapp and Carter, IEEE Trans. ASSP 24(4), 1976, eq. 33).
 */
import FFT from "fft.js";

/** A microphone relative to the node's position, metres. */
export interface MicrophonePlace {
  eastM: number;
  northM: number;
  upM: number;
}

export interface BearingAsk {
  /** Simultaneous sound of all microphones, full scale = 1, with `noiseS` of noise before the onset. */
  channels: readonly Float32Array[];
  sampleRateHz: number;
  places: readonly MicrophonePlace[];
  /** Index of the impulse's first arrival in `channels`, to a millisecond or so. */
  onsetIndex: number;
  speedOfSoundMps: number;
  /** One sigma of each microphone's place, metres; default 1 mm. */
  placeSigmaM?: number;
}

export type Bearing =
  | { kind: "bearing"; bearingDeg: number; sigmaDeg: number }
  /** Microphones in one line cannot tell the two sides of it apart. */
  | { kind: "ambiguous"; bearingsDeg: readonly [number, number]; sigmaDeg: number }
  | { kind: "unsolved"; why: string };

/** Weights estimated from the one impulse they weigh cost this much against the bound with known spectra (measured: 1.2 to 1.3). */
const weightsCost = 1.3;
const windowBeforeS = 0.002;
const windowAfterS = 0.006;

/** Bearing from which the sound came, degrees clockwise from north, with one sigma. */
export function bearingOf(ask: BearingAsk): Bearing {
  const { channels, places, sampleRateHz, onsetIndex } = ask;
  if (channels.length < 2 || channels.length > 4 || channels.length !== places.length) {
    return {
      kind: "unsolved",
      why: `needs 2 to 4 microphones with a place each, got ${channels.length} and ${places.length}`,
    };
  }
  const length = Math.round((windowBeforeS + windowAfterS) * sampleRateHz);
  const from = Math.round(onsetIndex - windowBeforeS * sampleRateHz);
  if (from < 2 * length || from + length > (channels[0]?.length ?? 0)) {
    return { kind: "unsolved", why: "too little sound around the onset" };
  }
  const spectra = channels.map((samples) => spectrumOf(samples, from, length));
  const pairs: Delay[] = [];
  for (let j = 1; j < channels.length; j++) {
    const baselineM = distanceM(places[0]!, places[j]!);
    const limit = (baselineM / ask.speedOfSoundMps) * sampleRateHz + 2;
    const delay = delayOf(spectra[0]!, spectra[j]!, limit, length);
    if (!delay) return { kind: "unsolved", why: `microphones 1 and ${j + 1} have no coherent sound` };
    pairs.push({ s: delay.samples / sampleRateHz, varS2: delay.varSamples2 / sampleRateHz ** 2 });
  }
  return directionOf(pairs, ask);
}

interface Delay {
  s: number;
  varS2: number;
}

interface Spectrum {
  /** Interleaved re, im. */
  values: Float64Array;
  /** Power per bin of the impulse's window and mean noise power per bin, both averaged over neighbouring bins. */
  power: Float64Array;
  noise: Float64Array;
  size: number;
}

/** Spectrum of the window and of the noise before it; tapered at both ends so that the cut does not click. */
function spectrumOf(samples: Float32Array, from: number, length: number): Spectrum {
  let size = 1;
  while (size < 2 * length) size *= 2;
  const fft = new FFT(size);
  const input = new Float64Array(size);
  const output = fft.createComplexArray();
  const noise = new Float64Array(size / 2);
  const taper = Math.max(4, Math.round(length / 10));
  const transform = (start: number) => {
    input.fill(0);
    for (let i = 0; i < length; i++) {
      const edge = Math.min(i, length - 1 - i);
      const gain = edge < taper ? 0.5 - 0.5 * Math.cos((Math.PI * (edge + 0.5)) / taper) : 1;
      input[i] = gain * (samples[start + i] ?? 0);
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

/** Delay of b against a in samples (positive: b hears it later), with the Knapp-Carter variance. */
function delayOf(a: Spectrum, b: Spectrum, limit: number, length: number) {
  const { size } = a;
  const re = new Float64Array(size / 2);
  const im = new Float64Array(size / 2);
  let information = 0;
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
    re[k] = (weight * crossRe) / magnitude;
    im[k] = (weight * crossIm) / magnitude;
    information += ((2 * Math.PI * k) / size) ** 2 * weight;
  }
  // Bins of the zero-padded transform are not independent: only `length` of the `size` are.
  information *= (2 * length) / size;
  if (!(information > 0)) return undefined;
  const at = (lag: number) => {
    let sum = 0;
    for (let k = 1; k < size / 2; k++) {
      const phase = (2 * Math.PI * k * lag) / size;
      sum += re[k]! * Math.cos(phase) - im[k]! * Math.sin(phase);
    }
    return sum;
  };
  let best = 0;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let lag = -Math.ceil(limit); lag <= limit; lag += 0.5) {
    const value = at(lag);
    if (value > bestValue) [best, bestValue] = [lag, value];
  }
  let step = 0.5;
  for (let i = 0; i < 6; i++) {
    const before = at(best - step);
    const after = at(best + step);
    const here = at(best);
    const curvature = before - 2 * here + after;
    if (curvature < 0) best += (0.5 * step * (before - after)) / curvature;
    step /= 3;
  }

  return { samples: best, varSamples2: weightsCost ** 2 / information };
}

/** Plane wave through all microphones: weighted least squares of the horizontal direction. */
function directionOf(
  pairs: readonly Delay[],
  { places, speedOfSoundMps: c, placeSigmaM = 0.001 }: BearingAsk,
): Bearing {
  const first = places[0]!;
  const placeVarS2 = (placeSigmaM / c) ** 2;
  // Delays to microphone 1 share its noise: covariance is half the variance, as for equal microphones.
  const rows = pairs.map((pair, i) => ({
    x: (places[i + 1]!.eastM - first.eastM) / c,
    y: (places[i + 1]!.northM - first.northM) / c,
    t: pair.s,
    v: pair.varS2 + 2 * placeVarS2,
  }));
  const shared = Math.min(...rows.map((row) => row.v)) / 2;
  // Inverse of D + shared * 11' by Sherman-Morrison, D diagonal.
  const d = rows.map((row) => 1 / (row.v - shared));
  const k = shared / (1 + shared * d.reduce((sum, x) => sum + x, 0));
  const form = (a: (i: number) => number, b: (i: number) => number) => {
    let sum = 0;
    let wa = 0;
    let wb = 0;
    for (let i = 0; i < rows.length; i++) {
      sum += a(i) * d[i]! * b(i);
      wa += a(i) * d[i]!;
      wb += b(i) * d[i]!;
    }
    return sum - k * wa * wb;
  };
  const x = (i: number) => rows[i]!.x;
  const y = (i: number) => rows[i]!.y;
  const t = (i: number) => rows[i]!.t;
  const xx = form(x, x);
  const xy = form(x, y);
  const yy = form(y, y);
  const determinant = xx * yy - xy * xy;
  if (determinant < 1e-6 * (xx + yy) ** 2) return oneLine(rows);
  // Wave travels along (px, py); the sound comes from the opposite side.
  const px = (yy * form(x, t) - xy * form(y, t)) / determinant;
  const py = (xx * form(y, t) - xy * form(x, t)) / determinant;
  const norm = Math.hypot(px, py);
  if (norm < 0.2) return { kind: "unsolved", why: "the sound came from above: no horizontal direction" };
  if (norm > 1.5) return { kind: "unsolved", why: "delays between the microphones fit no plane wave" };
  // Sigma across the direction of travel: n' P n with n normal to p and P the inverse of the information matrix.
  const nx = -py / norm;
  const ny = px / norm;
  const across = (nx * nx * yy - 2 * nx * ny * xy + ny * ny * xx) / determinant;
  return {
    kind: "bearing",
    bearingDeg: degreesFromNorth(-px, -py),
    sigmaDeg: (Math.sqrt(across) / norm) * (180 / Math.PI),
  };
}

/** All microphones in one line: the angle to that line, on either side of it. */
function oneLine(rows: readonly { x: number; y: number; t: number; v: number }[]): Bearing {
  const longest = rows.reduce((a, b) => (Math.hypot(b.x, b.y) > Math.hypot(a.x, a.y) ? b : a));
  const lengthS = Math.hypot(longest.x, longest.y);
  if (lengthS === 0) return { kind: "unsolved", why: "the microphones stand in one place" };
  const cos = Math.max(-1, Math.min(1, -longest.t / lengthS));
  const axisDeg = degreesFromNorth(longest.x, longest.y);
  const angleDeg = Math.acos(cos) * (180 / Math.PI);
  const sigmaCos = Math.sqrt(longest.v) / lengthS;
  const sin = Math.sqrt(1 - cos * cos);
  // Near the line's own direction the cosine is flat: there the sigma of the angle goes with its square root.
  const sigmaDeg = Math.min(sigmaCos / Math.max(sin, 1e-9), Math.sqrt(2 * sigmaCos)) * (180 / Math.PI);
  return { kind: "ambiguous", bearingsDeg: [circle(axisDeg - angleDeg), circle(axisDeg + angleDeg)], sigmaDeg };
}

const distanceM = (a: MicrophonePlace, b: MicrophonePlace) =>
  Math.hypot(a.eastM - b.eastM, a.northM - b.northM, a.upM - b.upM);
const circle = (deg: number) => ((deg % 360) + 360) % 360;
const degreesFromNorth = (east: number, north: number) => circle(Math.atan2(east, north) * (180 / Math.PI));
