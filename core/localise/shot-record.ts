/** From a solved association to the fields that cross the wire. */
import type { Arrival, RejectedArrival, ShotFixed, UsedArrival } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import type { AssociatedShot } from "./association.ts";
import { shotProbability, WEIGHTS } from "./belief.ts";
import { cuesAt } from "./cues.ts";
import { elevationOf } from "./elevation.ts";
import type { Frame } from "./geo.ts";
import type { AirReport } from "./prior.ts";
import type { Heard } from "./problem.ts";
import { oneEchoMisleads } from "./reliability.ts";
import { predictS, predictVarianceS2 } from "./solve.ts";
import { ellipseOfSolution } from "./uncertainty.ts";

/** A shot without the envelope of its message; `solvedMs` is the caller's to measure. */
export type Shot = Omit<ShotFixed, "v" | "id" | "node" | "at" | "model" | "configSha256"> & { id: string };

/** A heard arrival with the message it came from. */
export interface Known extends Heard {
  arrival: Arrival;
  lat: number;
  lon: number;
  toaNs: bigint;
  posSigmaM?: number;
}

/** This much belief in one place, and the fix counts as verified. */
export const SURE = 0.95;

export interface RecordContext {
  frame: Frame;
  originNs: bigint;
  air: AirReport;
  propagationSigmaS: number;
  id: string;
  incident: string;
  version: number;
}

export function shotRecord(shot: AssociatedShot, around: readonly Known[], context: RecordContext): Shot {
  const { frame, originNs, air } = context;
  const { solution } = shot.hypothesis;
  const at = frame.toWgs84(solution.eastM, solution.northM, solution.upM);
  const used = (shot.used as Known[]).toSorted((a, b) => a.toaS - b.toaS || (a.id < b.id ? -1 : 1));
  const arrivals: UsedArrival[] = [];
  let sum2 = 0;
  for (const h of used) {
    const residualS = h.toaS - predictS(solution, shot.prior, h.eastM, h.northM, h.upM);
    sum2 += residualS * residualS;
    const cues = cuesAt(h, solution, shot.prior);
    arrivals.push({
      id: h.id,
      node: h.node,
      lat: h.lat,
      lon: h.lon,
      altM: h.upM,
      toa: h.arrival.toa,
      toaSigmaS: h.arrival.toaSigmaS,
      ...carried(h),
      ...(cues && { cues }),
      residualS,
      weight: Math.min(1, shot.prior.huberK / Math.max(1e-9, Math.abs(residualS) / h.sigmaS)),
    });
  }
  const ellipse95 = ellipseOfSolution(solution);
  const alternatives = shot.rivals.map(({ hypothesis, share }) => {
    const place = frame.toWgs84(hypothesis.solution.eastM, hypothesis.solution.northM, hypothesis.solution.upM);
    return { lat: place.lat, lon: place.lon, ellipse95: ellipseOfSolution(hypothesis.solution), probability: share };
  });
  const elevation = elevationOf(used, shot.prior, solution);
  const unverified = used.length <= 4 || shot.share < SURE || oneEchoMisleads(used, shot.prior, solution);
  return {
    id: context.id,
    time: utcOfNs(originNs + BigInt(Math.round(solution.t0S * 1e9))),
    lat: at.lat,
    lon: at.lon,
    ellipse95,
    probability: shotProbability(used, {
      direct: shot.hypothesis.direct,
      share: shot.share,
      eastM: solution.eastM,
      northM: solution.northM,
      upM: solution.upM,
      elevation,
    }),
    nodesUsed: used.map((h) => h.node),
    rejected: rejectedOf(shot, around),
    ...(alternatives.length > 0 ? { alternatives } : {}),
    ...(unverified ? { unverified: true } : {}),
    incident: context.incident,
    version: context.version,
    rmsResidualS: Math.sqrt(sum2 / used.length),
    solvedMs: 0,
    arrivals,
    solver: {
      frame: frame.origin,
      muzzleAltM: shot.prior.sourceUpM,
      muzzleAltSigmaM: shot.prior.sourceUpSigmaM,
      solvedAltM: solution.upM,
      expectedSpeedMps: shot.prior.air.speedMps,
      speedSigma: shot.prior.speedSigma,
      propagationSigmaS: context.propagationSigmaS,
      huberK: shot.prior.huberK,
      logOdds: shot.hypothesis.direct,
      share: shot.share,
      beliefWeights: [...WEIGHTS],
    },
    ...(elevation && { elevation }),
    airTempC: air.airTempC,
    speedOfSoundMps: solution.speedMps,
    ...(air.windMps ? { windFromDeg: air.windFromDeg ?? 0, windMps: air.windMps } : {}),
  };
}

/** What of the arrival an auditor needs beside time and place. */
function carried(h: Known): Partial<UsedArrival> {
  const { probability, peakDbSpl, snrDb, shockWave, echoProbability, scores } = h.arrival;
  const { bearingDeg, bearingsDeg, bearingSigmaDeg } = h.arrival;
  const bearing = { bearingDeg, bearingsDeg, bearingSigmaDeg };
  const all = { posSigmaM: h.posSigmaM, probability, peakDbSpl, snrDb, ...bearing, shockWave, echoProbability, scores };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Seconds before and after the predicted arrival within which an unused one is told of. */
const EARLY_S = 1;
const LATE_S = 2;
const MOST_REJECTED = 100;

function rejectedOf(shot: AssociatedShot, around: readonly Known[]): RejectedArrival[] {
  const usedIds = new Set(shot.used.map((h) => h.id));
  const usedNodes = new Set(shot.used.map((h) => h.node));
  const rejected: RejectedArrival[] = [];
  for (const h of around) {
    if (usedIds.has(h.id)) continue;
    const { solution } = shot.hypothesis;
    const residualS = h.toaS - predictS(solution, shot.prior, h.eastM, h.northM, h.upM);
    if (residualS < -EARLY_S || residualS > LATE_S) continue;
    const sigmaS = Math.sqrt(h.sigmaS * h.sigmaS + predictVarianceS2(solution, shot.prior, h.eastM, h.northM, h.upM));
    rejected.push({ id: h.id, node: h.node, why: reason(h, residualS, sigmaS, usedNodes.has(h.node)), residualS });
    if (rejected.length >= MOST_REJECTED) break;
  }
  return rejected.sort((a, b) => Math.abs(a.residualS) - Math.abs(b.residualS));
}

function reason(h: Known, residualS: number, sigmaS: number, nodeIsUsed: boolean): RejectedArrival["why"] {
  if (nodeIsUsed && Math.abs(residualS) < 4 * sigmaS + 0.004) return "duplicate";
  if (h.sigmaS > 0.01 && Math.abs(residualS) < 8 * sigmaS) return "clock";
  if ((h.probability ?? 1) < 0.2) return "weak";
  if (residualS < 0) return residualS > -0.3 ? "early" : "unrelated";
  if (residualS < 0.6) return "echo";
  return residualS < 1.2 ? "late" : "unrelated";
}
