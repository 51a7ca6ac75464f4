/** GeoJSON of robots, units, callers and calls for backup: each place with its bound and how old it is. Pure. */
import type { BackupState, UnitView } from "#contract/backup.ts";
import type { CallerView } from "#contract/caller.ts";
import { metres } from "#contract/certainty.ts";
import { awayWords, farFromCallM } from "../field/field-words.ts";
import { lastHeard } from "../flight-words.ts";
import { circleRing, ellipseRing, type LonLat, TO_95 } from "../geometry.ts";
import { type KnownRobot, robotAgeS, robotIsOld } from "../state/field-age.ts";
import { within } from "../words.ts";
import { collection, type Feature, type Features } from "./features.ts";

const line = (coordinates: LonLat[], properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "LineString", coordinates },
  properties,
});
const area = (ring: LonLat[], properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: [ring] },
  properties,
});
const point = (lon: number, lat: number, properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [lon, lat] },
  properties,
});

/** A robot with its nose, its 95 % ellipse, and the people and things that it tracks. */
export function robotFeatures(robots: Iterable<KnownRobot>, nowMs: number): Feature[] {
  const features: Feature[] = [];
  for (const robot of robots) {
    const { pose, state, tracks } = robot;
    if (pose === undefined) continue;
    const old = robotIsOld(robot, nowMs);
    const stopped = state?.emergencyStop.latched === true;
    const tone = old ? "old" : stopped ? "stop" : "live";
    const more = old ? lastHeard(robotAgeS(robot, nowMs)) : stopped ? "EMERGENCY STOP" : within(pose.ellipse95);
    features.push(area(ellipseRing(pose, 48), { shape: "bound", of: "robot", tone }));
    features.push(
      point(pose.lon, pose.lat, {
        shape: "mark",
        of: "robot",
        id: robot.robot,
        tone,
        icon: `robot-${tone}`,
        heading: pose.headingDeg,
        label: `${robot.robot}\n${more}`,
      }),
    );
    if (old) continue;
    for (const track of tracks?.tracks ?? []) {
      features.push(line(ellipseRing(track, 24), { shape: "track", of: "robot", tone }));
      features.push(point(track.lon, track.lat, { shape: "track-name", of: "robot", tone, label: track.kind }));
    }
  }
  return features;
}

/** A caller's phone inside the circle that it states. */
export function callerFeatures(callers: Iterable<CallerView>, nowMs: number): Feature[] {
  const features: Feature[] = [];
  for (const { id, state, position, link } of callers) {
    if (position === undefined || state !== "open") continue;
    const ageS = (nowMs - Date.parse(position.at)) / 1000;
    const old = ageS > 60 || link?.live === false;
    const tone = old ? "old" : "live";
    const { lat, lon, accuracyM } = position;
    const more = old ? lastHeard(ageS) : `within ${metres(accuracyM)}`;
    features.push(area(circleRing(lat, lon, Math.max(1, accuracyM), 64), { shape: "bound", of: "caller", tone }));
    features.push(
      point(lon, lat, { shape: "mark", of: "caller", id, tone, icon: `caller-${tone}`, label: `Caller\n${more}` }),
    );
  }
  return features;
}

/** Units that are on duty, with the bound of what they said of their place. */
export function unitFeatures(units: Iterable<UnitView>, calls: Iterable<BackupState>): Feature[] {
  const features: Feature[] = [];
  const known = new Map([...units].map((each) => [each.unit, each]));
  const coming = new Map<string, string>();
  for (const call of calls)
    if (call.status === "acknowledged" || call.status === "onScene")
      for (const { unit, answer } of call.asked) {
        const farM = farFromCallM(known.get(unit), call);
        if (answer === "onScene") coming.set(unit, farM === undefined ? "there" : `says there: ${awayWords(farM)}`);
        else if (answer === "accepted") coming.set(unit, "comes");
      }
  for (const { unit, label, robot, status, place } of known.values()) {
    if (robot || place === undefined || status === "off") continue;
    const tone = coming.has(unit) ? "live" : status === "available" ? "live" : "old";
    const { lat, lon, posSigmaM } = place;
    features.push(line(circleRing(lat, lon, Math.max(1, posSigmaM * TO_95), 40), { shape: "rim", of: "unit", tone }));
    features.push(
      point(lon, lat, {
        shape: "mark",
        of: "unit",
        id: unit,
        tone,
        icon: `unit-${tone}`,
        label: coming.has(unit) ? `${label}\n${coming.get(unit)}` : label,
      }),
    );
  }
  return features;
}

export const fieldFeatures = (...parts: Feature[][]): Features => collection(parts.flat());
