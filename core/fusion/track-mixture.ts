/**
 * One thing's place and speed as a few Gaussians: one where range is measured, several along the ray where only the direction is known
 * (range-parametrised filter: N. Peach, Bearings-only tracking using a set of range-parameterised extended Kalman filters, 1995).
 */
export const MOST_PARTS = 6;
/** x, y, vx, vy, then 4 x 4 covariance, then weight. */
const PART = 21;
const WEIGHT = 20;
/** Parts less likely than this are dropped. */
const LEAST_WEIGHT = 1e-3;
/** A mixture narrower than this share of its range becomes one Gaussian. */
const ONE_GAUSSIAN = 0.12;
/** Nearer than this, a direction says nothing more. */
const NEAREST_M = 0.3;

const GATE_99_9 = [0, 10.828, 13.816];
const h = new Float64Array(8);
const nu = new Float64Array(2);
const s = new Float64Array(4);
const ph = new Float64Array(8);
const r = new Float64Array(4);
const likes = new Float64Array(MOST_PARTS);

/** A sighting as numbers: sensor's place, azimuth, sigma, range and sigma (NaN: direction only), age against the track's time. */
export interface Seen {
  fromX: number;
  fromY: number;
  azimuth: number;
  azimuthSigma: number;
  range: number;
  rangeSigma: number;
  lagS: number;
}

export class TrackMixture {
  readonly #parts = new Float64Array(MOST_PARTS * PART);
  #count = 0;

  get parts(): number {
    return this.#count;
  }

  /** At the first sighting: speed unknown within `speedSigma`, range between the two where it was not measured. */
  begin(seen: Seen, speedSigma: number, nearestM: number, farthestM: number): void {
    const ranged = !Number.isNaN(seen.range);
    this.#count = ranged ? 1 : MOST_PARTS;
    const ratio = (farthestM / nearestM) ** (1 / MOST_PARTS);
    for (let k = 0; k < this.#count; k++) {
      const low = nearestM * ratio ** k;
      const range = ranged ? seen.range : (low * (1 + ratio)) / 2;
      const sigma = ranged ? seen.rangeSigma : (low * (ratio - 1)) / Math.sqrt(12);
      const o = k * PART;
      this.#parts.fill(0, o, o + PART);
      this.#parts[o] = seen.fromX + range * Math.cos(seen.azimuth);
      this.#parts[o + 1] = seen.fromY + range * Math.sin(seen.azimuth);
      polarNoise(seen.azimuth, range * seen.azimuthSigma, sigma);
      this.#parts[o + 4] = r[0]!;
      this.#parts[o + 5] = r[1]!;
      this.#parts[o + 8] = r[2]!;
      this.#parts[o + 9] = r[3]!;
      this.#parts[o + 14] = speedSigma * speedSigma;
      this.#parts[o + 19] = speedSigma * speedSigma;
      // Every place along the ray is as likely: a part weighs as much as it is long.
      this.#parts[o + WEIGHT] = ranged ? 1 : (low * (ratio - 1)) / (farthestM - nearestM);
    }
  }

  /** Forward by `dt` under white acceleration of density `q` (m2/s3). */
  predict(dt: number, q: number): void {
    const p = this.#parts;
    for (let k = 0; k < this.#count; k++) {
      const o = k * PART;
      p[o]! += p[o + 2]! * dt;
      p[o + 1]! += p[o + 3]! * dt;
      const c = o + 4;
      for (let j = 0; j < 4; j++) {
        p[c + j]! += dt * p[c + 8 + j]!;
        p[c + 4 + j]! += dt * p[c + 12 + j]!;
      }
      for (let i = 0; i < 4; i++) {
        p[c + 4 * i]! += dt * p[c + 4 * i + 2]!;
        p[c + 4 * i + 1]! += dt * p[c + 4 * i + 3]!;
      }
      for (let i = 0; i < 2; i++) {
        p[c + 5 * i]! += (q * dt ** 3) / 3;
        p[c + 5 * i + 2]! += (q * dt * dt) / 2;
        p[c + 5 * i + 8]! += (q * dt * dt) / 2;
        p[c + 5 * i + 10]! += q * dt;
      }
    }
  }

  /** Likelihood density of the sighting (per rad, or per m2 with range); 0 outside every part's gate of 99.9 %. */
  likelihood(seen: Seen): number {
    let sum = 0;
    for (let k = 0; k < this.#count; k++) sum += this.#parts[k * PART + WEIGHT]! * this.#compare(k, seen);
    return sum;
  }

  /** Takes the sighting: every part by its own filter, weights by their likelihoods. */
  update(seen: Seen): void {
    const p = this.#parts;
    const rows = Number.isNaN(seen.range) ? 1 : 2;
    let total = 0;
    for (let k = 0; k < this.#count; k++) {
      likes[k] = this.#compare(k, seen);
      total += p[k * PART + WEIGHT]! * likes[k]!;
      if (likes[k]! > 0) this.#correct(k * PART, rows);
    }
    // Nobody's gate held it: all stay as they were.
    if (total === 0) return;
    for (let k = 0; k < this.#count; k++) p[k * PART + WEIGHT]! *= likes[k]!;
    let kept = 0;
    let left = 0;
    for (let k = 0; k < this.#count; k++) {
      const weight = p[k * PART + WEIGHT]! / total;
      if (weight < LEAST_WEIGHT) continue;
      p.copyWithin(kept * PART, k * PART, (k + 1) * PART);
      p[kept * PART + WEIGHT] = weight;
      left += weight;
      kept++;
    }
    this.#count = kept;
    for (let k = 0; k < kept; k++) p[k * PART + WEIGHT]! /= left;
    if (kept > 1) this.#joinIfNarrow(seen);
  }

  /** Mean (x, y, vx, vy) and 4 x 4 covariance of the whole. */
  moments(mean: Float64Array, covariance: Float64Array): void {
    const p = this.#parts;
    mean.fill(0, 0, 4);
    covariance.fill(0, 0, 16);
    for (let k = 0; k < this.#count; k++)
      for (let i = 0; i < 4; i++) mean[i]! += p[k * PART + WEIGHT]! * p[k * PART + i]!;
    for (let k = 0; k < this.#count; k++) {
      const o = k * PART;
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++)
          covariance[4 * i + j]! +=
            p[o + WEIGHT]! * (p[o + 4 + 4 * i + j]! + (p[o + i]! - mean[i]!) * (p[o + j]! - mean[j]!));
    }
  }

  /** Range from a place that the thing is within with probability `share`. */
  rangeWithin(fromX: number, fromY: number, share: number): number {
    let low = 0;
    let high = 1e5;
    for (let i = 0; i < 40; i++) {
      const mid = (low + high) / 2;
      let below = 0;
      for (let k = 0; k < this.#count; k++) {
        const o = k * PART;
        const [dx, dy] = [this.#parts[o]! - fromX, this.#parts[o + 1]! - fromY];
        const range = Math.max(Math.hypot(dx, dy), NEAREST_M);
        const [a, b] = [dx / range, dy / range];
        const c = o + 4;
        const along = a * a * this.#parts[c]! + 2 * a * b * this.#parts[c + 1]! + b * b * this.#parts[c + 5]!;
        // Logistic approximation of the normal distribution, within 1 %.
        below += this.#parts[o + WEIGHT]! / (1 + Math.exp((-1.702 * (mid - range)) / Math.sqrt(along)));
      }
      if (below < share) low = mid;
      else high = mid;
    }
    return (low + high) / 2;
  }

  copyFrom(other: TrackMixture): void {
    this.#parts.set(other.#parts);
    this.#count = other.#count;
  }

  /** Fills residual, rows and innovation of part `k`; its likelihood, 0 outside the gate. */
  #compare(k: number, seen: Seen): number {
    const p = this.#parts;
    const o = k * PART;
    const x = p[o]! - p[o + 2]! * seen.lagS;
    const y = p[o + 1]! - p[o + 3]! * seen.lagS;
    const ranged = !Number.isNaN(seen.range);
    const rows = ranged ? 2 : 1;
    h.fill(0);
    if (ranged) {
      polarNoise(seen.azimuth, seen.range * seen.azimuthSigma, seen.rangeSigma);
      h[0] = 1;
      h[2] = -seen.lagS;
      h[5] = 1;
      h[7] = -seen.lagS;
      nu[0] = seen.fromX + seen.range * Math.cos(seen.azimuth) - x;
      nu[1] = seen.fromY + seen.range * Math.sin(seen.azimuth) - y;
    } else {
      const [dx, dy] = [x - seen.fromX, y - seen.fromY];
      const square = Math.max(dx * dx + dy * dy, NEAREST_M ** 2);
      h[0] = -dy / square;
      h[1] = dx / square;
      h[2] = -h[0] * seen.lagS;
      h[3] = -h[1] * seen.lagS;
      const off = seen.azimuth - Math.atan2(dy, dx);
      nu[0] = off - 2 * Math.PI * Math.round(off / (2 * Math.PI));
      r[0] = seen.azimuthSigma ** 2;
    }
    const c = o + 4;
    for (let m = 0; m < rows; m++)
      for (let i = 0; i < 4; i++) {
        let sum = 0;
        for (let j = 0; j < 4; j++) sum += p[c + 4 * i + j]! * h[4 * m + j]!;
        ph[4 * m + i] = sum;
      }
    for (let m = 0; m < rows; m++)
      for (let n = 0; n < rows; n++) {
        let sum = r[m * rows + n]!;
        for (let j = 0; j < 4; j++) sum += h[4 * m + j]! * ph[4 * n + j]!;
        s[m * rows + n] = sum;
      }
    const det = rows === 1 ? s[0]! : s[0]! * s[3]! - s[1]! * s[2]!;
    const d2 =
      rows === 1
        ? nu[0]! ** 2 / det
        : (s[3]! * nu[0]! ** 2 - (s[1]! + s[2]!) * nu[0]! * nu[1]! + s[0]! * nu[1]! ** 2) / det;
    if (!(d2 <= GATE_99_9[rows]!)) return 0;
    return Math.exp(-d2 / 2) / ((2 * Math.PI) ** (rows / 2) * Math.sqrt(det));
  }

  /** By what `#compare` left. */
  #correct(o: number, rows: number): void {
    const p = this.#parts;
    const det = rows === 1 ? s[0]! : s[0]! * s[3]! - s[1]! * s[2]!;
    const inverse = rows === 1 ? [1 / det] : [s[3]! / det, -s[1]! / det, -s[2]! / det, s[0]! / det];
    for (let i = 0; i < 4; i++)
      for (let m = 0; m < rows; m++) {
        let gain = 0;
        for (let n = 0; n < rows; n++) gain += ph[4 * n + i]! * inverse[n * rows + m]!;
        p[o + i]! += gain * nu[m]!;
        for (let j = 0; j < 4; j++) p[o + 4 + 4 * i + j]! -= gain * ph[4 * m + j]!;
      }
    // What is not symmetric would grow from look to look.
    for (let i = 1; i < 4; i++)
      for (let j = 0; j < i; j++) {
        const both = (p[o + 4 + 4 * i + j]! + p[o + 4 + 4 * j + i]!) / 2;
        p[o + 4 + 4 * i + j] = both;
        p[o + 4 + 4 * j + i] = both;
      }
  }

  #joinIfNarrow(seen: Seen): void {
    this.moments(mean, whole);
    const [dx, dy] = [mean[0]! - seen.fromX, mean[1]! - seen.fromY];
    const square = dx * dx + dy * dy;
    const along = (dx * dx * whole[0]! + 2 * dx * dy * whole[1]! + dy * dy * whole[5]!) / square;
    if (along > ONE_GAUSSIAN ** 2 * square) return;
    this.#parts.set(mean, 0);
    this.#parts.set(whole, 4);
    this.#parts[WEIGHT] = 1;
    this.#count = 1;
  }
}

const mean = new Float64Array(4);
const whole = new Float64Array(16);

/** Noise of a place given by direction and range, into `r`. */
function polarNoise(azimuth: number, across: number, along: number): void {
  const [c, n] = [Math.cos(azimuth), Math.sin(azimuth)];
  r[0] = along * along * c * c + across * across * n * n;
  r[1] = (along * along - across * across) * c * n;
  r[2] = r[1];
  r[3] = along * along * n * n + across * across * c * c;
}
