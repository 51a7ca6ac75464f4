/** What stands and walks around the robot: walls that a beam meets, people on their ways. Metres east and north of the scene's origin. */
import type { Rng } from "../rng.ts";

export type Point = readonly [number, number];

export interface PersonPlan {
  id: string;
  /** Walked to and fro; one point: stands there. */
  path: readonly Point[];
  speedMps: number;
}

export interface PersonTruth {
  id: string;
  eastM: number;
  northM: number;
  lying: boolean;
}

const PERSON_RADIUS_M = 0.25;

export class Surroundings {
  readonly #walls: readonly (readonly [Point, Point])[];
  readonly #people: { plan: PersonPlan; along: number; direction: 1 | -1; lying: boolean; at: Point }[];

  /** @param walls outlines, each closed by itself. */
  constructor(walls: readonly (readonly Point[])[], people: readonly PersonPlan[], rng: Rng) {
    this.#walls = walls.flatMap((corners) =>
      corners.map((corner, i) => [corner, corners[(i + 1) % corners.length]!] as const),
    );
    this.#people = people.map((plan) => {
      const along = plan.path.length > 1 ? rng.uniform(0, lengthOf(plan.path)) : 0;
      return { plan, along, direction: rng.chance(0.5) ? 1 : -1, lying: false, at: pointAt(plan.path, along) };
    });
  }

  get people(): PersonTruth[] {
    return this.#people.map(({ plan, at, lying }) => ({ id: plan.id, eastM: at[0], northM: at[1], lying }));
  }

  lie(id: string, lying: boolean): void {
    for (const person of this.#people) if (person.plan.id === id) person.lying = lying;
  }

  /** Puts a person somewhere, who stands there from now on. */
  put(id: string, at: Point): void {
    for (const person of this.#people) {
      if (person.plan.id !== id) continue;
      person.plan = { ...person.plan, path: [at] };
      person.at = at;
    }
  }

  /** @param near where the robot is: people do not walk into it. */
  step(dtS: number, near: Point): void {
    for (const person of this.#people) {
      const { path, speedMps } = person.plan;
      if (person.lying || path.length < 2) continue;
      const length = lengthOf(path);
      let along = person.along + person.direction * speedMps * dtS;
      if (along > length || along < 0) {
        person.direction = along < 0 ? 1 : -1;
        along = Math.min(length, Math.max(0, along));
      }
      const next = pointAt(path, along);
      const nowM = Math.hypot(person.at[0] - near[0], person.at[1] - near[1]);
      const thenM = Math.hypot(next[0] - near[0], next[1] - near[1]);
      if (thenM < 0.8 && thenM < nowM) continue;
      person.along = along;
      person.at = next;
    }
  }

  /** Metres to the first thing on a ray, or `mostM`. @param yawRad counter-clockwise from east. */
  rangeM(from: Point, yawRad: number, mostM: number): number {
    const [dx, dy] = [Math.cos(yawRad), Math.sin(yawRad)];
    let nearest = mostM;
    for (const [a, b] of this.#walls) {
      const [ex, ey] = [b[0] - a[0], b[1] - a[1]];
      const cross = dx * ey - dy * ex;
      if (Math.abs(cross) < 1e-12) continue;
      const [wx, wy] = [a[0] - from[0], a[1] - from[1]];
      const t = (wx * ey - wy * ex) / cross;
      const s = (wx * dy - wy * dx) / cross;
      if (t > 0 && s >= 0 && s <= 1) nearest = Math.min(nearest, t);
    }
    for (const { at, lying } of this.#people) {
      const [wx, wy] = [at[0] - from[0], at[1] - from[1]];
      const along = wx * dx + wy * dy;
      const aside = Math.abs(wx * dy - wy * dx);
      const radius = lying ? 3 * PERSON_RADIUS_M : PERSON_RADIUS_M;
      if (along > 0 && aside < radius) nearest = Math.min(nearest, along - Math.sqrt(radius ** 2 - aside ** 2));
    }
    return Math.max(0, nearest);
  }

  /** Whether a wall stands between two points. */
  hidden(from: Point, to: Point): boolean {
    const yaw = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const farM = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const [dx, dy] = [Math.cos(yaw), Math.sin(yaw)];
    return this.#walls.some(([a, b]) => {
      const [ex, ey] = [b[0] - a[0], b[1] - a[1]];
      const cross = dx * ey - dy * ex;
      if (Math.abs(cross) < 1e-12) return false;
      const [wx, wy] = [a[0] - from[0], a[1] - from[1]];
      const t = (wx * ey - wy * ex) / cross;
      const s = (wx * dy - wy * dx) / cross;
      return t > 0 && t < farM && s >= 0 && s <= 1;
    });
  }
}

function lengthOf(path: readonly Point[]): number {
  let length = 0;
  for (let i = 1; i < path.length; i++)
    length += Math.hypot(path[i]![0] - path[i - 1]![0], path[i]![1] - path[i - 1]![1]);
  return length;
}

function pointAt(path: readonly Point[], along: number): Point {
  let left = along;
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1]!, path[i]!];
    const step = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (left <= step && step > 0) return [a[0] + ((b[0] - a[0]) * left) / step, a[1] + ((b[1] - a[1]) * left) / step];
    left -= step;
  }
  return path.at(-1) ?? [0, 0];
}
