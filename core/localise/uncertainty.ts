/** How sure a fix is: from the information matrix to a 95 % ellipse. */
import type { Ellipse95 } from "#contract/geo.ts";
import type { Solution } from "./solve.ts";

/** 95 % quantile of chi-squared with two degrees of freedom, -2 ln 0.05. */
export const CHI2_2_95 = -2 * Math.log(0.05);

/**
 * The stated sigmas count as this many earlier residuals: with few degrees of freedom the residuals of one shot alone
 * say little about the scale (scaling by them covered 84 % where 95 were promised).
 */
const PRIOR_DOF = 4;

/**
 * Factor on the covariance. Never below one: residuals that happen to be small do not make a fix better than the
 * sigmas allow, residuals that are large do make it worse.
 */
export function inflationOf(chi2: number, dof: number): number {
  return Math.max(1, (PRIOR_DOF + chi2) / (PRIOR_DOF + Math.max(0, dof)));
}

/** 95 % ellipse of an east-north covariance in m2; azimuth of the major axis clockwise from north, 0 to 180. */
export function ellipseOf(ee: number, en: number, nn: number): Ellipse95 {
  const mean = (ee + nn) / 2;
  const half = Math.hypot((ee - nn) / 2, en);
  const major = Math.max(0, mean + half);
  const minor = Math.max(0, mean - half);
  // Angle of the major axis from north towards east.
  let azimuthDeg = (0.5 * Math.atan2(2 * en, nn - ee) * 180) / Math.PI;
  if (azimuthDeg < 0) azimuthDeg += 180;
  return {
    semiMajorM: Math.sqrt(CHI2_2_95 * major),
    semiMinorM: Math.sqrt(CHI2_2_95 * minor),
    azimuthDeg: azimuthDeg >= 180 ? 0 : azimuthDeg,
  };
}

/** The inflated ellipse of a solution. */
export function ellipseOfSolution(s: Solution): Ellipse95 {
  const k = inflationOf(s.chi2, s.dof);
  const n = s.unknowns;
  return ellipseOf(k * s.covariance[0]!, k * s.covariance[1]!, k * s.covariance[n + 1]!);
}

/** Squared distance of an offset from the centre of an ellipse, 1 on its edge, 9 at three times the ellipse. */
export function ellipseDistance2(e: Ellipse95, offEastM: number, offNorthM: number): number {
  const a = (e.azimuthDeg * Math.PI) / 180;
  const along = offEastM * Math.sin(a) + offNorthM * Math.cos(a);
  const across = offEastM * Math.cos(a) - offNorthM * Math.sin(a);
  return (along / Math.max(e.semiMajorM, 1e-6)) ** 2 + (across / Math.max(e.semiMinorM, 1e-6)) ** 2;
}
