/**
 * The ways a sound takes through a city: straight, by the ground, off one or two facades (image sources with visibility
 * check), over roofs and around corners (diffraction along the shortest detour). ISO 9613-2 for what screens do,
 * Allen and Berkley (JASA 65, 1979) for image sources, here over finite walls.
 */
import type { Buildings, Crossing, Facade, Point } from "../buildings.ts";
import { type Air, soundSpeedMps, travelS, windVelocity } from "./air.ts";
import type { SoundPath } from "./block.ts";
import { type ScatterTail, scatterTail } from "./scatter.ts";

export type Vec = readonly [number, number, number];

export interface PropagationLimits {
  /** Echoes that arrive later than this after the first sound are left out. */
  maxLateS: number;
  /** At most so many echoes, the strongest. */
  maxEchoes: number;
  /** Second-order echoes are sought among walls this near to source or microphone. */
  secondOrderM: number;
}

export const usualLimits: PropagationLimits = { maxLateS: 0.45, maxEchoes: 32, secondOrderM: 45 };

/** Hard ground and facades scatter short waves: share passed falls by 3 dB at these. */
const GROUND_REFLECTANCE = 0.92;
const FACADE_SCATTER_HZ = 5000;
/** Further round a block is no way worth rendering. */
const MAX_DETOUR_M = 30;
/** A guide to how a finite wall weakens its echo: Fresnel's zone at 500 Hz. */
const FRESNEL_WAVE_M = 0.69;

export class Propagation {
  readonly buildings: Buildings;
  readonly air: Air;
  readonly soundMps: number;
  readonly #wind: readonly [number, number];
  readonly #limits: PropagationLimits;

  constructor(buildings: Buildings, air: Air, limits: PropagationLimits = usualLimits) {
    this.buildings = buildings;
    this.air = air;
    this.soundMps = soundSpeedMps(air);
    this.#wind = windVelocity(air);
    this.#limits = limits;
  }

  /** All ways from source to microphone, the earliest first. There is always one: over the roofs where nothing else is left. */
  paths(source: Vec, microphone: Vec): SoundPath[] {
    const firsts = this.direct(source, microphone);
    const firstS = Math.min(...firsts.map((path) => path.travelS));
    const echoes = [...this.#firstOrder(source, microphone), ...this.#secondOrder(source, microphone)]
      .filter((path) => path.travelS > firstS && path.travelS < firstS + this.#limits.maxLateS)
      .sort((a, b) => strength(b) - strength(a))
      .slice(0, this.#limits.maxEchoes);
    return [...firsts, ...echoes].sort((a, b) => a.travelS - b.travelS);
  }

  /** What facades scatter on the way, from `firstS` on. */
  tail(source: Vec, microphone: Vec, firstS: number): ScatterTail | undefined {
    return scatterTail(this.buildings, this.soundMps, source, microphone, firstS);
  }

  /** The straight way, or the shortest ones over roofs and around corners where houses stand in between. */
  direct(source: Vec, microphone: Vec): SoundPath[] {
    const p = flat(source);
    const q = flat(microphone);
    const blocks = this.buildings.blocking(p, source[2], q, microphone[2]);
    if (blocks.length === 0) return [this.#path("direct", [source, microphone], 1)];
    const found = [this.#path("diffracted", this.#overRoofs(source, microphone), 1, distance(source, microphone))];
    // Around the corners on one side of the houses in the way, or on the other: a taut string in plan.
    const around = [1, -1]
      .map((side) => this.#aroundCorners(source, microphone, blocks, side))
      .filter((way): way is Vec[] => way !== undefined && lengthOf(way) < distance(source, microphone) + MAX_DETOUR_M)
      .sort((a, b) => lengthOf(a) - lengthOf(b))[0];
    if (around) found.push(this.#path("diffracted", around, 1, distance(source, microphone)));
    return found.sort((a, b) => a.travelS - b.travelS);
  }

  /** Shortest way in plan past all of `blocks` on one side; undefined where something else stands in that way. */
  #aroundCorners(source: Vec, microphone: Vec, blocks: readonly Crossing[], side: number): Vec[] | undefined {
    const p = flat(source);
    const q = flat(microphone);
    const d = Math.hypot(q[0] - p[0], q[1] - p[1]);
    const [ux, uy] = [(q[0] - p[0]) / d, (q[1] - p[1]) / d];
    // Along the line, and off it to this side; a hand's breadth clear of the wall.
    const corners = blocks
      .flatMap(({ building }) => this.buildings.all[building]!.corners)
      .map(
        (c) =>
          [(c[0] - p[0]) * ux + (c[1] - p[1]) * uy, side * ((c[0] - p[0]) * -uy + (c[1] - p[1]) * ux) + 0.1] as const,
      )
      .filter(([x, off]) => off > 0 && x > 0 && x < d)
      .sort((a, b) => a[0] - b[0]);
    const hull = tautString([[0, 0], ...corners, [d, 0]]);
    let runM = 0;
    const runs = hull.map(
      ([x, off], i) => (runM += i === 0 ? 0 : Math.hypot(x - hull[i - 1]![0], off - hull[i - 1]![1])),
    );
    const way = hull.map(([x, off], i): Vec => {
      const up = source[2] + ((microphone[2] - source[2]) * runs[i]!) / runM;
      return [p[0] + x * ux - side * off * uy, p[1] + x * uy + side * off * ux, up];
    });
    for (let i = 0; i + 1 < way.length; i++) {
      const [a, b] = [way[i]!, way[i + 1]!];
      if (this.buildings.blocking(flat(a), a[2], flat(b), b[2]).length > 0) return undefined;
    }
    return way;
  }

  /** The taut string over the roofs of the straight line: upper convex hull of the profile. */
  #overRoofs(source: Vec, microphone: Vec): Vec[] {
    const p = flat(source);
    const q = flat(microphone);
    const d = Math.hypot(q[0] - p[0], q[1] - p[1]);
    const profile = this.buildings
      .blocking(p, source[2], q, microphone[2])
      .flatMap(({ building, from, to }) => {
        const heightM = this.buildings.all[building]!.heightM;
        return [[from * d, heightM] as const, [to * d, heightM] as const];
      })
      .sort((a, b) => a[0] - b[0]);
    const hull = tautString([[0, source[2]], ...profile, [d, microphone[2]]]);
    return hull.map(([x, up]) => [p[0] + ((q[0] - p[0]) * x) / d, p[1] + ((q[1] - p[1]) * x) / d, up]);
  }

  #firstOrder(source: Vec, microphone: Vec): SoundPath[] {
    const found: SoundPath[] = [];
    const reach = distance(source, microphone) + this.#limits.maxLateS * this.soundMps;
    for (const wall of this.buildings.facades) {
      if (nearTo(wall, source) + nearTo(wall, microphone) > reach) continue;
      const at = bounce(wall, source, microphone);
      if (at) this.#addEcho(found, [source, at, microphone], [wall]);
    }
    return found;
  }

  #secondOrder(source: Vec, microphone: Vec): SoundPath[] {
    const found: SoundPath[] = [];
    const m = this.#limits.secondOrderM;
    const bySource = this.buildings.facades.filter((wall) => front(wall, source) > 0 && nearTo(wall, source) < m);
    const byMicrophone = this.buildings.facades.filter(
      (wall) => front(wall, microphone) > 0 && nearTo(wall, microphone) < m,
    );
    const lasts = [...new Set([...bySource, ...byMicrophone])].filter((wall) => front(wall, microphone) > 0);
    const firsts = [...new Set([...bySource, ...byMicrophone])].filter((wall) => front(wall, source) > 0);
    for (const first of firsts) {
      const image = mirrored(first, source);
      for (const last of lasts) {
        if (last === first || front(last, image) <= 0) continue;
        const second = bounce(last, image, microphone);
        if (!second || front(first, second) <= 0) continue;
        const at = bounce(first, source, second);
        if (at) this.#addEcho(found, [source, at, second, microphone], [first, last]);
      }
    }
    return found;
  }

  /** An echo, if its legs are free; a leg may also pass over low roofs, which weakens and delays it. */
  #addEcho(found: SoundPath[], way: Vec[], walls: Facade[]): void {
    let gain = 1;
    walls.forEach((wall, i) => {
      const [d1, d2] = [distance(way[i]!, way[i + 1]!), distance(way[i + 1]!, way[i + 2]!)];
      const zoneM = Math.sqrt((FRESNEL_WAVE_M * d1 * d2) / (d1 + d2));
      const widthM = Math.hypot(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
      gain *= wall.reflectance * Math.min(1, widthM / zoneM) * Math.min(1, (2 * wall.heightM) / zoneM);
    });
    let straightM = 0;
    let taut: Vec[] = [way[0]!];
    let free = true;
    for (let i = 0; i + 1 < way.length; i++) {
      const [a, b] = [way[i]!, way[i + 1]!];
      straightM += distance(a, b);
      if (this.buildings.blocking(flat(a), a[2], flat(b), b[2]).length === 0) {
        taut.push(b);
        continue;
      }
      free = false;
      taut = [...taut, ...this.#overRoofs(a, b).slice(1)];
    }
    if (!free && lengthOf(taut) - straightM > 2) return;
    found.push(this.#path("echo", taut, gain, free ? undefined : straightM, walls.length));
  }

  /** @param straightM length without the detour over edges, where there is one. */
  #path(kind: SoundPath["kind"], way: readonly Vec[], gain: number, straightM?: number, reflections = 0): SoundPath {
    let time = 0;
    for (let i = 0; i + 1 < way.length; i++) {
      const [a, b] = [way[i]!, way[i + 1]!];
      time += travelS(b[0] - a[0], b[1] - a[1], b[2] - a[2], this.soundMps, this.#wind);
    }
    const lengthM = lengthOf(way);
    const [from, next] = [way[0]!, way[1]!];
    const leg = distance(from, next);
    return {
      kind,
      travelS: time,
      lengthM,
      gain,
      departure: [(next[0] - from[0]) / leg, (next[1] - from[1]) / leg, (next[2] - from[2]) / leg],
      ground: { lateS: groundDetour(way, straightM !== undefined) / this.soundMps, gain: GROUND_REFLECTANCE },
      ...(straightM === undefined ? {} : { detourM: Math.max(0, lengthM - straightM) }),
      ...(reflections > 0 ? { scatterHz: Array.from({ length: reflections }, () => FACADE_SCATTER_HZ) } : {}),
    };
  }
}

/** How much longer the way by the ground is: over the whole way where it is free, to the first edge where it is not. */
function groundDetour(way: readonly Vec[], overEdges: boolean): number {
  const from = way[0]!;
  const to = overEdges ? way[1]! : way[way.length - 1]!;
  let run = 0;
  for (let i = 0; i + 1 < (overEdges ? 2 : way.length); i++) {
    run += Math.hypot(way[i + 1]![0] - way[i]![0], way[i + 1]![1] - way[i]![1]);
  }
  return Math.hypot(run, from[2] + to[2]) - Math.hypot(run, from[2] - to[2]);
}

/** Amplitude at about 500 Hz over one metre's, for ranking. */
export function strength(path: SoundPath): number {
  const screen = path.detourM === undefined ? 1 : 1 / Math.sqrt(3 + (40 * path.detourM * 500) / 343);
  return (path.gain * screen) / path.lengthM;
}

/** Upper convex hull of points in order of their first co-ordinate. */
function tautString(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const hull: (readonly [number, number])[] = [];
  for (const point of points) {
    while (hull.length >= 2) {
      const a = hull[hull.length - 2]!;
      const b = hull[hull.length - 1]!;
      if ((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) < 0) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

function front(wall: Facade, from: Vec): number {
  return (from[0] - wall.a[0]) * wall.normal[0] + (from[1] - wall.a[1]) * wall.normal[1];
}

function mirrored(wall: Facade, from: Vec): Vec {
  const d = front(wall, from);
  return [from[0] - 2 * d * wall.normal[0], from[1] - 2 * d * wall.normal[1], from[2]];
}

/** Where on the wall the sound from `from` to `to` reflects; undefined where it would miss the wall. */
function bounce(wall: Facade, from: Vec, to: Vec): Vec | undefined {
  const d1 = front(wall, from);
  const d2 = front(wall, to);
  if (d1 <= 1e-3 || d2 <= 1e-3) return undefined;
  const share = d1 / (d1 + d2);
  const up = from[2] + share * (to[2] - from[2]);
  if (up >= wall.heightM || up < 0) return undefined;
  const image = mirrored(wall, from);
  const x = image[0] + share * (to[0] - image[0]);
  const y = image[1] + share * (to[1] - image[1]);
  const ex = wall.b[0] - wall.a[0];
  const ey = wall.b[1] - wall.a[1];
  const t = ((x - wall.a[0]) * ex + (y - wall.a[1]) * ey) / (ex * ex + ey * ey);
  return t < 0 || t > 1 ? undefined : [x, y, up];
}

/** Distance from a wall's middle less half its width: never more than the true distance. */
function nearTo(wall: Facade, to: Vec): number {
  const half = Math.hypot(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]) / 2;
  return Math.hypot((wall.a[0] + wall.b[0]) / 2 - to[0], (wall.a[1] + wall.b[1]) / 2 - to[1]) - half;
}

function flat(at: Vec): Point {
  return [at[0], at[1]];
}

function distance(a: Vec, b: Vec): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
}

function lengthOf(way: readonly Vec[]): number {
  let sum = 0;
  for (let i = 0; i + 1 < way.length; i++) sum += distance(way[i]!, way[i + 1]!);
  return sum;
}
