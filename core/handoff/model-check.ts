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
import { distanceM, type LatLon, movedBy } from "./local.ts";
import { phaseRules } from "./phases.ts";
import type { Site } from "./site.ts";
import { type Drone, type DroneAction, type DroneEvent, step } from "./step.ts";
import { mayWrite, type Order } from "./token.ts";

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

const tickS = 3;
/** Two remote pilots, and the one on site, who gives back by telephone what the radio took. */
const people = ["kim", "lee", "pat"] as const;
type Person = (typeof people)[number];
/** The oldest picture that any order is taken on (`Site.control`), rounded up to ticks. */
const oldestMs = 9000;

interface Sent extends Order {
  nr: number;
}

interface Sight {
  epoch: number;
  tickMs: number;
  holder: string;
}

interface World {
  drone: Drone;
  /** Autonomy's and pilots' commands on their way to the autopilot. */
  queue: DroneAction[];
  net: Sent[];
  /** What the drone has said and somebody may be looking at, newest last: an order is made on any of it. */
  said: readonly Sight[];
  vehicle: { mode: string; armed: boolean; atM: number; heightM: number };
  /** Who steered in the present tenure. */
  steered: { epoch: number; by: string } | undefined;
  orders: number;
  doubles: number;
  radio: number;
  ticks: number;
}

interface Node {
  world: World;
  parent: Node | undefined;
  move: string;
}

/** What moves the vehicle. The camera's commands go the same way, but fly nothing. */
const modes: Partial<Record<DroneAction["do"], string>> = {
  hold: "hold",
  return: "return",
  land: "land",
  startMission: "mission",
  goTo: "guided",
};

class Violation extends Error {
  readonly what: Found["what"];
  constructor(what: Found["what"], detail: string) {
    super(detail);
    this.what = what;
  }
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

function sight({ drone: { authority } }: Pick<World, "drone">): Sight {
  const { holder, epoch, tickMs } = authority;
  return { epoch, tickMs, holder: holder.kind === "remote" ? holder.by : holder.kind };
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

function actsOf(person: Person, { holder }: Sight): string[] {
  if (person === "pat") return holder === "onsite" ? ["release"] : [];
  // A confused console may send what is not its to send.
  return holder === person
    ? ["goto", "release", "return", "land", "renew"]
    : ["takeover", "goto", "hold", "return", "land"];
}

function sent(world: World, by: Person, act: string, { epoch, tickMs }: Sight): World {
  const token = act === "takeover" || act === "release" || act === "renew";
  const flight = token ? {} : { flight: world.drone.flight.mission!.flight };
  const nr = world.orders + 1;
  const order: Sent = {
    nr,
    id: `m${nr}`,
    by,
    as: by === "pat" ? "onsite" : "remote",
    epoch,
    seenTickMs: tickMs,
    act,
    ...flight,
  };
  return { ...world, orders: nr, net: [...world.net, order] };
}

function applied(world: World, event: DroneEvent, site: Site): World {
  const [drone, actions] = step(world.drone, event, site);
  const { epoch, tickMs } = drone.authority;
  // A picture too old for any order would be refused whatever it showed; of one epoch the newest is enough, since an order may be late.
  const fresh = world.said.filter(
    (one) => tickMs - one.tickMs <= oldestMs && (one.epoch !== epoch || one.tickMs !== tickMs),
  );
  const net = world.net.filter((order) => tickMs - order.seenTickMs <= oldestMs);
  return {
    ...world,
    drone,
    net,
    said: [...fresh, sight({ drone })],
    queue: [...world.queue, ...actions.filter((action) => action.do in modes)],
  };
}

function delivered(world: World, order: Sent, site: Site, gone: boolean): World {
  const before = world.drone.authority;
  const tickMs = before.tickMs;
  const steers = order.act === "goto";
  const payload = steers
    ? {
        payload: {
          act: "goto" as const,
          flight: order.flight!,
          to: { ...movedBy(site.dock, { eastM: 150, northM: 60 }), heightM: 50 },
        },
      }
    : order.flight
      ? { payload: { act: order.act as "hold", flight: order.flight } }
      : {};
  const next = applied(
    { ...world, net: gone ? world.net.filter((one) => one !== order) : world.net },
    { type: "order", tickMs, order, ...payload },
    site,
  );
  const answer = next.drone.authority.answers.at(-1);
  const obeyed = answer?.order === order.id && answer.accepted && !before.seen.includes(order.id);
  if (!steers || !obeyed) return next;
  if (order.epoch !== before.epoch) {
    throw new Violation(
      "two writers",
      `${order.by}'s goto was made in epoch ${order.epoch} and is flown in epoch ${before.epoch}`,
    );
  }
  if (before.holder.kind !== "remote" || before.holder.by !== order.by) {
    throw new Violation("two writers", `${order.by}'s goto is flown while ${sight(world).holder} has control`);
  }
  return wrote(next, before.epoch, order.by);
}

function wrote(world: World, epoch: number, by: string): World {
  if (world.steered?.epoch === epoch && world.steered.by !== by) {
    throw new Violation("two writers", `${world.steered.by} and ${by} both steer in epoch ${epoch}`);
  }
  return { ...world, steered: { epoch, by } };
}

/** What the agent does with an action: the last hop asks again, then the autopilot obeys. */
function executed(world: World): World {
  const [action, ...queue] = world.queue as [DroneAction, ...DroneAction[]];
  const { authority } = world.drone;
  const next = { ...world, queue };
  if (!mayWrite(authority, action.writer, action.epoch)) return next;
  if (action.epoch !== authority.epoch) {
    throw new Violation(
      "two writers",
      `${action.writer}'s ${action.do} of epoch ${action.epoch} reaches the autopilot in epoch ${authority.epoch}`,
    );
  }
  const mode = { hold: "hold", return: "return", land: "land", startMission: "mission", goTo: "guided" }[
    action.do as string
  ];
  if (mode === undefined) return next;
  const by = authority.holder.kind === "remote" ? authority.holder.by : authority.holder.kind;
  return { ...wrote(next, authority.epoch, by), vehicle: { ...world.vehicle, mode } };
}

function radio(world: World, site: Site): World {
  const vehicle = { ...world.vehicle, mode: "position" };
  const tickMs = world.drone.authority.tickMs;
  const event: DroneEvent = { type: "mode", tickMs, to: "position", cause: "pilot", evidence: "stick" };
  return applied({ ...world, vehicle, radio: world.radio + 1 }, event, site);
}

/** Time passes for the autopilot and for the agent. */
function passed(world: World, site: Site): World {
  const vehicle = { ...world.vehicle };
  if (vehicle.armed) {
    if (vehicle.mode === "return") {
      if (vehicle.atM > 0) vehicle.atM = Math.max(0, vehicle.atM - 100);
      else vehicle.heightM = Math.max(0, vehicle.heightM - 25);
    } else if (vehicle.mode === "land") vehicle.heightM = Math.max(0, vehicle.heightM - 25);
    else if (vehicle.mode === "guided") vehicle.atM = 150;
    if (vehicle.heightM === 0) vehicle.armed = false;
  }
  const tickMs = world.drone.authority.tickMs + tickS * 1000;
  const place: LatLon = movedBy(site.dock, { eastM: vehicle.atM, northM: 0 });
  const onPad = vehicle.heightM === 0 && distanceM(place, site.dock) < 1;
  const dock = { ...world.drone.flight.dock, padOccupied: onPad };
  const seen = {
    ...world.drone.flight.vehicle,
    position: { ...place, altM: site.dock.altM + vehicle.heightM },
    relAltM: vehicle.heightM,
    mode: vehicle.mode,
    armed: vehicle.armed,
    landed: vehicle.heightM === 0 ? ("ground" as const) : ("air" as const),
  };
  let next: World = { ...world, vehicle };
  next = applied(next, { type: "dock", tickMs, seen: dock }, site);
  next = applied(next, { type: "vehicle", tickMs, seen }, site);
  return applied(next, { type: "tick", tickMs }, site);
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

/** What decides the future of a world, times and epochs relative, so that equal futures are searched once. */
function keyOf(world: World): string {
  const { authority } = world.drone;
  const age = (tickMs: number) => Math.min(9, Math.round((authority.tickMs - tickMs) / 1000));
  const net = world.net.map(
    (m) =>
      `${m.by}${m.act}${authority.epoch - m.epoch}/${age(m.seenTickMs)}${authority.seen.includes(m.id) ? "!" : ""}`,
  );
  const said = world.said.map((s) => `${authority.epoch - s.epoch}/${age(s.tickMs)}${s.holder}`);
  const steered = world.steered && world.steered.epoch === authority.epoch ? world.steered.by : "";
  return `${silentKey(world)}|${net.sort().join()}|${said.sort().join()}|${steered}|${world.orders},${world.doubles},${world.radio},${world.ticks}`;
}

function silentKey({ drone: { authority, flight }, queue, vehicle }: World): string {
  const until = (tickMs: number | undefined) =>
    tickMs === undefined ? "" : Math.round((tickMs - authority.tickMs) / 100);
  const { holder, safety } = authority;
  return [
    holder.kind,
    holder.kind === "remote" ? holder.by : "",
    until(authority.leaseUntilMs),
    safety?.level ?? "",
    authority.asks.map((one) => one.by).join(),
    flight.phase,
    flight.cause ?? "",
    flight.resume ?? "",
    flight.pilotCourse ?? "",
    flight.landsAt ?? "",
    until(flight.untilMs),
    until(flight.sceneUntilMs),
    flight.vehicle.mode,
    flight.vehicle.relAltM,
    queue.map((a) => `${a.do}${a.writer}${authority.epoch - a.epoch}`).join(),
    `${vehicle.mode}${vehicle.armed}${vehicle.atM},${vehicle.heightM}`,
  ].join(";");
}
