/** Runs made-up shots through the whole of `locate` and counts what came of them, for benchmarks and tests. */
import type { Arrival } from "#contract/shot.ts";
import type { Site } from "#contract/site.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { type CaseOptions, cleanCase, firstOrder, randomFrom, type ShotCase, shotCase } from "./cases.ts";
import { frameAt } from "./geo.ts";
import { finalLocaliser, type LocaliserOptions } from "./localiser.ts";
import type { Shot } from "./shot-record.ts";
import { ellipseDistance2 } from "./uncertainty.ts";

const START_NS = 1_780_000_000_000_000_000n;
/** Shots of a run stand this far apart in time: longer than sound travels between the nodes of one. */
const APART_S = 8;
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });

export function arrivalsOf(shot: ShotCase): Arrival[] {
  return shot.heard.map((h) => {
    const at = frame.toWgs84(h.eastM, h.northM, h.upM);
    return {
      id: h.id,
      node: h.node,
      lat: at.lat,
      lon: at.lon,
      altM: h.upM,
      toa: utcOfNs(START_NS + BigInt(Math.round(h.toaS * 1e9))),
      toaSigmaS: h.sigmaS,
    };
  });
}

export interface Figures {
  shots: number;
  /** Share of the shots with five direct arrivals or more that were found within their ellipse three times or 10 m. */
  foundOfFive: number;
  found: number;
  rmseM: number;
  /** Root of the mean Cramér-Rao bound of the same arrivals. */
  boundM: number;
  /** RMSE over the bound; its own Monte-Carlo error is some hundredths where few shots of poor geometry carry the sum. */
  ratio: Estimate;
  /** The same with the luck of the draw taken out: by how much the squared errors exceed those of the estimator that is linear at the truth. */
  steadyRatio: Estimate;
  coverage95: number;
  /** 95th percentile of the error over shots with five direct arrivals or more, and the same of who knows the direct ones. */
  p95M: number;
  oracleP95M: number;
  /** Root mean square of that oracle's errors over all shots. */
  oracleRmseM: number;
  /** Fixes without a mark of doubt that lie outside three times their ellipse and over 10 m off, per shot. */
  confidentlyWrong: number;
  /** The same, whatever marks of doubt they carry. */
  wrong: number;
  invented: number;
  unverified: number;
  perShotUs: number;
}

export interface Estimate {
  value: number;
  /** One sigma, Monte Carlo. */
  sigma: number;
}

export interface RunOptions {
  count: number;
  seed: number;
  case?: Partial<CaseOptions>;
  site?: Partial<Site>;
  localiser?: LocaliserOptions;
  unknownSpeed?: boolean;
  /** Milliseconds, for `perShotUs`. */
  clock?: () => number;
}

export function figuresOf({
  count,
  seed,
  case: over,
  site,
  localiser: options,
  unknownSpeed,
  clock = () => 0,
}: RunOptions): Figures {
  const random = randomFrom(seed);
  const localiser = finalLocaliser({ airTempC: tempOf(cleanCase.speedMps), ...site }, options);
  const cases: ShotCase[] = [];
  const shots: Shot[] = [];
  let ms = 0;
  for (let k = 0; k < count; k++) {
    const one = shotCase(random, { ...cleanCase, ...over }, k * APART_S, `s${k}-`);
    cases.push(one);
    const arrivals = arrivalsOf(one);
    const startMs = clock();
    for (const arrival of arrivals) shots.push(...localiser.push(arrival).shots);
    ms += clock() - startMs;
  }
  const startMs = clock();
  shots.push(...localiser.flush());
  ms += clock() - startMs;
  return { ...judge(cases, shots, unknownSpeed ?? false), perShotUs: (1000 * ms) / count };
}

function judge(cases: readonly ShotCase[], shots: readonly Shot[], unknownSpeed: boolean): Omit<Figures, "perShotUs"> {
  const byCase = new Map<number, Shot[]>();
  for (const shot of shots) {
    const k = Math.round(Number(nsOfUtc(shot.time) - START_NS) / 1e9 / APART_S);
    byCase.set(k, [...(byCase.get(k) ?? []), shot]);
  }
  const errors: number[] = [];
  const squares: number[] = [];
  const bounds: number[] = [];
  const lucks: number[] = [];
  let [found, foundOfFive, five, covered, confidentlyWrong, wrong, invented, unverified] = new Array<number>(8).fill(
    0,
  ) as [number, number, number, number, number, number, number, number];
  for (const [k, one] of cases.entries()) {
    const candidates = (byCase.get(k) ?? []).map((shot) => ({ shot, ...offsetOf(shot, one) }));
    candidates.sort((a, b) => a.errorM - b.errorM);
    const enough = one.direct.length >= 5;
    if (enough) five++;
    const [best, ...rest] = candidates;
    invented += rest.length;
    if (!best) continue;
    found++;
    const off2 = ellipseDistance2(best.shot.ellipse95, best.eastM, best.northM);
    const bad = off2 > 9 && best.errorM > 10;
    if (bad) wrong++;
    const doubted = best.shot.unverified === true || (best.shot.alternatives?.length ?? 0) > 0;
    if (doubted) unverified++;
    if (bad && !doubted) confidentlyWrong++;
    if (off2 <= 1) covered++;
    if (enough) {
      errors.push(best.errorM);
      if (!bad) foundOfFive++;
    }
    const { boundM2, errorM2 } = firstOrder(one, one.direct, unknownSpeed);
    squares.push(best.errorM ** 2);
    bounds.push(boundM2);
    lucks.push(errorM2 - boundM2);
  }
  errors.sort((a, b) => a - b);
  const n = cases.length;
  return {
    shots: n,
    found: found / n,
    foundOfFive: foundOfFive / Math.max(1, five),
    rmseM: Math.sqrt(mean(squares)),
    boundM: Math.sqrt(mean(bounds)),
    ratio: rootRatio(squares, bounds),
    steadyRatio: rootRatio(
      squares.map((square, i) => square - lucks[i]!),
      bounds,
    ),
    coverage95: covered / Math.max(1, found),
    p95M: errors[Math.floor(0.95 * errors.length)] ?? Number.NaN,
    oracleP95M: percentile95(cases.filter((one) => one.direct.length >= 5).map(oracleM)),
    oracleRmseM: Math.sqrt(cases.reduce((sum, one) => sum + oracleM(one) ** 2, 0) / n),
    confidentlyWrong: confidentlyWrong / n,
    wrong: wrong / n,
    invented: invented / n,
    unverified: unverified / Math.max(1, found),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);

/** Root of the ratio of two sums, with its standard error by the delta method. */
function rootRatio(over: readonly number[], under: readonly number[]): Estimate {
  const square = mean(over) / mean(under);
  const spread = Math.sqrt(mean(over.map((x, i) => (x - square * under[i]!) ** 2)) / Math.max(1, over.length));
  const value = Math.sqrt(square);
  return { value, sigma: spread / mean(under) / (2 * value) };
}

function offsetOf(shot: Shot, one: ShotCase) {
  const at = frame.toLocal(shot.lat, shot.lon, 0);
  const eastM = one.eastM - at.eastM;
  const northM = one.northM - at.northM;
  return { eastM, northM, errorM: Math.hypot(eastM, northM) };
}

function percentile95(errors: number[]): number {
  errors.sort((p, q) => p - q);
  return errors[Math.floor(0.95 * errors.length)] ?? Number.NaN;
}

/** Error of plain Gauss-Newton from the true place on the direct arrivals alone: the maximum of the likelihood, which nobody who does not know them can expect to beat. */
function oracleM(one: ShotCase): number {
  let [x, y, b] = [one.eastM, one.northM, 0];
  for (let iteration = 0; iteration < 8; iteration++) {
    const h = [0, 0, 0, 0, 0, 0];
    const g = [0, 0, 0];
    for (const a of one.direct) {
      const r = Math.hypot(a.eastM - x, a.northM - y, a.upM - one.upM);
      const w = 1 / (one.speedMps * a.sigmaS) ** 2;
      const [u, v] = [(x - a.eastM) / r, (y - a.northM) / r];
      const residual = one.speedMps * (a.toaS - one.t0S) - b - r;
      h[0]! += w * u * u;
      h[1]! += w * u * v;
      h[2]! += w * u;
      h[3]! += w * v * v;
      h[4]! += w * v;
      h[5]! += w;
      g[0]! += w * u * residual;
      g[1]! += w * v * residual;
      g[2]! += w * residual;
    }
    const [dx, dy, db] = solve3(h as Six, g as Three);
    x += dx;
    y += dy;
    b += db;
  }
  return Math.hypot(x - one.eastM, y - one.northM);
}

type Three = [number, number, number];
type Six = [number, number, number, number, number, number];

/** Cramer's rule for a symmetric matrix a b c / b d e / c e f. */
function solve3([a, b, c, d, e, f]: Six, [p, q, r]: Three): Three {
  const det = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d);
  return [
    (p * (d * f - e * e) - b * (q * f - e * r) + c * (q * e - d * r)) / det,
    (a * (q * f - e * r) - p * (b * f - c * e) + c * (b * r - c * q)) / det,
    (a * (d * r - e * q) - b * (b * r - c * q) + p * (b * e - c * d)) / det,
  ];
}

/** The temperature at which dry air has that speed of sound (the inverse of 331.3 sqrt(1 + T / 273.15)). */
export function tempOf(speedMps: number): number {
  return 273.15 * ((speedMps / 331.3) ** 2 - 1);
}
