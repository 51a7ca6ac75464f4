/** Home while there is enough left to get there; aside or down when there is not. */
import { type Draft, go } from "./draft.ts";
import { drainPerS, homeS, travelS } from "./energy.ts";
import type { Flight } from "./flight.ts";
import { nearestAlternate } from "./plan.ts";
import type { Site } from "./site.ts";
import { ours } from "./whose.ts";

/** Seconds of flight left above a share of the battery. */
export function leftS(flight: Flight, site: Site, aboveFraction: number): number | undefined {
  const { battery } = flight.vehicle;
  if (battery === undefined) return undefined;
  return (battery - aboveFraction) / drainPerS(site.performance, flight.drain?.perS);
}

export function homeSecondsS(flight: Flight, site: Site): number | undefined {
  const { position, relAltM, wind: vehicleWind } = flight.vehicle;
  if (!position) return undefined;
  const from = { ...position, heightM: relAltM ?? 0 };
  return homeS(from, site.dock, site.failsafes.returnHeightM, site.performance, vehicleWind ?? site.windFromForecast);
}

/** A guard of `guards.ts`. */
export function battery(draft: Draft): boolean {
  const { flight, site } = draft;
  // Without a position it cannot come home, and after a stop it may not: both end in a landing soon.
  const lands = flight.phase === "landing" || flight.cause === "gnss" || flight.cause === "stop";
  if (!ours(flight) || lands) return false;
  const needS = homeSecondsS(flight, site);
  const aboveReserveS = leftS(flight, site, site.battery.reserveFraction);
  const { position } = flight.vehicle;
  if (needS === undefined || aboveReserveS === undefined || !position) return false;
  if (flight.phase === "returning" || flight.phase === "diverting") {
    const aboveEmptyS = leftS(flight, site, 0.04)!;
    // Against too strong a wind the way home takes for ever: it tries for as long as there is something left to try with.
    const reachS = Number.isFinite(needS) ? needS : 120;
    if (flight.phase === "returning" && aboveEmptyS < reachS) {
      const place = nearestAlternate(position, site);
      const thereS = travelS([position, place], site.performance, flight.vehicle.wind ?? site.windFromForecast);
      const downS = (flight.vehicle.relAltM ?? 0) / site.performance.descentMps;
      const reaches = thereS + downS < Math.min(needS, aboveEmptyS);
      go(
        draft,
        reaches ? "diverting" : "landing",
        `the battery does not reach home (${aboveEmptyS.toFixed(0)} s left)`,
      );
      return true;
    }
    return false;
  }
  if (aboveReserveS >= needS) return false;
  const why = `battery: home takes ${needS.toFixed(0)} s, ${Math.max(0, aboveReserveS).toFixed(0)} s are left above the reserve`;
  if (flight.phase === "piloted") {
    if (flight.pilotCourse === "return" || flight.pilotCourse === "land") return false;
    draft.actions.push({ do: "reclaim", level: "return", why });
    return false;
  }
  go(draft, "returning", why);
  return true;
}
