/** Which units are asked to come: those that are there first, ring by ring. The others come with the reason why not. */
import { distanceM, type LatLon } from "#core/handoff/local.ts";

export interface Unit {
  name: string;
  robot: boolean;
  /** As it drives through a town. */
  speedMps: number;
  status: "available" | "busy" | "off" | "unknown";
  /** Where it was last known to be, with one sigma, and how long ago. */
  at: (LatLon & { posSigmaM: number; ageS: number }) | undefined;
}

/** Those within `withinS` of the place, at most `most` of them, have `answerS` to answer. */
export interface Ring {
  withinS: number;
  most: number;
  answerS: number;
}

export interface Travel {
  /** Streets are this much longer than the straight line. */
  detour: number;
  /** A position older than this is none. */
  freshS: number;
}

export interface Chosen {
  unit: string;
  etaS?: number;
  etaSpreadS?: number;
  chosen: string;
}

export interface Choice {
  asked: Chosen[];
  passedOver: { unit: string; why: string }[];
}

/** Seconds from the unit's last place, and how many of them are doubt: its position's sigma and what it may have driven since. */
export function travelTime(unit: Unit, to: LatLon, travel: Travel): { etaS: number; etaSpreadS: number } | undefined {
  const { at, speedMps } = unit;
  if (!at || at.ageS > travel.freshS || !(speedMps > 0)) return undefined;
  const etaS = (distanceM(at, to) * travel.detour) / speedMps;
  const etaSpreadS = (at.posSigmaM * travel.detour) / speedMps + at.ageS;
  return { etaS, etaSpreadS };
}

/**
 * People only: a robot is sent by a person, by name.
 * @param ring undefined: the whole district, wherever they are.
 * @param asked units that this call has asked already.
 */
export function chooseUnits(
  units: readonly Unit[],
  to: LatLon,
  ring: Ring | undefined,
  asked: ReadonlySet<string>,
  travel: Travel,
): Choice {
  const able: (Chosen & { sortS: number })[] = [];
  const passedOver: Choice["passedOver"] = [];
  for (const unit of units) {
    const { name, robot, status, at } = unit;
    if (asked.has(name)) continue;
    const pass = (why: string) => void passedOver.push({ unit: name, why });
    if (robot) pass("a robot is sent by a person");
    else if (status === "busy" || status === "off") pass(`it is ${status === "busy" ? "busy" : "off duty"}`);
    else {
      const time = travelTime(unit, to, travel);
      if (time && (!ring || time.etaS <= ring.withinS))
        able.push({ unit: name, ...time, chosen: words(time), sortS: time.etaS });
      else if (time) pass(`${Math.round(time.etaS)} s away, this ring ends at ${ring!.withinS} s`);
      else if (!ring) able.push({ unit: name, chosen: "nobody knows where it is", sortS: Number.POSITIVE_INFINITY });
      else pass(at ? `its position is ${Math.round(at.ageS)} s old` : "nobody knows where it is");
    }
  }
  able.sort((a, b) => a.sortS - b.sortS || (a.unit < b.unit ? -1 : 1));
  const most = ring?.most ?? able.length;
  for (const { unit, etaS } of able.slice(most))
    passedOver.push({ unit, why: `${most} others are there sooner (it needs ${Math.round(etaS ?? 0)} s)` });
  return { asked: able.slice(0, most).map(({ sortS: _, ...chosen }) => chosen), passedOver };
}

function words({ etaS, etaSpreadS }: { etaS: number; etaSpreadS: number }): string {
  return `${Math.round(etaS)} s away, give or take ${Math.round(etaSpreadS)} s`;
}
