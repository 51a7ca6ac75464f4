/**
 * Made-up shots for this folder's tests and benchmarks, with the bound that no unbiased solver can beat.
 * Nothing here is shared with the solver or with `sim/`: travel times and the information matrix are worked out anew.
 */
import type { Heard } from "./problem.ts";

/** mulberry32: small, seeded, good enough for cases. */
export function randomFrom(seed: number) {
  let a = seed >>> 0;
  const uniform = (low = 0, high = 1): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 4294967296);
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const exponential = (mean: number): number => -mean * Math.log(1 - uniform());
  return { uniform, normal, exponential };
}
export type Random = ReturnType<typeof randomFrom>;

export interface CaseOptions {
  nodes: [number, number];
  sigmaS: [number, number];
  speedMps: number;
  /** Half width of the square over which nodes stand. */
  halfM: number;
  nodeUpM: [number, number];
  sourceUpM: number;
  /** Share of nodes that hear only an echo; of the others that hear one beside the direct sound. */
  echoOnly: number;
  extraEcho: number;
  falsePerShot: number;
  /** Share of clocks with `badSigmaS`, which they state. */
  badClocks: number;
  badSigmaS: number;
  missing: number;
}

export const cleanCase: CaseOptions = {
  nodes: [6, 9],
  sigmaS: [2e-4, 1e-3],
  speedMps: 343.2,
  halfM: 400,
  nodeUpM: [4, 9],
  sourceUpM: 1.5,
  echoOnly: 0,
  extraEcho: 0,
  falsePerShot: 0,
  badClocks: 0,
  badSigmaS: 0.02,
  missing: 0,
};

export interface ShotCase {
  eastM: number;
  northM: number;
  upM: number;
  t0S: number;
  heard: Heard[];
  /** The arrivals that are direct. */
  direct: Heard[];
  speedMps: number;
}

export function shotCase(random: Random, options: CaseOptions, t0S = 0, label = ""): ShotCase {
  const count = Math.floor(random.uniform(options.nodes[0], options.nodes[1] + 0.999));
  const half = options.halfM;
  const eastM = random.uniform(-0.7 * half, 0.7 * half);
  const northM = random.uniform(-0.7 * half, 0.7 * half);
  const sigma = random.uniform(options.sigmaS[0], options.sigmaS[1]);
  const heard: Heard[] = [];
  const direct: Heard[] = [];
  const places: { x: number; y: number }[] = [];
  while (places.length < count) {
    const x = random.uniform(-half, half);
    const y = random.uniform(-half, half);
    if (places.every((p) => Math.hypot(p.x - x, p.y - y) > half / 5)) places.push({ x, y });
  }
  const echoOnly = Math.floor(count * options.echoOnly + 1e-9);
  const bad = Math.floor(count * options.badClocks + 1e-9);
  for (const [k, { x, y }] of places.entries()) {
    if (random.uniform() < options.missing) continue;
    const upM = random.uniform(options.nodeUpM[0], options.nodeUpM[1]);
    const rangeM = Math.hypot(x - eastM, y - northM, upM - options.sourceUpM);
    const sigmaS = k >= count - bad ? options.badSigmaS : sigma;
    const node = `n${k}`;
    const arrive = (id: string, extraS: number): Heard => ({
      id: `${label}${node}-${id}`,
      node,
      eastM: x,
      northM: y,
      upM,
      toaS: t0S + rangeM / options.speedMps + extraS + sigmaS * random.normal(),
      sigmaS,
    });
    if (k < echoOnly) heard.push(arrive("e", random.uniform(0.01, 0.25)));
    else {
      const first = arrive("d", 0);
      heard.push(first);
      direct.push(first);
      if (random.uniform() < options.extraEcho) heard.push(arrive("x", random.uniform(0.01, 0.25)));
    }
  }
  for (let f = 0; f < options.falsePerShot; f++) {
    const near = heard[Math.floor(random.uniform(0, heard.length))];
    if (near) heard.push({ ...near, id: `${label}f${f}`, toaS: t0S + random.uniform(0, 2) });
  }
  heard.sort((a, b) => a.toaS - b.toaS);
  return { eastM, northM, upM: options.sourceUpM, t0S, heard, direct, speedMps: options.speedMps };
}

export interface FirstOrder {
  /** Cramér-Rao bound of these arrivals: variance of east plus north, m2; firing time always unknown. */
  boundM2: number;
  /** Squared error of the estimator that is linear at the true place: its expectation is the bound, so it takes the draw's luck out of a figure. */
  errorM2: number;
}

export function firstOrder(shot: ShotCase, arrivals: readonly Heard[], unknownSpeed = false): FirstOrder {
  const n = unknownSpeed ? 4 : 3;
  const info = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const right = new Array<number>(n).fill(0);
  for (const a of arrivals) {
    const r = Math.hypot(a.eastM - shot.eastM, a.northM - shot.northM, a.upM - shot.upM);
    const g = [
      (shot.eastM - a.eastM) / (r * shot.speedMps),
      (shot.northM - a.northM) / (r * shot.speedMps),
      1,
      -r / shot.speedMps,
    ];
    const noiseS = a.toaS - shot.t0S - r / shot.speedMps;
    const w = 1 / (a.sigmaS * a.sigmaS);
    for (let i = 0; i < n; i++) {
      right[i]! += w * g[i]! * noiseS;
      for (let j = 0; j < n; j++) info[i]![j]! += w * g[i]! * g[j]!;
    }
  }
  const inverse = invert(info);
  const offM = (row: number) => right.reduce((sum, x, j) => sum + inverse[row]![j]! * x, 0);
  return { boundM2: inverse[0]![0]! + inverse[1]![1]!, errorM2: offM(0) ** 2 + offM(1) ** 2 };
}

/** Gauss-Jordan with pivoting. */
function invert(matrix: readonly number[][]): number[][] {
  const n = matrix.length;
  const m = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(m[k]![i]!) > Math.abs(m[pivot]![i]!)) pivot = k;
    [m[i], m[pivot]] = [m[pivot]!, m[i]!];
    const d = m[i]![i]!;
    for (let j = 0; j < 2 * n; j++) m[i]![j]! /= d;
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const f = m[k]![i]!;
      for (let j = 0; j < 2 * n; j++) m[k]![j]! -= f * m[i]![j]!;
    }
  }
  return m.map((row) => row.slice(n));
}
