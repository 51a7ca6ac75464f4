/** Where rehearsals take place. */
import * as v from "valibot";
import type { FailsafesRead } from "./flight.ts";
import { type LatLon, movedBy, offsetM } from "./local.ts";
import { FlightSite, type Site } from "./site.ts";
import { flatTerrain } from "./terrain.ts";

export const dockAt = { lat: 40.6635, lon: -73.91, altM: 12 };

/** A site for rehearsals: flat ground at 12 m, a fence of 2 km each way, one place to land besides the dock. */
export function rehearsalSite(over: Record<string, unknown> = {}): Site {
  const corner = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });
  const config = v.parse(FlightSite, {
    dock: dockAt,
    alternates: [{ name: "yard", ...corner(-80, 0) }],
    fence: { keepIn: [corner(-2000, -2000), corner(2000, -2000), corner(2000, 2000), corner(-2000, 2000)] },
    performance: { cruiseMps: 15, climbMps: 4, descentMps: 3, enduranceS: 1500 },
    failsafes: {
      dataLinkLoss: { actions: ["return"], withinS: 15 },
      rcLoss: { actions: ["return", "none"] },
      batteryLow: { actions: ["return", "warn"], atLeastFraction: 0.12 },
      batteryCritical: { actions: ["land", "return"], atLeastFraction: 0.05 },
      geofence: { actions: ["return", "hold"] },
      returnHeightM: 50,
    },
    onSceneS: 60,
    ...over,
  });
  return { ...config, terrain: flatTerrain(dockAt, 12, 20, 4000) };
}

export const goodFailsafes: FailsafesRead = {
  dataLinkLoss: { action: "return", afterS: 10 },
  rcLoss: { action: "return" },
  batteryLow: { action: "return", atFraction: 0.15 },
  batteryCritical: { action: "land", atFraction: 0.07 },
  geofence: { action: "return" },
  returnHeightM: 50,
};

/** One step of a point mass towards a point, at cruise across and at its climb rate up and down. */
export function moved(from: LatLon, fromRelAltM: number, to: LatLon & { altM: number }, site: Site, dtS: number) {
  const { eastM, northM } = offsetM(from, to);
  const length = Math.hypot(eastM, northM);
  const stepM = Math.min(length, site.performance.cruiseMps * dtS);
  const share = length > 0 ? stepM / length : 0;
  const rise = to.altM - dockAt.altM - fromRelAltM;
  return {
    place: movedBy(from, { eastM: eastM * share, northM: northM * share }),
    relAltM: fromRelAltM + Math.sign(rise) * Math.min(Math.abs(rise), site.performance.climbMps * dtS),
    there: length - stepM < 1,
  };
}
