/** GeoJSON of drones: where each is and how old that is, the way it means to fly, its dock, where its camera looks. Pure. */
import type { FlightPhase, FlightState } from "#contract/flight.ts";
import { doorWords, etaWords, lastHeard, phaseWords } from "../flight-words.ts";
import { type Box, boxOf, circleRing, enOf, type LonLat, TO_95 } from "../geometry.ts";
import { ageS, type Drone, isOld, isOut } from "../state/drones.ts";
import { collection, type Feature, type Features } from "./features.ts";

const lonLat = ({ lat, lon }: { lat: number; lon: number }): LonLat => [lon, lat];

const line = (coordinates: LonLat[], properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "LineString", coordinates },
  properties,
});
const point = (at: { lat: number; lon: number }, properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: lonLat(at) },
  properties,
});

const beforeTakeOff: readonly FlightPhase[] = ["asked", "preflight", "opening", "arming"];
const outward: readonly FlightPhase[] = [...beforeTakeOff, "climbing", "transit", "onScene"];

/**
 * What is still to be flown: `way`, and the pattern over the scene. On the way out that is the plan from its nearest leg on; on the way home
 * it is straight to the dock; nobody knows the way of a pilot.
 */
export function courseOf({ phase, plan, vehicle, dock }: FlightState): { way: LonLat[]; pattern: LonLat[] } {
  const here = vehicle.position;
  if (phase === "returning" && here !== undefined) return { way: [lonLat(here), lonLat(dock.position)], pattern: [] };
  if (!outward.includes(phase) || plan === undefined || plan.path.length === 0) return { way: [], pattern: [] };
  const from = sceneFrom(plan);
  // The way out ends where the pattern begins, so that point may stand there twice.
  const twice = plan.path[from + 1] !== undefined && Math.hypot(...enOf(plan.path[from]!, plan.path[from + 1]!)) < 0.5;
  const round = plan.path.slice(twice ? from + 1 : from).map(lonLat);
  const pattern = plan.pattern === "orbit" ? [...round, round[0]!] : round;
  if (phase === "onScene") return { way: [], pattern };
  const out = plan.path.slice(0, from + 1);
  const next = here === undefined || phase !== "transit" ? 0 : nextOf(out, here);
  return { way: [lonLat(here ?? dock.position), ...out.slice(next).map(lonLat)], pattern };
}

type Plan = NonNullable<FlightState["plan"]>;

/** Index at which the pattern begins: from there on all points lie as near to the place as the path's last ones. */
function sceneFrom({ path, place }: Plan): number {
  if (place === undefined || path.length < 4) return 0;
  const far = path.map((at) => Math.hypot(...enOf(place, at)));
  const reachM = Math.max(...far.slice(-4)) * 1.05 + 1;
  let first = far.length - 1;
  while (first > 0 && far[first - 1]! <= reachM) first -= 1;
  return first;
}

/** Index of the first point that lies ahead: the far end of the leg that it is nearest to. */
function nextOf(path: readonly { lat: number; lon: number }[], here: { lat: number; lon: number }): number {
  let best = { next: 0, m: Number.POSITIVE_INFINITY };
  for (let i = 1; i < path.length; i++) {
    const [ax, ay] = enOf(here, path[i - 1]!);
    const [bx, by] = enOf(here, path[i]!);
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const t = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
    const m = Math.hypot(ax + t * dx, ay + t * dy);
    if (m < best.m) best = { next: i, m };
  }
  return best.next;
}

/** Where a name along the way is read best: not around a corner. */
function longestLeg(way: readonly LonLat[]): LonLat[] {
  let best = { m: -1, leg: [way[0]!, way[0]!] };
  for (let i = 1; i < way.length; i++) {
    const [[aLon, aLat], [bLon, bLat]] = [way[i - 1]!, way[i]!];
    const m = Math.hypot(...enOf({ lat: aLat, lon: aLon }, { lat: bLat, lon: bLon }));
    if (m > best.m) best = { m, leg: [way[i - 1]!, way[i]!] };
  }
  return best.leg;
}

export function droneFeatures(drones: Iterable<Drone>, nowMs: number, chosen?: string): Features {
  const features: Feature[] = [];
  for (const drone of drones) {
    const { id, state } = drone;
    if (state === undefined) continue;
    const old = isOld(drone, nowMs);
    const out = isOut(drone);
    const common = { drone: id, old, chosen: id === chosen };
    const { dock, plan, vehicle } = state;
    features.push(
      point(dock.position, {
        ...common,
        shape: "dock",
        icon: old && !out ? "dock-old" : "dock-live",
        label: dockLabel(drone, out, old, nowMs),
      }),
    );
    if (!out) continue;
    const { way, pattern } = courseOf(state);
    const lane = plan === undefined ? "" : `lane ${Math.round(plan.laneHeightM)} m`;
    for (const part of [way, pattern]) if (part.length > 1) features.push(line(part, { ...common, shape: "way" }));
    if (way.length > 1 && lane !== "") features.push(line(longestLeg(way), { ...common, shape: "lane", label: lane }));
    const at = vehicle.position;
    if (at === undefined || beforeTakeOff.includes(state.phase) || state.phase === "closing") continue;
    const sight = state.camera?.pointing === "place" ? state.camera.at : undefined;
    if (sight !== undefined && !old) features.push(line([lonLat(at), lonLat(sight)], { ...common, shape: "sight" }));
    if (at.posSigmaM !== undefined) {
      const ring = circleRing(at.lat, at.lon, Math.max(1, at.posSigmaM * TO_95), 40);
      features.push(line(ring, { ...common, shape: "bound" }));
    }
    const heading = vehicle.headingDeg;
    features.push(
      point(at, {
        ...common,
        shape: "drone",
        icon: `${heading === undefined ? "hover" : "drone"}-${old ? "old" : "live"}`,
        heading: heading ?? 0,
        label: droneLabel(drone, state, old, nowMs),
      }),
    );
  }
  return collection(features);
}

/** Name and height, then when it is there or how old this is. */
function droneLabel(drone: Drone, state: FlightState, old: boolean, nowMs: number): string {
  const seen = ageS(drone, nowMs);
  const height = state.vehicle.heightAboveGroundM;
  const name = height === undefined ? drone.id : `${drone.id} · ${Math.round(height)} m up`;
  const over = state.phase === "onScene" ? state.plan?.pattern : undefined;
  const more = old ? lastHeard(seen) : (over ?? etaWords(state, seen, old));
  return more === undefined ? name : `${name}\n${more}`;
}

function dockLabel({ id, state, stateHeardMs }: Drone, out: boolean, old: boolean, nowMs: number): string {
  const { dock, phase } = state!;
  const inside = !out || beforeTakeOff.includes(phase);
  const name = inside ? id : `dock ${id}`;
  if (old && inside) return `${name}\n${lastHeard((nowMs - stateHeardMs) / 1000)}`;
  if (out && inside) return `${name}\n${phaseWords(phase).toLowerCase()}`;
  return dock.door === "closed" ? name : `${name}\ndoor ${doorWords(dock.door)}`;
}

/** What has to be in view for a drone that is out: itself, its way, its dock before take-off. */
export function pointsOfDrone({ state }: Drone): LonLat[] {
  if (state === undefined) return [];
  const { way, pattern } = courseOf(state);
  return [...(state.vehicle.position ? [lonLat(state.vehicle.position)] : []), ...way, ...pattern];
}

export const boxOfDrone = (drone: Drone): Box | undefined => boxOf(pointsOfDrone(drone));
