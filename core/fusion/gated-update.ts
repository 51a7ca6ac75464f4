/** One linear look at the errors, one to three rows, gated by its Mahalanobis distance. Work arrays are shared: fill, then call. */
import { cholesky, choleskyInverse } from "#core/algebra/cholesky.ts";
import { E, ERRORS, S } from "./pose-state.ts";
import { turn } from "./rotation.ts";

/** Rows of the look (row-major, 17 a row), residuals, and noise (rows x rows, row-major). */
export const look = new Float64Array(3 * ERRORS);
export const residual = new Float64Array(3);
export const noise = new Float64Array(9);

const spread = new Float64Array(3 * ERRORS);
const innovation = new Float64Array(9);
const inverse = new Float64Array(9);
const gain = new Float64Array(3 * ERRORS);
const shift = new Float64Array(ERRORS);
/** Natural logarithm of the determinant of the last innovation. */
let logDeterminant = 0;

/** Gates of 99.9 %, chi-square of one to three degrees. */
export const GATE = [0, 10.828, 13.816, 16.266] as const;

/** Squared Mahalanobis distance of the residual; Infinity where the innovation is not positive definite. */
export function distance2(s: Float64Array, rows: number): number {
  for (let m = 0; m < rows; m++)
    for (let i = 0; i < ERRORS; i++) {
      let sum = 0;
      const o = S.cov + i * ERRORS;
      for (let j = 0; j < ERRORS; j++) {
        const h = look[m * ERRORS + j]!;
        if (h !== 0) sum += s[o + j]! * h;
      }
      spread[m * ERRORS + i] = sum;
    }
  return invert(rows);
}

/** Innovation of `noise` as it stands, and the distance. */
function invert(rows: number): number {
  for (let m = 0; m < rows; m++)
    for (let n = 0; n <= m; n++) {
      let sum = noise[m * rows + n]!;
      for (let j = 0; j < ERRORS; j++) sum += look[m * ERRORS + j]! * spread[n * ERRORS + j]!;
      innovation[m * rows + n] = sum;
      innovation[n * rows + m] = sum;
    }
  if (!cholesky(innovation, rows)) return Number.POSITIVE_INFINITY;
  logDeterminant = 0;
  for (let m = 0; m < rows; m++) logDeterminant += 2 * Math.log(innovation[m * rows + m]!);
  choleskyInverse(innovation, rows, inverse);
  let d2 = 0;
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < rows; n++) d2 += residual[m]! * inverse[m * rows + n]! * residual[n]!;
  return d2;
}

/**
 * Probability that a look is true where a share `falseShare` of looks has errors of `falseSigma` more: likelihoods of the two compared.
 * Call after `distance2`; leaves `noise` as it was.
 */
export function trueProbability(rows: number, d2: number, falseShare: number, falseSigma: number): number {
  const logTrue = Math.log(1 - falseShare) - (logDeterminant + d2) / 2;
  for (let m = 0; m < rows; m++) noise[m * rows + m]! += falseSigma * falseSigma;
  const wide = invert(rows);
  const logFalse = Math.log(falseShare) - (logDeterminant + wide) / 2;
  for (let m = 0; m < rows; m++) noise[m * rows + m]! -= falseSigma * falseSigma;
  invert(rows);
  return 1 / (1 + Math.exp(logFalse - logTrue));
}

/** Innovation and its inverse again, after `noise` was changed. */
export function renewed(rows: number): void {
  invert(rows);
}

/**
 * Takes the look into `s` with the weight `belief` (1: wholly). With less, the covariance keeps what the residual leaves open
 * (probabilistic data association: Bar-Shalom, Daum and Huang, The probabilistic data association filter, 2009, eq. 44 to 47).
 */
export function take(s: Float64Array, rows: number, belief = 1): void {
  for (let i = 0; i < ERRORS; i++) {
    let sum = 0;
    for (let m = 0; m < rows; m++) {
      let k = 0;
      for (let n = 0; n < rows; n++) k += spread[n * ERRORS + i]! * inverse[n * rows + m]!;
      gain[m * ERRORS + i] = k;
      sum += k * residual[m]!;
    }
    shift[i] = sum;
  }
  const open = belief * (1 - belief);
  for (let i = 0; i < ERRORS; i++)
    for (let j = i; j < ERRORS; j++) {
      let sum = 0;
      for (let m = 0; m < rows; m++) sum += gain[m * ERRORS + i]! * spread[m * ERRORS + j]!;
      const left = s[S.cov + i * ERRORS + j]! - belief * sum + open * shift[i]! * shift[j]!;
      s[S.cov + i * ERRORS + j] = left;
      s[S.cov + j * ERRORS + i] = left;
    }
  for (let i = 0; i < 3; i++) {
    s[S.p + i]! += belief * shift[E.p + i]!;
    s[S.v + i]! += belief * shift[E.v + i]!;
    s[S.gyroBias + i]! += belief * shift[E.gyroBias + i]!;
    s[S.accelBias + i]! += belief * shift[E.accelBias + i]!;
  }
  turn(s, S.q, belief * shift[E.turn]!, belief * shift[E.turn + 1]!, belief * shift[E.turn + 2]!, false);
  s[S.scale]! += belief * shift[E.scale]!;
  s[S.latency]! += belief * shift[E.latency]!;
}
