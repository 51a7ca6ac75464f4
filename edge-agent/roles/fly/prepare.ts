/** Preflight's look at the autopilot: its failsafes read, the fence and the mission taken over to it, all at once. */
import type { PathPoint, PreflightFacts } from "#core/handoff/flight.ts";
import type { Site } from "#core/handoff/site.ts";
import type { Vehicle } from "../../vehicle-port.ts";
import { homeAltM, missionItems } from "./last-hop.ts";
import { failsafesRead } from "./seen.ts";

export async function prepare(
  vehicle: Vehicle,
  site: Site,
  path: readonly PathPoint[],
  utcMs: number | undefined,
): Promise<PreflightFacts> {
  const fromAltM = homeAltM(vehicle);
  // Heights on the vehicle count from where it thinks it stands: a wrong altitude there would be a wrong altitude everywhere.
  const offM = Math.abs(fromAltM - site.dock.altM);
  if (!(offM <= 15)) {
    return {
      why: `the vehicle says its dock is at ${fromAltM.toFixed(0)} m, the site says ${site.dock.altM} m`,
      ...(utcMs !== undefined && { utcMs }),
    };
  }
  const fenceArea = {
    polygons: [
      { kind: "inclusion" as const, points: site.fence.keepIn },
      ...site.fence.keepOut.map(({ corners }) => ({ kind: "exclusion" as const, points: corners })),
    ],
  };
  // Fence and mission go by the same protocol, one after the other; parameters beside them.
  const uploads = async () => {
    const fence = await vehicle.setGeofence(fenceArea);
    const mission = await vehicle.uploadMission(missionItems(path, fromAltM), { thenReturn: true });
    return [fence, mission] as const;
  };
  const [failsafes, [fence, mission]] = await Promise.all([vehicle.failsafes(), uploads()]);
  const refused = [failsafes, fence, mission].find((result) => !result.ok);
  return {
    ...(failsafes.ok && { failsafes: failsafesRead(failsafes.failsafes) }),
    fenceSet: fence.ok,
    missionSet: mission.ok,
    ...(utcMs !== undefined && { utcMs }),
    ...(refused && !refused.ok && { why: `${refused.why}: ${refused.detail}` }),
  };
}
