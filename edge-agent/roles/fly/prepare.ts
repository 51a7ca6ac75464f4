/** Preflight's look at the autopilot: its failsafes read, its fence known or set, the mission taken over to it, all at once. */
import type { MissionPath, PreflightFacts } from "#core/handoff/flight.ts";
import type { Site } from "#core/handoff/site.ts";
import type { Vehicle } from "../../vehicle-port.ts";
import type { FenceAhead } from "./fence-ahead.ts";
import { homeAltM, uploadPath } from "./last-hop.ts";
import { failsafesRead } from "./seen.ts";

export async function prepare(
  vehicle: Vehicle,
  site: Site,
  fenceAhead: FenceAhead,
  path: MissionPath,
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
  const [failsafes, fence, mission] = await Promise.all([
    vehicle.failsafes(),
    fenceAhead.ensure(),
    uploadPath(vehicle, path, fromAltM),
  ]);
  const refused = [failsafes, fence, mission].find((result) => !result.ok);
  return {
    ...(failsafes.ok && { failsafes: failsafesRead(failsafes.failsafes) }),
    fenceSet: fence.ok,
    ...(fence.ok && { fenceReadAgoS: fence.readAgoS }),
    missionSet: mission.ok,
    ...(utcMs !== undefined && { utcMs }),
    ...(refused && !refused.ok && { why: `${refused.why}: ${refused.detail}` }),
  };
}
