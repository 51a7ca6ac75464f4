/**
 * Where a node may stand other than its file says, from the residuals of shots that it was used in. A node that stands `d`
 * from its given place hears a shot later by `u . d / c`, with `u` the direction from the shot to the node; a slow clock adds
 * the same to all. Estimated by weighted least squares with a weak prior, reported, never applied.
 */
import { cholesky, choleskyInverse, choleskySolve } from "#core/algebra/cholesky.ts";

export interface DoubtSample {
  node: string;
  /** Unit vector from the shot to the node. */
  eastward: number;
  northward: number;
  /** Observed minus predicted by the other nodes, seconds, and its sigma. */
  residualS: number;
  sigmaS: number;
  speedMps: number;
}

export interface PositionDoubt {
  eastM: number;
  northM: number;
  /** One sigma of each axis. */
  sigmaM: number;
  /** What is common to all shots: the clock. */
  clockS: number;
  shots: number;
}

export interface DoubtBook {
  add(sample: DoubtSample): void;
  of(node: string): PositionDoubt | undefined;
  /** Nodes whose offset is more than `sigmas` of its own sigma and more than `leastM`. */
  suspicious(sigmas?: number, leastM?: number): { node: string; doubt: PositionDoubt }[];
}

/** Before any shot a node is believed to stand within this, and its clock to go within that. */
const PRIOR_M = 20;
const MOST_NODES = 200_000;
/** Old shots fade: a node that was moved is believed again after some hundred. */
const FADE = 0.995;

interface Sums {
  /** Normal matrix (3 x 3, row-major) and right side, metres. */
  a: Float64Array;
  b: Float64Array;
  shots: number;
  speedMps: number;
}

export function doubtBook(): DoubtBook {
  const nodes = new Map<string, Sums>();

  function of(node: string): PositionDoubt | undefined {
    const sums = nodes.get(node);
    if (!sums || sums.shots < 3) return undefined;
    const factor = sums.a.slice();
    for (let i = 0; i < 3; i++) factor[i * 3 + i]! += 1 / (PRIOR_M * PRIOR_M);
    if (!cholesky(factor, 3)) return undefined;
    const x = sums.b.slice();
    choleskySolve(factor, 3, x);
    const covariance = new Float64Array(9);
    choleskyInverse(factor, 3, covariance);
    return {
      eastM: x[0]!,
      northM: x[1]!,
      sigmaM: Math.sqrt(Math.max(covariance[0]!, covariance[4]!)),
      clockS: x[2]! / sums.speedMps,
      shots: sums.shots,
    };
  }

  return {
    add({ node, eastward, northward, residualS, sigmaS, speedMps }) {
      let sums = nodes.get(node);
      if (!sums) {
        if (nodes.size >= MOST_NODES) return;
        sums = { a: new Float64Array(9), b: new Float64Array(3), shots: 0, speedMps };
        nodes.set(node, sums);
      }
      const g = [eastward, northward, 1];
      const w = 1 / (sigmaS * speedMps) ** 2;
      const pathM = residualS * speedMps;
      for (let i = 0; i < 3; i++) {
        sums.b[i] = FADE * sums.b[i]! + w * g[i]! * pathM;
        for (let j = 0; j < 3; j++) sums.a[i * 3 + j] = FADE * sums.a[i * 3 + j]! + w * g[i]! * g[j]!;
      }
      sums.shots++;
    },
    of,
    suspicious(sigmas = 4, leastM = 1) {
      const out: { node: string; doubt: PositionDoubt }[] = [];
      for (const node of nodes.keys()) {
        const doubt = of(node);
        if (!doubt) continue;
        const offM = Math.hypot(doubt.eastM, doubt.northM);
        if (offM > leastM && offM > sigmas * doubt.sigmaM) out.push({ node, doubt });
      }
      return out;
    },
  };
}
