/** One place, with its bound, for several rounds. */
import type { Ellipse95, Place } from "#contract/geo.ts";

/** Quantile of chi-squared with two degrees of freedom at 95 %: ellipse95 semi-axis = sqrt(CHI2_95) x sigma. */
const CHI2_95 = 5.991464547107979;
const WGS84_A_M = 6_378_137;
const WGS84_E2 = 6.694379990141316e-3;
const RAD = Math.PI / 180;

/** Metres per degree of latitude and longitude on the WGS84 ellipsoid (meridional and prime-vertical radii). */
function metresPerDeg(latDeg: number): { north: number; east: number } {
  const s2 = Math.sin(latDeg * RAD) ** 2;
  const n = WGS84_A_M / Math.sqrt(1 - WGS84_E2 * s2);
  const m = (n * (1 - WGS84_E2)) / (1 - WGS84_E2 * s2);
  return { north: m * RAD, east: n * Math.cos(latDeg * RAD) * RAD };
}

interface Covariance {
  ee: number;
  en: number;
  nn: number;
}

function covarianceOf(ellipse: Ellipse95): Covariance {
  const major = ellipse.semiMajorM ** 2 / CHI2_95;
  const minor = ellipse.semiMinorM ** 2 / CHI2_95;
  const sin = Math.sin(ellipse.azimuthDeg * RAD);
  const cos = Math.cos(ellipse.azimuthDeg * RAD);
  return {
    ee: major * sin * sin + minor * cos * cos,
    en: (major - minor) * sin * cos,
    nn: major * cos * cos + minor * sin * sin,
  };
}

function ellipseOf({ ee, en, nn }: Covariance): Ellipse95 {
  const mid = (ee + nn) / 2;
  const half = Math.hypot((ee - nn) / 2, en);
  const azimuthDeg = half === 0 ? 0 : (Math.atan2(2 * en, nn - ee) / 2 / RAD + 180) % 180;
  return {
    semiMajorM: Math.sqrt(CHI2_95 * (mid + half)),
    semiMinorM: Math.sqrt(CHI2_95 * Math.max(mid - half, 0)),
    azimuthDeg,
  };
}

/**
 * Moment-matched mixture of the rounds' places: the bound covers each round's own doubt and the distance between rounds.
 * It never gets smaller with more rounds, because their errors (node survey, speed of sound) are common, not independent.
 * A round counts by its probability over the area of its ellipse, so that one wild fix does not widen a good incident.
 * @returns undefined without rounds.
 */
export function placeOfRounds(rounds: readonly (Place & { probability: number })[]): Place | undefined {
  const first = rounds[0];
  if (!first) return undefined;
  if (rounds.length === 1) return { lat: first.lat, lon: first.lon, ellipse95: first.ellipse95 };
  const scale = metresPerDeg(first.lat);
  const points = rounds.map((round) => ({
    east: (round.lon - first.lon) * scale.east,
    north: (round.lat - first.lat) * scale.north,
    covariance: covarianceOf(round.ellipse95),
    // 1 m^2 keeps a round whose ellipse is stated as a point from silencing all others.
    weight: Math.max(round.probability, 1e-3) / (round.ellipse95.semiMajorM * round.ellipse95.semiMinorM + 1),
  }));
  const total = points.reduce((sum, point) => sum + point.weight, 0);
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + (point.weight / total) * of(point), 0);
  const east = mean((point) => point.east);
  const north = mean((point) => point.north);
  const covariance = {
    ee: mean((point) => point.covariance.ee + (point.east - east) ** 2),
    en: mean((point) => point.covariance.en + (point.east - east) * (point.north - north)),
    nn: mean((point) => point.covariance.nn + (point.north - north) ** 2),
  };
  return {
    lat: first.lat + north / scale.north,
    lon: first.lon + east / scale.east,
    ellipse95: ellipseOf(covariance),
  };
}
