/**
 * A patrol robot in the simulated city: real firmware on an emulated chip, its line over TCP, people around it, and the plan that its agent
 * is configured with. For the demo and for tests.
 */
import type { City } from "../city.ts";
import { Rng } from "../rng.ts";
import { type RobotPorts, type SimulatedRobot, serveRobot, startRobot } from "./robot.ts";
import type { PersonPlan, Point } from "./surroundings.ts";

/** Half of the way that it patrols, and what the fence adds at its ends. */
const REACH_M = 35;
const STEP_M = 10;
const ENDS_M = 8;
/** Houses further away are of no matter to its sensors. */
const AROUND_M = 120;
/** From the kerb outwards: the robot may use the pavement's edge. */
const BESIDE_M = 0.5;

interface Corner {
  lat: number;
  lon: number;
}

export interface PatrolPlan {
  street: string;
  /** The route's points, metres east and north of the city's centre. */
  line: readonly Point[];
  widthM: number;
  start: { eastM: number; northM: number; yawRad: number };
  /** For the agent. */
  route: Corner[];
  keepIn: Corner[];
  startAt: Corner & { headingDeg: number };
}

/** A stretch of the street nearest to the city's centre that no house stands in. */
export function patrolPlan(city: City): PatrolPlan {
  const streets = city.streets
    .map((street) => ({ street, ...stretchNear(street.line) }))
    .filter(({ line, street }) => line.length >= 4 && isFree(city, line, street.widthM))
    .sort((a, b) => a.awayM - b.awayM);
  const found = streets[0];
  if (!found) throw new RangeError(`city ${city.seed} has no free stretch of street for a robot`);
  const { line, street } = found;
  const half = street.widthM / 2 + BESIDE_M;
  const long = [extended(line[1]!, line[0]!), ...line.slice(1, -1), extended(line.at(-2)!, line.at(-1)!)];
  const sides = [1, -1].map((side) => long.map((point, i) => aside(long, i, point, side * half)));
  const corner = ([eastM, northM]: Point): Corner => {
    const { lat, lon } = city.plane.geodetic({ eastM, northM, upM: 0 });
    return { lat, lon };
  };
  const yawRad = Math.atan2(line[1]![1] - line[0]![1], line[1]![0] - line[0]![0]);
  return {
    street: street.name,
    line,
    widthM: street.widthM,
    start: { eastM: line[0]![0], northM: line[0]![1], yawRad },
    route: line.map(corner),
    keepIn: [...sides[0]!, ...sides[1]!.reverse()].map(corner),
    startAt: { ...corner(line[0]!), headingDeg: (((90 - (yawRad * 180) / Math.PI) % 360) + 360) % 360 },
  };
}

export interface PatrolWorld {
  plan: PatrolPlan;
  robot: SimulatedRobot;
  ports: RobotPorts;
  /** One of the people lies down at the roadside, some 20 m ahead of the robot. */
  fall(): void;
  /** Glass breaks in a shop beside the way. */
  breakGlass(): void;
  close(): Promise<void>;
}

/** @param hexPath of the firmware, as `make -C firmware-bridge/firmware` builds it: `robot.hex`. */
export async function startPatrolWorld(city: City, seed: number | string, hexPath: string): Promise<PatrolWorld> {
  const plan = patrolPlan(city);
  const rng = new Rng(`patrol/${seed}`);
  const { lat, lon } = city.plane.geodetic({ eastM: 0, northM: 0, upM: 0 });
  const robot = startRobot({
    hexPath,
    seed: String(seed),
    origin: { lat, lon, altM: 0 },
    start: plan.start,
    walls: city.buildings.all
      .filter(({ corners }) =>
        corners.some(([east, north]) => Math.hypot(east - plan.start.eastM, north - plan.start.northM) < AROUND_M),
      )
      .map(({ corners }) => corners),
    people: walkers(plan, rng),
  });
  const ports = await serveRobot(robot);
  const beside = (i: number, side: number): Point => aside(plan.line, i, plan.line[i]!, side * (plan.widthM / 2 - 0.6));
  return {
    plan,
    robot,
    ports,
    fall() {
      const { eastM, northM, yawRad } = robot.truth ?? plan.start;
      const here = nearestIndex(plan.line, [eastM, northM]);
      const next = plan.line[here + 1];
      const onwards = next !== undefined && Math.cos(Math.atan2(next[1] - northM, next[0] - eastM) - yawRad) > 0;
      const there = onwards ? Math.min(plan.line.length - 1, here + 2) : Math.max(0, here - 2);
      robot.put("walker-1", beside(there, 1));
      robot.lie("walker-1", true);
    },
    breakGlass: () => robot.sound("glass-break", beside(Math.floor(plan.line.length / 2), -1)),
    close: async () => {
      await ports.close();
      await robot.close();
    },
  };
}

/** `roles.patrol` of the robot's agent. */
export function patrolRole({ plan, ports }: PatrolWorld): object {
  return {
    body: { kind: "tcp", port: ports.boardPort },
    start: plan.startAt,
    fence: { keepIn: plan.keepIn },
    routes: [{ name: "street", points: plan.route }],
    perception: { kind: "lines", port: ports.looksPort },
  };
}

/** People on the pavements, to and fro. */
function walkers(plan: PatrolPlan, rng: Rng): PersonPlan[] {
  return [1, 2, 3].map((n) => {
    const side = n % 2 === 0 ? -1 : 1;
    const off = side * (plan.widthM / 2 - 0.3 - 0.2 * n);
    const path = plan.line.map((point, i) => aside(plan.line, i, point, off));
    return { id: `walker-${n}`, path, speedMps: rng.uniform(0.8, 1.4) };
  });
}

/** Points every ten metres around the line's point nearest to the centre. */
function stretchNear(line: readonly Point[]): { line: Point[]; awayM: number } {
  const points = resampled(line, STEP_M);
  const middle = nearestIndex(points, [0, 0]);
  const reach = Math.round(REACH_M / STEP_M);
  const part = points.slice(Math.max(0, middle - reach), middle + reach + 1);
  return { line: part, awayM: Math.hypot(...points[middle]!) };
}

function resampled(line: readonly Point[], stepM: number): Point[] {
  const points: Point[] = [];
  let due = 0;
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1]!, line[i]!];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    for (; due <= length && length > 0; due += stepM)
      points.push([a[0] + ((b[0] - a[0]) * due) / length, a[1] + ((b[1] - a[1]) * due) / length]);
    due -= length;
  }
  return points;
}

function nearestIndex(points: readonly Point[], to: Point): number {
  let best = 0;
  for (const [i, point] of points.entries())
    if (Math.hypot(point[0] - to[0], point[1] - to[1]) < Math.hypot(points[best]![0] - to[0], points[best]![1] - to[1]))
      best = i;
  return best;
}

function isFree({ buildings }: City, line: readonly Point[], widthM: number): boolean {
  return line.every(([east, north]) => !buildings.covers(east, north, widthM / 2));
}

function aside(line: readonly Point[], i: number, [east, north]: Point, leftM: number): Point {
  const a = line[Math.max(0, i - 1)]!;
  const b = line[Math.min(line.length - 1, i + 1)]!;
  const yaw = Math.atan2(b[1] - a[1], b[0] - a[0]);
  return [east - leftM * Math.sin(yaw), north + leftM * Math.cos(yaw)];
}

function extended(from: Point, to: Point): Point {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  return [to[0] + ((to[0] - from[0]) * ENDS_M) / length, to[1] + ((to[1] - from[1]) * ENDS_M) / length];
}
