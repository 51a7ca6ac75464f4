/** How far the battery goes: seconds to a place against the wind, and the charge that takes. */
import { bearingDeg, distanceM, type LatLon } from "./local.ts";

export interface Performance {
  cruiseMps: number;
  climbMps: number;
  descentMps: number;
  /** Seconds a full battery flies at cruise. */
  enduranceS: number;
}

export interface Wind {
  speedMps: number;
  /** Where it comes from. */
  fromDeg: number;
}

/**
 * Speed over ground along a track when flying at `airMps` through a wind (wind triangle). 0 when the wind is too strong to hold the track.
 */
export function groundSpeedMps(airMps: number, trackDeg: number, wind: Wind | undefined): number {
  if (!wind || wind.speedMps === 0) return airMps;
  const angle = ((wind.fromDeg - trackDeg) * Math.PI) / 180;
  const head = wind.speedMps * Math.cos(angle);
  const cross = wind.speedMps * Math.sin(angle);
  if (Math.abs(cross) >= airMps) return 0;
  return Math.max(0, Math.sqrt(airMps * airMps - cross * cross) - head);
}

/** Seconds along a line of points at cruise; Infinity when the wind forbids it. */
export function travelS(line: readonly LatLon[], performance: Performance, wind: Wind | undefined): number {
  let seconds = 0;
  for (let k = 1; k < line.length; k++) {
    const lengthM = distanceM(line[k - 1]!, line[k]!);
    if (lengthM === 0) continue;
    seconds += lengthM / groundSpeedMps(performance.cruiseMps, bearingDeg(line[k - 1]!, line[k]!), wind);
  }
  return seconds;
}

/** Seconds from here to standing on the ground at home: up (or down) to the return height, over, down. */
export function homeS(
  from: LatLon & { heightM: number },
  home: LatLon,
  returnHeightM: number,
  performance: Performance,
  wind: Wind | undefined,
): number {
  const riseM = returnHeightM - from.heightM;
  const vertical = riseM > 0 ? riseM / performance.climbMps : -riseM / performance.descentMps;
  return vertical + travelS([from, home], performance, wind) + returnHeightM / performance.descentMps;
}

/** Drain in share of the battery per second: the nominal one, or the measured where that is worse. */
export function drainPerS(performance: Performance, measuredPerS: number | undefined): number {
  return Math.max(1 / performance.enduranceS, measuredPerS ?? 0);
}
