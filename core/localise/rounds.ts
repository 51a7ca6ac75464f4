/** What the rounds of an incident say together: how many shooters, whether they moved, how fast they fired. */
import type { IncidentState } from "#contract/incident.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { frameAt } from "./geo.ts";
import { CHI2_2_95 } from "./uncertainty.ts";

export interface BurstPattern {
  rounds: number;
  /** Seconds from each round to the next. */
  gapsS: number[];
  shooters: NonNullable<IncidentState["shooters"]>;
  /** From the first round's place to the last's, where one shooter can have walked it. */
  movedM?: NonNullable<IncidentState["movedM"]>;
}

/** Nobody runs faster with a weapon in hand. */
const RUN_MPS = 8;
/** Standardised distance between two rounds above which they are not from one place: 1 in 10,000 by chance. */
const APART_CHI2 = 18.4;

interface Round {
  s: number;
  x: number;
  y: number;
  ee: number;
  en: number;
  nn: number;
}

/** @param shots rounds of one incident, withdrawn ones left out, in any order. */
export function patternOf(shots: readonly Pick<ShotFixed, "time" | "lat" | "lon" | "ellipse95">[]): BurstPattern {
  const rounds = roundsOf(shots);
  const gapsS = rounds.slice(1).map((round, i) => round.s - rounds[i]!.s);
  const base = { rounds: rounds.length, gapsS };
  if (rounds.length < 2)
    return { ...base, shooters: { count: "unknown", why: "a single round tells nothing of others" } };
  // The pair that one person can least have fired both of.
  let worst = { excess: 0, a: 0, b: 0, apartM: 0, gapS: 0 };
  for (let a = 0; a < rounds.length; a++)
    for (let b = a + 1; b < rounds.length; b++) {
      const [p, q] = [rounds[a]!, rounds[b]!];
      const apartM = Math.hypot(p.x - q.x, p.y - q.y);
      const gapS = q.s - p.s;
      const beyond = Math.max(0, 1 - (RUN_MPS * gapS) / Math.max(apartM, 1e-9));
      const excess = distance2(p, q, beyond);
      if (excess > worst.excess) worst = { excess, a, b, apartM, gapS };
    }
  if (worst.excess > APART_CHI2) {
    const why =
      `rounds ${worst.a + 1} and ${worst.b + 1} were fired ${worst.apartM.toFixed(0)} m apart within ` +
      `${worst.gapS.toFixed(2)} s: further than one person runs`;
    return { ...base, shooters: { count: "several", why } };
  }
  const first = rounds[0]!;
  const last = rounds[rounds.length - 1]!;
  const movedM = movement(rounds);
  const still = distance2(first, last, 1) <= APART_CHI2;
  const why = still
    ? "all rounds lie within each other's ellipses"
    : `the rounds move ${movedM.distanceM.toFixed(0)} m in ${(last.s - first.s).toFixed(1)} s, as one person can`;
  return { ...base, shooters: { count: "one", why }, movedM };
}

function roundsOf(shots: readonly Pick<ShotFixed, "time" | "lat" | "lon" | "ellipse95">[]): Round[] {
  const sorted = shots.map((shot) => ({ ...shot, ns: nsOfUtc(shot.time) })).sort((a, b) => Number(a.ns - b.ns));
  const first = sorted[0];
  if (!first) return [];
  const frame = frameAt({ lat: first.lat, lon: first.lon, altM: 0 });
  return sorted.map((shot) => {
    const { eastM, northM } = frame.toLocal(shot.lat, shot.lon, 0);
    const { semiMajorM, semiMinorM, azimuthDeg } = shot.ellipse95;
    const a = (azimuthDeg * Math.PI) / 180;
    const major = Math.max(semiMajorM, 0.01) ** 2 / CHI2_2_95;
    const minor = Math.max(semiMinorM, 0.01) ** 2 / CHI2_2_95;
    const [sin, cos] = [Math.sin(a), Math.cos(a)];
    return {
      s: Number(shot.ns - first.ns) * 1e-9,
      x: eastM,
      y: northM,
      ee: major * sin * sin + minor * cos * cos,
      en: (major - minor) * sin * cos,
      nn: major * cos * cos + minor * sin * sin,
    };
  });
}

/** Squared standardised length of that share of the way from one round to another. */
function distance2(p: Round, q: Round, share: number): number {
  const dx = (q.x - p.x) * share;
  const dy = (q.y - p.y) * share;
  const [ee, en, nn] = [p.ee + q.ee, p.en + q.en, p.nn + q.nn];
  return (dx * dx * nn - 2 * dx * dy * en + dy * dy * ee) / (ee * nn - en * en);
}

/** Straight line through the rounds by weighted least squares over time: how far from the first instant to the last. */
function movement(rounds: readonly Round[]): { distanceM: number; sigmaM: number } {
  const spanS = rounds[rounds.length - 1]!.s - rounds[0]!.s;
  let [sw, sws, swss] = [0, 0, 0];
  let [swx, swsx, swy, swsy] = [0, 0, 0, 0];
  for (const { s, x, y, ee, nn } of rounds) {
    const w = 2 / (ee + nn);
    sw += w;
    sws += w * s;
    swss += w * s * s;
    swx += w * x;
    swsx += w * s * x;
    swy += w * y;
    swsy += w * s * y;
  }
  const det = sw * swss - sws * sws;
  if (!(det > 0)) return { distanceM: 0, sigmaM: 0 };
  const vx = (sw * swsx - sws * swx) / det;
  const vy = (sw * swsy - sws * swy) / det;
  return { distanceM: Math.hypot(vx, vy) * spanS, sigmaM: Math.sqrt(sw / det) * spanS };
}
