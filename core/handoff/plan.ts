/** The way there, what is flown there, and whether it may be flown at all: fence, ground, obstacles and the ceiling along every metre. */
import type { Place } from "#contract/geo.ts";
import { forbidden, forbiddenAlong, sampled } from "./fence.ts";
import type { Mission, MissionPath, PathPoint, Plan } from "./flight.ts";
import { distanceM, type LatLon, offsetM } from "./local.ts";
import { patternFor } from "./search-pattern.ts";
import type { Site } from "./site.ts";
import { flightAltM, groundAltM } from "./terrain.ts";

export type Planned = { ok: true; plan: Plan } | { ok: false; why: string };

/** Longest leg between two altitudes, metres. */
const legM = 100;
/** Rounds at most: a jump's count is a whole number of 16 bits. */
const maxRounds = 30_000;

/** Altitudes for a line of points in a lane: no leg is lower than any of its ground, obstacles and lane ask for. */
export function inLane(
  line: readonly LatLon[],
  heightM: number,
  speedMps: number,
  site: Site,
): { ok: true; path: PathPoint[] } | { ok: false; why: string } {
  const points = [...sampled(line, legM)];
  const needM: number[] = [];
  for (let k = 0; k < points.length; k++) {
    let highest = Number.NEGATIVE_INFINITY;
    const span = [points[k - 1] ?? points[k]!, points[k]!, points[k + 1] ?? points[k]!];
    for (const point of sampled(span, 15)) {
      const altM = flightAltM(site.terrain, point, heightM, site.height.clearanceM);
      if (altM === undefined) return { ok: false, why: "the ground there is not in the terrain data" };
      highest = Math.max(highest, altM);
    }
    needM.push(highest);
  }
  const path: PathPoint[] = [];
  for (let k = 0; k < points.length; k++) {
    const altM = needM[k]!;
    const heightOverGroundM = altM - groundAltM(site.terrain, points[k]!)!;
    if (heightOverGroundM > site.height.maxM) {
      return {
        ok: false,
        why: `clearing what stands there takes ${heightOverGroundM.toFixed(0)} m above ground, ${site.height.maxM} m are allowed`,
      };
    }
    path.push({ ...points[k]!, altM, heightM: heightOverGroundM, speedMps });
  }
  return { ok: true, path };
}

/** A path with points left out is nowhere further than this from the whole one, metres: the whole one is what fence and obstacles were asked for. */
const straightM = 0.5;

/** Without the points on the straight and level way between those that are left: they say nothing, and an upload waits for each point. */
function thinned(path: readonly PathPoint[]): PathPoint[] {
  const left: PathPoint[] = [];
  let from = 0;
  for (let k = 0; k < path.length; k++) {
    const next = path[k + 1];
    if (k > 0 && next && path.slice(from + 1, k + 1).every((point) => between(path[from]!, point, next))) continue;
    left.push(path[k]!);
    from = k;
  }
  return left;
}

function between(from: PathPoint, point: PathPoint, to: PathPoint): boolean {
  if (point.altM !== from.altM || point.altM !== to.altM) return false;
  const way = offsetM(from, to);
  const { eastM, northM } = offsetM(from, point);
  const lengthM = Math.hypot(way.eastM, way.northM);
  if (lengthM === 0) return Math.hypot(eastM, northM) <= straightM;
  const alongM = (eastM * way.eastM + northM * way.northM) / lengthM;
  const asideM = Math.abs(eastM * way.northM - northM * way.eastM) / lengthM;
  return asideM <= straightM && alongM >= 0 && alongM <= lengthM;
}

/** Plans a mission from `from` (the dock, or where the drone is when the place moved). */
export function planMission(mission: Mission, from: LatLon, site: Site): Planned {
  const { place, laneHeightM, corridor } = mission;
  const outside = forbidden(site.fence, place, site.fenceMarginM);
  if (outside !== undefined) return { ok: false, why: `the place is ${outside}` };

  const scene = scenePoints(place, laneHeightM, corridor.at(-1) ?? from, site);
  const entry = scene.points[0] ?? place;
  const line = [from, ...corridor, entry];
  const blocked = forbiddenAlong(site.fence, line, 0);
  if (blocked !== undefined) return { ok: false, why: `the way there is ${blocked}` };

  const out = inLane(line, laneHeightM, site.performance.cruiseMps, site);
  if (!out.ok) return out;
  const round = inLane(scene.points, laneHeightM, site.performance.sceneMps, site);
  if (!round.ok) return round;
  return {
    ok: true,
    plan: {
      out: out.path,
      scene: round.path,
      pattern: scene.kind,
      ...(scene.radiusM === undefined ? {} : { radiusM: scene.radiusM }),
      placeAltM: groundAltM(site.terrain, place) ?? site.dock.altM,
    },
  };
}

/** The pattern's points that may be flown in order; the place itself, seen from the way in, where none can. */
function scenePoints(place: Place, heightM: number, from: LatLon, site: Site) {
  const pattern = patternFor(place, heightM, site.camera, offsetM(place, from));
  const points = pattern.points.filter((point) => forbidden(site.fence, point, 0) === undefined);
  const closed = pattern.kind === "orbit" ? [...points, points[0]!] : points;
  if (points.length < 2 || forbiddenAlong(site.fence, closed, 0) !== undefined) {
    return { kind: "orbit" as const, points: [{ lat: place.lat, lon: place.lon }] };
  }
  return { ...pattern, points };
}

/**
 * What the autopilot gets before take-off: out, then the scene round after round for its time. It comes home by itself after the last. The rounds
 * are a jump, not copies: an upload costs one exchange over the link for each item. After them the scene's first point stands once more, so that
 * whoever sees the last item flown knows that the rounds are over.
 */
export function missionPath(plan: Plan, site: Site): MissionPath {
  const { scene } = plan;
  const out = thinned(plan.out);
  const [first] = scene;
  if (scene.length === 1) return { points: [...out, { ...first!, stayS: site.onSceneS }] };
  let roundM = 0;
  for (let k = 1; k < scene.length; k++) roundM += distanceM(scene[k - 1]!, scene[k]!);
  roundM += distanceM(scene.at(-1)!, first!);
  const roundS = Math.max(roundM / site.performance.sceneMps, 1);
  const rounds = Math.max(1, Math.min(maxRounds, Math.ceil(site.onSceneS / roundS)));
  const again = { from: out.length, through: out.length + scene.length - 1, times: rounds - 1 };
  return { points: [...out, ...scene, first!], ...(rounds > 1 && { again }) };
}

/** The nearest place to land when the dock cannot take it, and whether the straight way there is allowed. */
export function nearestAlternate(from: LatLon, site: Site): LatLon & { name: string } {
  const ranked = [...site.alternates].sort((a, b) => distanceM(from, a) - distanceM(from, b));
  return ranked.find((place) => forbiddenAlong(site.fence, [from, place]) === undefined) ?? ranked[0]!;
}
