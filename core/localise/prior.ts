/** What is known of the air and the muzzle's height before a shot is solved. */
import { airOf } from "./air.ts";
import type { Prior } from "./problem.ts";

export interface AirReport {
  /** The reading used, or the usual 15 where nobody read any. */
  airTempC: number;
  given: boolean;
  windFromDeg?: number;
  windMps?: number;
}

/** Muzzle above ground, metres. */
const MUZZLE_M = 1.5;
/** Where all nodes stand higher than any post, zero is not the ground. */
const HIGHEST_POST_M = 15;
/** Air temperature when nobody measured it: 15 degrees give or take ten, as a relative sigma of the speed of sound. */
const USUAL_TEMP_C = 15;
export const UNMEASURED_SPEED_SIGMA = 0.0175;

/** Most common reading of the arrivals, else the site's. */
export function airReport(
  readings: readonly number[],
  site: { airTempC?: number | undefined; windFromDeg?: number | undefined; windMps?: number | undefined },
): AirReport {
  const sorted = [...readings].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const airTempC = median ?? site.airTempC;
  return {
    airTempC: airTempC ?? USUAL_TEMP_C,
    given: airTempC !== undefined,
    ...(site.windMps ? { windFromDeg: site.windFromDeg ?? 0, windMps: site.windMps } : {}),
  };
}

/**
 * Muzzle height and its sigma. Where the ground is given, that and a person's arm. Otherwise from the nodes: heights up to 30 m, the
 * lowest that of a post, are those of posts and roofs above level ground at zero; any other heights are above the ellipsoid, the ground
 * is then some metres below the lowest node and as uncertain as the nodes differ.
 */
export function muzzleHeight(nodeUpM: readonly number[], groundAltM?: number): { upM: number; sigmaM: number } {
  if (groundAltM !== undefined) return { upM: groundAltM + MUZZLE_M, sigmaM: 0.5 };
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const up of nodeUpM) {
    low = Math.min(low, up);
    high = Math.max(high, up);
    sum += up;
  }
  if (nodeUpM.length === 0) return { upM: MUZZLE_M, sigmaM: 1 };
  if (low >= 0 && low <= HIGHEST_POST_M && high <= 30) return { upM: Math.min(MUZZLE_M, low), sigmaM: 1 };
  const mean = sum / nodeUpM.length;
  let spread = 0;
  for (const up of nodeUpM) spread += (up - mean) ** 2;
  spread = Math.sqrt(spread / nodeUpM.length);
  // Posts on level ground differ by a metre or two; more is terrain, in which the muzzle may stand anywhere.
  return spread < 3 ? { upM: low - 4, sigmaM: 3 } : { upM: mean - 4, sigmaM: Math.max(3, spread / 2) };
}

/**
 * Clocks and onsets err normally: all but 0.3 % of good arrivals keep their full weight. Where corners and roofs dominate,
 * the errors have long tails and a smaller bound gives the better place (1.345 costs 5 % of variance if they had none; Huber 1964).
 */
const ROUGH_PROPAGATION_S = 3e-3;

export function priorOf(
  air: AirReport,
  humidityPercent: number,
  muzzle: { upM: number; sigmaM: number },
  propagationSigmaS: number,
): Prior {
  return {
    air: airOf(air.airTempC, air.windFromDeg, air.windMps, humidityPercent),
    speedSigma: air.given ? 0 : UNMEASURED_SPEED_SIGMA,
    sourceUpM: muzzle.upM,
    sourceUpSigmaM: muzzle.sigmaM,
    huberK: propagationSigmaS >= ROUGH_PROPAGATION_S ? 1.3 : 3,
  };
}
