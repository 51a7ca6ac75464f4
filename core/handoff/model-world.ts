/** The world of `model-check.ts`: people, network, agent and autopilot, and what each of them can do next. */
import { distanceM, type LatLon, movedBy } from "./local.ts";
import type { Site } from "./site.ts";
import { type Drone, type DroneAction, type DroneEvent, step } from "./step.ts";
import { mayWrite, type Order } from "./token.ts";

export const tickS = 3;
/** Two remote pilots, and the one on site, who gives back by telephone what the radio took. */
export const people = ["kim", "lee", "pat"] as const;
export type Person = (typeof people)[number];
/** The oldest picture that any order is taken on (`Site.control`), rounded up to ticks. */
export const oldestMs = 9000;

export interface Sent extends Order {
  nr: number;
}

export interface Sight {
  epoch: number;
  tickMs: number;
  holder: string;
}

export interface World {
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

/** What moves the vehicle. The camera's commands go the same way, but fly nothing. */
export const modes: Partial<Record<DroneAction["do"], string>> = {
  hold: "hold",
  return: "return",
  land: "land",
  startMission: "mission",
  goTo: "guided",
};

export class Violation extends Error {
  readonly what: "two writers" | "nobody with a way home";
  constructor(what: "two writers" | "nobody with a way home", detail: string) {
    super(detail);
    this.what = what;
  }
}

export function sight({ drone: { authority } }: Pick<World, "drone">): Sight {
  const { holder, epoch, tickMs } = authority;
  return { epoch, tickMs, holder: holder.kind === "remote" ? holder.by : holder.kind };
}

export function actsOf(person: Person, { holder }: Sight): string[] {
  if (person === "pat") return holder === "onsite" ? ["release"] : [];
  // A confused console may send what is not its to send.
  return holder === person
    ? ["goto", "release", "return", "land", "renew"]
    : ["takeover", "goto", "hold", "return", "land"];
}

export function sent(world: World, by: Person, act: string, { epoch, tickMs }: Sight): World {
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

export function applied(world: World, event: DroneEvent, site: Site): World {
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

export function delivered(world: World, order: Sent, site: Site, gone: boolean): World {
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
export function executed(world: World): World {
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

export function radio(world: World, site: Site): World {
  const vehicle = { ...world.vehicle, mode: "position" };
  const tickMs = world.drone.authority.tickMs;
  const event: DroneEvent = { type: "mode", tickMs, to: "position", cause: "pilot", evidence: "stick" };
  return applied({ ...world, vehicle, radio: world.radio + 1 }, event, site);
}

/** Time passes for the autopilot and for the agent. */
export function passed(world: World, site: Site): World {
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
