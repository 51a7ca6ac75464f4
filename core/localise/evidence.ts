/** Computes the figures of a shot again from its arrivals alone, as an auditor would. */
import type { ShotFixed, ShotHeard, SolverRecord, UsedArrival } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { airOf, speedOfSoundMps, travelS } from "./air.ts";
import { shotProbability, WEIGHTS_UNTOLD } from "./belief.ts";
import { fromThree, noCandidates } from "./closed-form.ts";
import { bearingCueOf, cuesAt, travelCueOf } from "./cues.ts";
import { elevationOf } from "./elevation.ts";
import { frameAt } from "./geo.ts";
import { addRow, columnsFor, type Heard, type Prior } from "./problem.ts";
import { SURE } from "./shot-record.ts";
import { noSolution, predictS, type Solution, solve } from "./solve.ts";
import { ellipseOfSolution } from "./uncertainty.ts";

/** One figure, as stored and as computed again. */
export interface Check {
  figure: string;
  stored: number;
  recomputed: number;
  /** Largest difference that rounding explains. */
  tolerance: number;
  same: boolean;
}

/** All figures of one shot. Empty with a reason where the record does not say how it was solved. */
export function recomputeShot(shot: ShotFixed): { checks: Check[]; why?: string } {
  const record = shot.solver;
  if (!record) return { checks: [], why: "the record does not say under what assumptions it was solved" };
  if (shot.arrivals.length < 3) return { checks: [], why: "fewer than three arrivals" };
  const frame = frameAt(record.frame);
  const originNs = nsOfUtc(shot.arrivals[0]!.toa);
  const heard = shot.arrivals.map((one) => heardOf(one, record, frame, originNs));
  const prior: Prior = {
    air: { ...airOf(shot.airTempC, shot.windFromDeg, shot.windMps), speedMps: record.expectedSpeedMps },
    speedSigma: record.speedSigma,
    sourceUpM: record.muzzleAltM,
    sourceUpSigmaM: record.muzzleAltSigmaM,
    huberK: record.huberK,
  };
  const stored = frame.toLocal(shot.lat, shot.lon, 0);
  const solution = nearestSolution(heard, prior, stored.eastM, stored.northM);
  if (!solution) return { checks: [], why: "its arrivals allow no fix" };
  const at = frame.toWgs84(solution.eastM, solution.northM, solution.upM);
  const ellipse = ellipseOfSolution(solution);
  const checks: Check[] = [];
  const add = (figure: string, was: number, is: number, tolerance: number) =>
    checks.push({ figure, stored: was, recomputed: is, tolerance, same: Math.abs(was - is) <= tolerance });
  const timeS = Number(nsOfUtc(shot.time) - originNs) * 1e-9;
  add("lat", shot.lat, at.lat, 1e-8);
  add("lon", shot.lon, at.lon, 1e-8);
  add("time (s after the first arrival)", timeS, solution.t0S, 1e-6);
  add("ellipse95.semiMajorM", shot.ellipse95.semiMajorM, ellipse.semiMajorM, 1e-3 * (1 + ellipse.semiMajorM));
  add("ellipse95.semiMinorM", shot.ellipse95.semiMinorM, ellipse.semiMinorM, 1e-3 * (1 + ellipse.semiMinorM));
  const round = ellipse.semiMajorM - ellipse.semiMinorM < 1e-3 * ellipse.semiMajorM;
  const turn = Math.abs(((shot.ellipse95.azimuthDeg - ellipse.azimuthDeg + 270) % 180) - 90);
  add("ellipse95.azimuthDeg", shot.ellipse95.azimuthDeg, shot.ellipse95.azimuthDeg + (round ? 0 : turn), 0.1);
  add("speedOfSoundMps", shot.speedOfSoundMps, solution.speedMps, 1e-3);
  // Humid air is up to 0.6 % faster than the dry air of that temperature, and never slower.
  const dryMps = speedOfSoundMps(shot.airTempC);
  add(
    "expected speed of the air (m/s)",
    record.expectedSpeedMps,
    Math.min(dryMps * 1.006, Math.max(dryMps, record.expectedSpeedMps)),
    1e-3,
  );
  let sum2 = 0;
  for (const [k, h] of heard.entries()) {
    const residualS = h.toaS - predictS(solution, prior, h.eastM, h.northM, h.upM);
    sum2 += residualS * residualS;
    add(`residual of ${h.node} (s)`, shot.arrivals[k]!.residualS, residualS, 1e-6);
    const weight = Math.min(1, record.huberK / Math.max(1e-9, Math.abs(residualS) / h.sigmaS));
    add(`weight of ${h.node}`, shot.arrivals[k]!.weight, weight, 1e-3);
    // Records from before cues were told have none.
    const stated = shot.arrivals[k]!.cues;
    const cues = stated ? (cuesAt(h, solution, prior) ?? []) : [];
    for (const [i, cue] of cues.entries())
      add(`weight of ${h.node}'s ${cue.kind}`, stated![i]?.weight ?? Number.NaN, cue.weight, 1e-3);
  }
  add("rmsResidualS", shot.rmsResidualS, Math.sqrt(sum2 / heard.length), 1e-6);
  const { eastM, northM, upM } = solution;
  const elevation = elevationOf(heard, prior, solution);
  const belief = { direct: record.logOdds, share: record.share, eastM, northM, upM, elevation };
  const probability = shotProbability(heard, belief, record.beliefWeights ?? WEIGHTS_UNTOLD);
  add("probability", shot.probability, probability, 1e-4);
  if (heard.length <= 4 || record.share < SURE) add("marked unverified", shot.unverified ? 1 : 0, 1, 0);
  return { checks };
}

/** Residuals of the arrivals that were put out, from the nodes' own messages; those without a place of their own are left out. */
export function recomputeRejected(shot: ShotFixed, heard: readonly ShotHeard[]): Check[] {
  const record = shot.solver;
  if (!record) return [];
  const frame = frameAt(record.frame);
  const from = { ...frame.toLocal(shot.lat, shot.lon, record.solvedAltM), upM: record.solvedAltM };
  const air = { ...airOf(shot.airTempC, shot.windFromDeg, shot.windMps), speedMps: shot.speedOfSoundMps };
  const said = new Map(heard.map((message) => [message.id, message]));
  return shot.rejected.flatMap(({ id, node, residualS: stored }) => {
    const message = said.get(id);
    if (message?.lat === undefined || message.lon === undefined || message.altM === undefined) return [];
    const to = { ...frame.toLocal(message.lat, message.lon, message.altM), upM: message.altM };
    const recomputed = Number(nsOfUtc(message.toa) - nsOfUtc(shot.time)) * 1e-9 - travelS(air, from, to);
    const same = Math.abs(stored - recomputed) <= 1e-6;
    return [{ figure: `residual of ${id} (s), put out at ${node}`, stored, recomputed, tolerance: 1e-6, same }];
  });
}

function heardOf(one: UsedArrival, record: SolverRecord, frame: ReturnType<typeof frameAt>, originNs: bigint): Heard {
  const { eastM, northM } = frame.toLocal(one.lat, one.lon, one.altM);
  return {
    id: one.id,
    node: one.node,
    eastM,
    northM,
    upM: one.altM,
    toaS: Number(nsOfUtc(one.toa) - originNs) * 1e-9,
    sigmaS: Math.max(1e-5, Math.hypot(one.toaSigmaS, (one.posSigmaM ?? 0) / 340, record.propagationSigmaS)),
    ...bearingCueOf(one),
    travel: travelCueOf(one),
    probability: one.probability,
    echoProbability: one.echoProbability,
    classed: one.scores !== undefined,
    peakDbSpl: one.peakDbSpl,
    snrDb: one.snrDb,
  };
}

/** The solution, from closed-form starts of several threes, that lies nearest the stored place: three and four nodes may have two. */
function nearestSolution(heard: readonly Heard[], prior: Prior, eastM: number, northM: number): Solution | undefined {
  const columns = columnsFor(heard.length);
  for (const h of heard) addRow(columns, h);
  const all = Int32Array.from(heard, (_, i) => i);
  const candidates = noCandidates();
  let best: Solution | undefined;
  let bestM = Number.POSITIVE_INFINITY;
  const n = Math.min(heard.length, 6);
  for (let i = 0; i < n - 2; i++)
    for (let j = i + 1; j < n - 1; j++)
      for (let k = j + 1; k < n; k++) {
        fromThree(columns, i, j, k, prior, candidates);
        for (let s = 0; s < candidates.count; s++) {
          const out = noSolution();
          const { x, y, t0 } = candidates;
          if (!solve(columns, all, heard.length, prior, x[s]!, y[s]!, t0[s]!, out, { maxIterations: 40 })) continue;
          const apartM = Math.hypot(out.eastM - eastM, out.northM - northM);
          if (apartM < bestM) {
            bestM = apartM;
            best = out;
          }
        }
        if (bestM < 1e-4) return best;
      }
  return best;
}
