/** Which drone: of those that may and can, the one that is there first. The others come with the reason why not. */
import type { FlightState } from "#contract/flight.ts";
import type { Place } from "#contract/geo.ts";
import { travelS, type Wind } from "#core/handoff/energy.ts";
import type { Fence } from "#core/handoff/fence.ts";
import { distanceM, type LatLon } from "#core/handoff/local.ts";
import { type Course, conflict } from "./deconflict.ts";
import { route } from "./route.ts";

export interface Candidate {
  id: string;
  laneHeightM: number;
  /** Its newest state; undefined when it was never heard. */
  state: FlightState | undefined;
  /** Seconds since that state came. */
  ageS: number;
}

export interface Needs {
  fence: Fence;
  reserveFraction: number;
  onSceneS: number;
  wind: Wind | undefined;
  /** Where other drones fly now. */
  courses: readonly Course[];
  /** Drones that were asked for this incident before and did not go. */
  tried: readonly string[];
}

export interface Choice {
  id: string;
  laneHeightM: number;
  etaS: number;
  corridor: LatLon[];
}

export type Chosen = { best: Choice | undefined; others: { id: string; why: string }[] };

/** A drone whose state is older is not counted on. */
const freshS = 5;
/** Seconds that a full battery lasts where the drone does not say: a small multirotor. */
const enduranceS = 1200;

export function chooseDrone(candidates: readonly Candidate[], place: Place, needs: Needs): Chosen {
  const others: { id: string; why: string }[] = [];
  let best: Choice | undefined;
  for (const candidate of candidates) {
    const choice = judge(candidate, place, needs);
    if ("why" in choice) others.push({ id: candidate.id, why: choice.why });
    else if (!best || choice.etaS < best.etaS) {
      if (best)
        others.push({ id: best.id, why: `${choice.id} is there ${(best.etaS - choice.etaS).toFixed(0)} s earlier` });
      best = choice;
    } else others.push({ id: choice.id, why: `${best.id} is there ${(choice.etaS - best.etaS).toFixed(0)} s earlier` });
  }
  return { best, others };
}

function judge(candidate: Candidate, place: Place, needs: Needs): Choice | { why: string } {
  const { id, laneHeightM, state, ageS } = candidate;
  if (needs.tried.includes(id)) return { why: "was asked already" };
  if (!state) return { why: "was never heard" };
  if (ageS > freshS) return { why: `was last heard ${ageS.toFixed(0)} s ago` };
  if (!state.available) return { why: state.unavailableWhy ?? "is not available" };
  const from = state.dock.position;
  const corridor = route(from, place, needs.fence);
  if (!corridor) return { why: "has no way there inside the geofence" };
  const line = [from, ...corridor, place];
  const { cruiseMps, climbMps, descentMps } = state.performance;
  const performance = { cruiseMps, climbMps, descentMps, enduranceS };
  const upS = laneHeightM / climbMps;
  const outS = travelS(line, performance, needs.wind);
  const backS = travelS([...line].reverse(), performance, needs.wind) + laneHeightM / descentMps;
  if (!Number.isFinite(outS + backS)) return { why: "cannot fly against this wind" };
  const needS = upS + outS + needs.onSceneS + backS;
  const { enduranceS: statedS, batteryRemaining } = state.vehicle;
  const leftS = statedS ?? ((batteryRemaining ?? 0) - needs.reserveFraction) * enduranceS;
  if (leftS < needS)
    return {
      why: `needs ${needS.toFixed(0)} s there, over the scene and back, has ${Math.max(0, leftS).toFixed(0)} s above its reserve`,
    };
  const clash = conflict({ id, line, laneHeightM }, needs.courses);
  if (clash) return { why: clash };
  return { id, laneHeightM, etaS: upS + outS, corridor };
}

/** Two incidents closer than this are one scene: a second drone there would only be in the way. */
export const sameSceneM = 120;

export function sameScene(a: LatLon, b: LatLon): boolean {
  return distanceM(a, b) < sameSceneM;
}
