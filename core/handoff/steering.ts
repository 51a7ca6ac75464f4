/** A pilot's orders as actions, and what keeps even the holder of the token from them: fence, ceiling, and what stands there. */
import type { FlightAct, Station } from "#contract/flight.ts";
import { forbiddenAlong, sampled } from "./fence.ts";
import type { Flight, FlightAction, PathPoint } from "./flight.ts";
import type { Site } from "./site.ts";
import { groundAltM, surfaceAltM } from "./terrain.ts";

type Course = NonNullable<Flight["pilotCourse"]>;

/** The action of a holder's order. The height of `goto` is above the ground under its point. */
export function pilotAct(order: FlightAct, site: Site): { action: FlightAction; course: Course } {
  switch (order.act) {
    case "goto": {
      const to = pathPoint(order.to, site);
      const action: FlightAction = {
        do: "goTo",
        to,
        ...(order.speedMps === undefined ? {} : { speedMps: order.speedMps }),
      };
      return { action, course: "steer" };
    }
    case "look":
      return { action: { do: "lookAt", at: pathPoint(order.at, site) }, course: "steer" };
    case "land":
      return { action: { do: "land" }, course: "land" };
    case "return":
    case "recall":
      return { action: { do: "return" }, course: "return" };
    default:
      return { action: { do: "hold" }, course: "hold" };
  }
}

function pathPoint(at: { lat: number; lon: number; heightM: number }, site: Site): PathPoint {
  return { ...at, altM: (groundAltM(site.terrain, at) ?? site.dock.altM) + at.heightM };
}

/** Why a pilot may not send it there; undefined where it may. */
export function pilotForbids(
  order: FlightAct & { act: "goto" | "look" },
  flight: Flight,
  site: Site,
  as: Station,
): string | undefined {
  if (order.act === "look") {
    return groundAltM(site.terrain, order.at) === undefined ? "the ground there is not in the terrain data" : undefined;
  }
  const { position } = flight.vehicle;
  const { to } = order;
  const ground = groundAltM(site.terrain, to);
  const surface = surfaceAltM(site.terrain, to, 10);
  if (ground === undefined || surface === undefined) return "the ground there is not in the terrain data";
  const blocked = forbiddenAlong(site.fence, position ? [position, to] : [to]);
  if (blocked !== undefined) return `the way there is ${blocked}`;
  if (to.heightM > site.height.maxM) return `${to.heightM} m above ground, ${site.height.maxM} m are allowed`;
  const leastM = surface - ground + site.height.clearanceM;
  if (as !== "onsite" && to.heightM < leastM)
    return `${leastM.toFixed(0)} m above ground at least, to clear what stands there`;
  if (position && as !== "onsite") {
    const lowestM = Math.min(position.altM, ground + to.heightM);
    for (const point of sampled([position, to], 15)) {
      const top = surfaceAltM(site.terrain, point, 10);
      if (top === undefined) return "the ground on the way is not in the terrain data";
      if (top + site.height.clearanceM / 2 > lowestM)
        return `what stands on the way reaches ${(top - ground).toFixed(0)} m: climb first`;
    }
  }
  return undefined;
}
