/**
 * Explicit-state search (breadth first, so that a found trace is a shortest one) over what two remote pilots, an on-site pilot, a network and an
 * autopilot can do to one drone in flight. It runs the shipped `step` and the shipped `mayWrite`, and looks at every state for:
 *
 *  - two writers: a steering order is obeyed in a tenure (epoch) that it was not made in, or two parties steer in one tenure;
 *  - nobody with a way home: everybody falls silent from here, and the drone does not come to stand by itself. With the on-site pilot at the
 *    stick the silence takes the radio too, and the autopilot's own failsafe must be let do its work.
 *
 * The network loses, doubles, delays and reorders orders to the drone (one that never arrives is lost); what people see of it is as old as it may be. Commands of autonomy wait in
 * a queue before the autopilot, as they do in the agent. Bounds: `Bounds`; everything within them is tried.
 */
import { keyOf, silentKey } from "./model-key.ts";
import {
  actsOf,
  applied,
  delivered,
  executed,
  passed,
  people,
  radio,
  sent,
  tickS,
  Violation,
  type World,
} from "./model-world.ts";
import { phaseRules } from "./phases.ts";
import type { Site } from "./site.ts";
import type { Drone } from "./step.ts";

export interface Bounds {
  /** Orders that people send in all. */
  orders: number;
  /** Times an order is delivered twice. */
  doubles: number;
  /** Radio takeovers. */
  radio: number;
  /** Ticks of time between the first and the last of it. */
  ticks: number;
  /** Gives up (and says so) beyond that many states. */
  states: number;
}

export interface Found {
  what: "two writers" | "nobody with a way home" | "a step that throws";
  detail: string;
  trace: string[];
}

export interface Searched {
  states: number;
  transitions: number;
  /** False when `Bounds.states` ended it. */
  complete: boolean;
  found?: Found;
}

interface Node {
  world: World;
  parent: Node | undefined;
  move: string;
}

/** Searches from a drone that is in flight (`start`), over a site. */
export function search(start: Drone, site: Site, bounds: Bounds): Searched {
  const root: Node = { world: rootWorld(start), parent: undefined, move: "in flight, autonomy has control" };
  const visited = new Set<string>([keyOf(root.world)]);
  const comesHome = new Set<string>();
  let frontier: Node[] = [root];
  let transitions = 0;
  try {
    endsWell(root, site, comesHome);
    while (frontier.length > 0) {
      const next: Node[] = [];
      for (const node of frontier) {
        for (const [move, make] of moves(node.world, site, bounds)) {
          transitions++;
          const child: Node = { world: node.world, parent: node, move };
          try {
            child.world = make();
          } catch (error) {
            return { states: visited.size, transitions, complete: false, found: found(error, child) };
          }
          const key = keyOf(child.world);
          if (visited.has(key)) continue;
          visited.add(key);
          endsWell(child, site, comesHome);
          next.push(child);
          if (visited.size >= bounds.states) return { states: visited.size, transitions, complete: false };
        }
      }
      frontier = next;
    }
  } catch (error) {
    if (error instanceof Lost)
      return { states: visited.size, transitions, complete: false, found: found(error.cause, error.node) };
    throw error;
  }
  return { states: visited.size, transitions, complete: true };
}

class Lost extends Error {
  readonly node: Node;
  constructor(node: Node, cause: unknown) {
    super("lost", { cause });
    this.node = node;
  }
}

function found(error: unknown, node: Node): Found {
  const trace: string[] = [];
  for (let at: Node | undefined = node; at; at = at.parent) {
    const { drone, vehicle } = at.world;
    const { holder, epoch } = drone.authority;
    const who = holder.kind === "remote" ? holder.by : holder.kind;
    trace.unshift(`${at.move}  [epoch ${epoch}, ${who} has control, ${drone.flight.phase}, vehicle ${vehicle.mode}]`);
  }
  if (error instanceof Violation) return { what: error.what, detail: error.message, trace };
  return { what: "a step that throws", detail: String(error), trace };
}

function rootWorld(drone: Drone): World {
  const { epoch, tickMs } = drone.authority;
  return {
    drone,
    queue: [],
    net: [],
    said: [{ epoch, tickMs, holder: "autonomy" }],
    vehicle: { mode: "mission", armed: true, atM: 200, heightM: 50 },
    steered: undefined,
    orders: 0,
    doubles: 0,
    radio: 0,
    ticks: 0,
  };
}

type Move = [string, () => World];

function* moves(world: World, site: Site, bounds: Bounds): Iterable<Move> {
  const airborne = phaseRules[world.drone.flight.phase].airborne;
  if (!airborne) return;
  if (world.orders < bounds.orders) {
    // The remote pilots are alike: whoever acts first is called kim.
    const actors = world.orders === 0 ? people.filter((one) => one !== "lee") : people;
    for (const sight of world.said) {
      for (const person of actors) {
        for (const act of actsOf(person, sight)) {
          yield [`${person} sends ${act}, having seen epoch ${sight.epoch}`, () => sent(world, person, act, sight)];
        }
      }
    }
  }
  for (const order of world.net) {
    const what = `${order.by}'s ${order.act} of epoch ${order.epoch}`;
    yield [`${what} arrives`, () => delivered(world, order, site, true)];
    if (world.doubles < bounds.doubles) {
      yield [
        `${what} arrives, and will again`,
        () => delivered({ ...world, doubles: world.doubles + 1 }, order, site, false),
      ];
    }
  }
  if (world.queue.length > 0) yield ["the next command reaches the autopilot", () => executed(world)];
  if (world.radio < bounds.radio && world.drone.authority.holder.kind !== "onsite") {
    yield ["the on-site pilot takes the stick", () => radio(world, site)];
  }
  // A command that waits longer than a tick is given up by the agent, so time passes with an empty queue only.
  if (world.ticks < bounds.ticks && world.queue.length === 0) {
    yield [`${tickS} s pass`, () => passed({ ...world, ticks: world.ticks + 1 }, site)];
  }
}

/** Everybody is silent from here on: does it come to stand? Nothing is left to choose, so one path decides. */
function endsWell(node: Node, site: Site, known: Set<string>): void {
  const path: string[] = [];
  let world: World = { ...node.world, net: [] };
  if (world.drone.authority.holder.kind === "onsite") {
    // The silence takes the radio: the autopilot's RC failsafe, which preflight has seen to be set, brings it home.
    world = { ...world, vehicle: { ...world.vehicle, mode: "return" } };
    const tickMs = world.drone.authority.tickMs;
    world = applied(world, { type: "mode", tickMs, to: "return", cause: "failsafe", evidence: "RC lost" }, site);
  }
  for (let steps = 0; steps < 400; steps++) {
    const key = silentKey(world);
    if (known.has(key) || !world.vehicle.armed) {
      for (const one of path) known.add(one);
      return;
    }
    path.push(key);
    try {
      world = world.queue.length > 0 ? executed(world) : passed(world, site);
    } catch (error) {
      throw new Lost(node, error);
    }
  }
  const { phase, why } = world.drone.flight;
  throw new Lost(node, new Violation("nobody with a way home", `20 minutes later it is still in ${phase}: ${why}`));
}
