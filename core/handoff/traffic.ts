/** Other aircraft, by ADS-B: is one coming near enough to give way to? Closest point of approach in the plane, with the height beside it. */
import { type LatLon, offsetM } from "./local.ts";

export interface Aircraft extends LatLon {
  icao: string;
  altM?: number;
  headingDeg?: number;
  speedMps?: number;
  climbMps?: number;
  /** When it was heard, on the clock of the caller's `tickMs`. */
  heardTickMs: number;
}

export interface TrafficRules {
  /** Closer than this, or going to be within `lookaheadS`, counts as near. */
  horizontalM: number;
  verticalM: number;
  lookaheadS: number;
  /** Not heard for this long: forgotten. */
  forgetS: number;
}

export interface Near {
  icao: string;
  distanceM: number;
  /** Above us (positive) or below. Unknown height counts as ours. */
  aboveM: number;
  /** Seconds to the closest approach; absent when it moves away or stands. */
  closingS?: number;
}

/** Aircraft to give way to, nearest first. Unknown speed counts as staying, unknown height as ours: doubt gives way. */
export function nearTraffic(
  aircraft: readonly Aircraft[],
  own: LatLon & { altM: number },
  tickMs: number,
  rules: TrafficRules,
): Near[] {
  const near: Near[] = [];
  for (const other of aircraft) {
    const ageS = (tickMs - other.heardTickMs) / 1000;
    if (ageS > rules.forgetS) continue;
    const { eastM, northM } = offsetM(own, other);
    const angle = ((other.headingDeg ?? 0) * Math.PI) / 180;
    const speed = other.headingDeg === undefined ? 0 : (other.speedMps ?? 0);
    const eastMps = speed * Math.sin(angle);
    const northMps = speed * Math.cos(angle);
    const nowEastM = eastM + eastMps * ageS;
    const nowNorthM = northM + northMps * ageS;
    const climb = other.climbMps ?? 0;
    const aboveM = other.altM === undefined ? 0 : other.altM + climb * ageS - own.altM;
    const speedSquared = eastMps * eastMps + northMps * northMps;
    const approachS = speedSquared === 0 ? 0 : -(nowEastM * eastMps + nowNorthM * northMps) / speedSquared;
    const aheadS = Math.min(rules.lookaheadS, Math.max(0, approachS));
    const missM = Math.hypot(nowEastM + eastMps * aheadS, nowNorthM + northMps * aheadS);
    const missAboveM = other.altM === undefined ? 0 : aboveM + climb * aheadS;
    const passesM = Math.min(Math.abs(aboveM), Math.abs(missAboveM));
    const crosses = aboveM > 0 !== missAboveM > 0;
    if (missM > rules.horizontalM || (passesM > rules.verticalM && !crosses)) continue;
    near.push({
      icao: other.icao,
      distanceM: Math.hypot(nowEastM, nowNorthM),
      aboveM,
      ...(aheadS > 0 ? { closingS: aheadS } : {}),
    });
  }
  return near.sort((a, b) => a.distanceM - b.distanceM);
}
