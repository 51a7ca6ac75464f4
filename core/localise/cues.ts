/**
 * What a node tells besides the instant: from where the blast came and, of a supersonic round, how long it travelled. Either may be
 * wrong altogether (a wall's image, another gun's shock wave), so each counts by a mixture of its sigma and chance: near what it says it
 * pulls as its sigma allows, far from it not at all (Barron's survey of such losses, CVPR 2019, section 3; here with a stated chance).
 */
import type { Arrival, ShockWave, UsedArrival } from "#contract/shot.ts";
import { rangeFromShockWave } from "#core/acoustics/shock-wave.ts";
import type { Heard, Prior } from "./problem.ts";
import type { Solution } from "./solve.ts";

/** One cue in so many is wrong altogether. */
const WRONG = 0.1;
const ROOT_2PI = Math.sqrt(2 * Math.PI);
/** Densities of a wrong cue: any direction; any travel within the two seconds in which a shot is heard. */
export const BEARING_CHANCE = 1 / (2 * Math.PI);
export const TRAVEL_CHANCE = 0.5;

/** What chance adds beside a Gaussian of height one. */
export function cueFloor(sigma: number, chance: number): number {
  return (WRONG * chance * sigma * ROOT_2PI) / (1 - WRONG);
}
/** Of a bound that only says "not nearer than this". */
export const LEAST_FLOOR = WRONG / (1 - WRONG);

/** Weight, 0 to 1, of a cue that is `u` sigmas off. */
export function cueWeight(u: number, floor: number): number {
  const near = Math.exp(-0.5 * u * u);
  return near / (floor + near);
}

/** As a squared residual, zero where it fits; its derivative is 2 `u` times the weight. */
export function cueCost(u: number, floor: number): number {
  return 2 * Math.log((floor + 1) / (floor + Math.exp(-0.5 * u * u)));
}

/** Log odds, against chance, that a cue adds where it fits exactly; half its cost comes off. */
export function cueGain(sigma: number, chance: number): number {
  return Math.log(((1 - WRONG) / (sigma * ROOT_2PI * chance)) * (1 + cueFloor(sigma, chance)));
}

/** The bearing that an arrival tells, or the two of which one is right; none without its sigma. A sure one is believed before a pair. */
export function bearingCueOf({
  bearingDeg,
  bearingsDeg,
  bearingSigmaDeg,
}: Pick<Arrival, "bearingDeg" | "bearingsDeg" | "bearingSigmaDeg">): Pick<
  Heard,
  "bearingRad" | "bearingMirrorRad" | "bearingSigmaRad"
> {
  const [oneDeg, otherDeg] = bearingDeg === undefined ? (bearingsDeg ?? []) : [bearingDeg];
  if (oneDeg === undefined || bearingSigmaDeg === undefined) return {};
  const rad = Math.PI / 180;
  return {
    bearingRad: oneDeg * rad,
    bearingSigmaRad: bearingSigmaDeg * rad,
    ...(otherDeg !== undefined && { bearingMirrorRad: otherDeg * rad }),
  };
}

/** Radians from the bearing seen from a place to that told, of two sides of a line of microphones to the nearer. */
export function bearingOff(told: number, mirror: number, seen: number): number {
  const turn = 2 * Math.PI;
  const off = told - seen - turn * Math.round((told - seen) / turn);
  const other = mirror - seen - turn * Math.round((mirror - seen) / turn);
  return Math.abs(other) < Math.abs(off) ? other : off;
}

/** Of two sides each has half the density: for chance and gain it is as if the sigma were twice as large. */
export const bearingSpread = (sigma: number, hasMirror: boolean) => (hasMirror ? 2 * sigma : sigma);

export interface TravelCue {
  travelS: number;
  travelSigmaS: number;
  /** The blast travelled at least that long. */
  travelLeast: boolean;
  side?: "left" | "right";
}

/** Wind, drag and a climbing barrel: what the flat picture of a shock wave leaves out. */
const MODEL_SHARE = 0.05;
/** The fastest rounds leave at 3.5 times the speed of sound: the blast travels at least so many leads. */
const LEAST_LEADS = 1 / (1 - 1 / 3.5);

/** How long the blast of a supersonic round travelled, by the lead of its shock wave: with both bearings, each sure of its side, to a share, else at least. */
export function travelCueOf(arrival: {
  shockWave?: ShockWave | undefined;
  bearingDeg?: number | undefined;
  bearingSigmaDeg?: number | undefined;
}): TravelCue | undefined {
  const { shockWave: shock, bearingDeg, bearingSigmaDeg } = arrival;
  if (!shock) return undefined;
  const range =
    bearingDeg === undefined || shock.bearingDeg === undefined
      ? undefined
      : rangeFromShockWave({
          leadS: shock.leadS,
          leadSigmaS: shock.sigmaS,
          blastBearingDeg: bearingDeg,
          blastSigmaDeg: Math.max(0.1, bearingSigmaDeg ?? 10),
          shockBearingDeg: shock.bearingDeg,
          shockSigmaDeg: Math.max(0.1, shock.bearingSigmaDeg ?? bearingSigmaDeg ?? 10),
          // At one metre per second a range is a travel time; the air's speed is the solver's to know.
          speedOfSoundMps: 1,
        });
  if (range) {
    const { rangeM: travelS, rangeSigmaM, side } = range;
    return { travelS, travelSigmaS: Math.hypot(rangeSigmaM, MODEL_SHARE * travelS), travelLeast: false, side };
  }
  const travelS = LEAST_LEADS * shock.leadS;
  const travelSigmaS = Math.hypot(LEAST_LEADS * shock.sigmaS, MODEL_SHARE * travelS);
  return { travelS, travelSigmaS, travelLeast: true };
}

/** How a node's cues agree with a solution. */
export function cuesAt(h: Heard, s: Solution, prior: Prior): UsedArrival["cues"] {
  const cues: NonNullable<UsedArrival["cues"]> = [];
  const dx = s.eastM - h.eastM;
  const dy = s.northM - h.northM;
  if (h.bearingRad !== undefined && h.bearingSigmaRad !== undefined) {
    const sigma = Math.max(h.bearingSigmaRad, LEAST_BEARING_SIGMA);
    const mirror = h.bearingMirrorRad ?? h.bearingRad;
    const off = bearingOff(h.bearingRad, mirror, Math.atan2(dx, dy));
    const weight = cueWeight(
      off / sigma,
      cueFloor(bearingSpread(sigma, h.bearingMirrorRad !== undefined), BEARING_CHANCE),
    );
    cues.push({ kind: "bearing", residualDeg: (off * 180) / Math.PI, sigmaDeg: (sigma * 180) / Math.PI, weight });
  }
  if (h.travel) {
    const { travelS, travelSigmaS, travelLeast, side } = h.travel;
    const rangeM = Math.hypot(dx, dy, s.upM - h.upM);
    const c = s.speedMps || prior.air.speedMps;
    const residualM = travelLeast ? Math.max(0, travelS * c - rangeM) : travelS * c - rangeM;
    const floor = travelLeast ? LEAST_FLOOR : cueFloor(travelSigmaS, TRAVEL_CHANCE);
    cues.push({
      kind: "range",
      rangeM: travelS * c,
      sigmaM: travelSigmaS * c,
      residualM,
      weight: cueWeight(residualM / (travelSigmaS * c), floor),
      ...(travelLeast ? { atLeast: true } : {}),
      ...(side ? { side } : {}),
    });
  }
  return cues.length > 0 ? cues : undefined;
}

/** No array tells a direction better than this, radians. */
export const LEAST_BEARING_SIGMA = 1e-3;
