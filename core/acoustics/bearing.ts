/**
 * Direction of arrival at a node with two to four microphones: the delays of all pairs, judged before they are believed. A microphone
 * that hears nothing of what the others hear is left out; echoes on top of each other, or cables that were swapped, give no bearing.
 */
import { cholesky, choleskySolve } from "#core/algebra/cholesky.ts";
import { type Delay, delayOf, spectrumOf } from "./delay.ts";

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

/** `leftOut`: index of a microphone that heard something else than the others, which agree. */
export type Bearing =
  | { kind: "bearing"; bearingDeg: number; sigmaDeg: number; leftOut?: number }
  /** Microphones in one line cannot tell the two sides of it apart. */
  | { kind: "ambiguous"; bearingsDeg: readonly [number, number]; sigmaDeg: number; leftOut?: number }
  /** `misplaced`: the microphones agree on the sound, but its delays are those of no plane wave over these places. */
  | { kind: "unsolved"; why: string; misplaced?: boolean };

/**
 * Least peak of two microphones that hear one wave. Measured: 0.68 and more in street noise 20 dB below the blast, 0.8 in white noise 10 dB
 * below it, 0.65 with an echo at 0.7 of it; three such echoes give 0.5.
 */
const LEAST_PEAK = 0.65;
/** Mean peak of a faulty microphone with the others, at most: dead, inverted, stuck or in noise of its own it has 0.1 to 0.3. */
const STRANGER_PEAK = 0.5;
/** Around a triangle delays add up to nothing: to this many sigmas, and to what an echo bends the peaks by. */
const CLOSURE_SIGMAS = 5;
const CLOSURE_SLACK_S = 1e-5;
/** Least distance between two microphones seen from above: places are known to a millimetre or so. */
export const LEAST_SPREAD_M = 0.01;
/** A bearing less sure than this tells nothing. */
const MOST_SIGMA_DEG = 45;
/** Squared misfit of the delays to a plane wave, in variances: four sigmas. */
const MOST_MISFIT = 16;
/** Where places good to `placeSigmaM` do not fit, places measured with a tape may, with the sigma that follows. */
const TAPE_SIGMA_M = 0.004;
/** One sigma of the sine of the elevation from which a shot comes at microphones on a post. */
const ELEVATION_SIGMA = 0.2;
/** Of a delay against what sound along the line would take, at most: cold air, wind, and places measured with a tape. */
const MOST_SLOWNESS = 1.25;
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
  // The longest way for every pair: cables that were swapped then show as delays that cannot be, not as sound of no kin.
  const longestM = Math.max(...places.flatMap((a) => places.map((b) => distanceM(a, b))));
  const limitS = longestM / ask.speedOfSoundMps + 2 / sampleRateHz;
  const delays = channels.map((_, i) =>
    channels.map((_, j) => (i < j ? delayOf(spectra[i]!, spectra[j]!, limitS, length, sampleRateHz) : undefined)),
  );
  const between: Between = (i, j) => delays[Math.min(i, j)]![Math.max(i, j)];
  const all = channels.map((_, i) => i);
  const [leftOut] = agree(all, between) ? [] : all.filter((i) => isStranger(i, all, between));
  const use = all.filter((i) => i !== leftOut);
  if (!agree(use, between)) return { kind: "unsolved", why: "the microphones hear no single wave" };
  const found = sureOf(directionOf(use, between, ask));
  return leftOut === undefined || found.kind === "unsolved" ? found : { ...found, leftOut };
}

/** Greatest distance between two of the microphones as seen from above, metres: without one there is no bearing. */
export function horizontalSpreadM(places: readonly MicrophonePlace[]): number {
  return Math.max(0, ...places.flatMap((a) => places.map((b) => Math.hypot(a.eastM - b.eastM, a.northM - b.northM))));
}

/** The same, or unsolved where a figure is none or the sigma says nothing. */
function sureOf(found: Bearing): Bearing {
  if (found.kind === "unsolved") return found;
  const angles = found.kind === "bearing" ? [found.bearingDeg] : found.bearingsDeg;
  // Not finite is not less than the limit.
  return angles.every(Number.isFinite) && found.sigmaDeg <= MOST_SIGMA_DEG
    ? found
    : { kind: "unsolved", why: "the microphones stand too close to one another to tell a direction" };
}

/** Delay of a pair, that of the higher index against the lower; undefined where nothing stands out of the noise. */
type Between = (i: number, j: number) => Delay | undefined;

/** All pairs hear one wave, and their delays add up around every triangle. */
function agree(use: readonly number[], between: Between): boolean {
  for (const [n, i] of use.entries()) {
    for (const [m, j] of use.entries()) {
      if (m <= n) continue;
      const ij = between(i, j);
      if (!ij || ij.peak < LEAST_PEAK) return false;
      for (const k of use.slice(m + 1)) {
        const [jk, ik] = [between(j, k), between(i, k)];
        if (!jk || !ik) return false;
        const sigmaS = Math.sqrt(ij.varS2 + jk.varS2 + ik.varS2);
        if (Math.abs(ij.s + jk.s - ik.s) > CLOSURE_SIGMAS * sigmaS + CLOSURE_SLACK_S) return false;
      }
    }
  }
  return true;
}

/** This one alone is at odds: the others, two at least, agree. */
function isStranger(stranger: number, all: readonly number[], between: Between): boolean {
  const others = all.filter((i) => i !== stranger);
  const mean = others.reduce((sum, i) => sum + (between(i, stranger)?.peak ?? 0), 0) / others.length;
  return others.length >= 2 && mean < STRANGER_PEAK && agree(others, between);
}

interface Row {
  x: number;
  y: number;
  z: number;
  t: number;
  varS2: number;
}

/** Plane wave through all microphones: weighted least squares of the horizontal direction, its elevation unknown. */
function directionOf(use: readonly number[], between: Between, ask: BearingAsk): Bearing {
  const { places, speedOfSoundMps: c, placeSigmaM = 0.001 } = ask;
  const spreadM = horizontalSpreadM(use.map((i) => places[i]!));
  if (!(spreadM >= LEAST_SPREAD_M)) {
    return { kind: "unsolved", why: "the microphones stand in one place, or above one another" };
  }
  const first = places[use[0]!]!;
  const rows = use.slice(1).map((j): Row => {
    const { s, varS2 } = between(use[0]!, j)!;
    const { eastM, northM, upM } = places[j]!;
    return { x: (eastM - first.eastM) / c, y: (northM - first.northM) / c, z: (upM - first.upM) / c, t: s, varS2 };
  });
  if (isOneLine(rows, (placeSigmaM / c) ** 2)) return oneLine(rows, (placeSigmaM / c) ** 2);
  let fit = planeWave(rows, (placeSigmaM / c) ** 2);
  if (fit.misfit > MOST_MISFIT) fit = planeWave(rows, (TAPE_SIGMA_M / c) ** 2);
  const { px, py, across, misfit } = fit;
  const norm = Math.hypot(px, py);
  if (norm > MOST_SLOWNESS || misfit > MOST_MISFIT) {
    return { kind: "unsolved", why: "delays between the microphones fit no plane wave", misplaced: true };
  }
  if (norm < 0.2) return { kind: "unsolved", why: "the sound came from above: no horizontal direction" };
  return {
    kind: "bearing",
    bearingDeg: degreesFromNorth(-px, -py),
    sigmaDeg: (Math.sqrt(across) / norm) * (180 / Math.PI),
  };
}

/** Slowness times c, along which the wave travels (1: level), its variance across that, and what the delays lack of it. */
function planeWave(rows: readonly Row[], placeVarS2: number) {
  const n = rows.length;
  const factor = new Float64Array(n * n);
  // Delays to one microphone share its noise: covariance is half the variance, as for equal microphones.
  const shared = Math.min(...rows.map((row) => row.varS2)) / 2 + placeVarS2;
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      const own = i === j ? a.varS2 + 2 * placeVarS2 : shared;
      factor[i * n + j] = own + ELEVATION_SIGMA ** 2 * a.z * b.z;
    }
  }
  cholesky(factor, n);
  const solved = (of: (row: Row) => number) => {
    const b = Float64Array.from(rows, of);
    choleskySolve(factor, n, b);
    return b;
  };
  const dot = (of: (row: Row) => number, b: Float64Array) => rows.reduce((sum, row, i) => sum + of(row) * b[i]!, 0);
  const [sx, sy] = [solved(({ x }) => x), solved(({ y }) => y)];
  const [xx, xy, yy] = [dot(({ x }) => x, sx), dot(({ y }) => y, sx), dot(({ y }) => y, sy)];
  const [xt, yt] = [dot(({ t }) => t, sx), dot(({ t }) => t, sy)];
  const determinant = xx * yy - xy * xy;
  const px = (yy * xt - xy * yt) / determinant;
  const py = (xx * yt - xy * xt) / determinant;
  const lack = ({ x, y, t }: Row) => t - px * x - py * y;
  // n' P n with n normal to p and P the inverse of the information matrix.
  const norm = Math.hypot(px, py);
  const [nx, ny] = [-py / norm, px / norm];
  const across = (nx * nx * yy - 2 * nx * ny * xy + ny * ny * xx) / determinant;
  return { px, py, across, misfit: dot(lack, solved(lack)) };
}

/** Also where they leave the line by no more than their places are known to: which side it was is then chance. */
function isOneLine(rows: readonly Row[], placeVarS2: number): boolean {
  const xx = rows.reduce((sum, { x }) => sum + x * x, 0);
  const yy = rows.reduce((sum, { y }) => sum + y * y, 0);
  const xy = rows.reduce((sum, { x, y }) => sum + x * y, 0);
  return xx * yy - xy * xy <= (xx + yy) * Math.max(1e-6 * (xx + yy), 4 * placeVarS2);
}

/** All microphones in one line: the angle to that line, on either side of it. */
function oneLine(rows: readonly Row[], placeVarS2: number): Bearing {
  const longest = rows.reduce((a, b) => (Math.hypot(b.x, b.y) > Math.hypot(a.x, a.y) ? b : a));
  const lengthS = Math.hypot(longest.x, longest.y);
  // A line that climbs hears a shot above or below by more than its length on the map.
  if (Math.abs(longest.t) > MOST_SLOWNESS * Math.hypot(lengthS, longest.z)) {
    return { kind: "unsolved", why: "delays between the microphones fit no plane wave", misplaced: true };
  }
  const cos = Math.max(-1, Math.min(1, -longest.t / lengthS));
  const axisDeg = degreesFromNorth(longest.x, longest.y);
  const angleDeg = Math.acos(cos) * (180 / Math.PI);
  // A shot above or below bends the cosine by a share that grows with the square of its elevation's sine.
  const elevationVar = (0.5 * cos * ELEVATION_SIGMA ** 2) ** 2 + (ELEVATION_SIGMA * (longest.z / lengthS)) ** 2;
  const sigmaCos = Math.sqrt((longest.varS2 + 2 * placeVarS2) / lengthS ** 2 + elevationVar);
  const sin = Math.sqrt(1 - cos * cos);
  // Near the line's own direction the cosine is flat: there the sigma of the angle goes with its square root.
  const sigmaDeg = Math.min(sigmaCos / Math.max(sin, 1e-9), Math.sqrt(2 * sigmaCos)) * (180 / Math.PI);
  return { kind: "ambiguous", bearingsDeg: [circle(axisDeg - angleDeg), circle(axisDeg + angleDeg)], sigmaDeg };
}

const distanceM = (a: MicrophonePlace, b: MicrophonePlace) =>
  Math.hypot(a.eastM - b.eastM, a.northM - b.northM, a.upM - b.upM);
const circle = (deg: number) => ((deg % 360) + 360) % 360;
const degreesFromNorth = (east: number, north: number) => circle(Math.atan2(east, north) * (180 / Math.PI));
