/** What a person may tell a drone now, by its phase, who has control and the person's roles. Pure; the drone decides in the end. */
import { seconds } from "./flight-words.ts";
import { type Me, needs } from "./rights.ts";
import { ageS, airborne, type Drone, isOld } from "./state/drones.ts";
import { age } from "./words.ts";

export type OrderId =
  | "send"
  | "authorise"
  | "takeover"
  | "ask"
  | "grant"
  | "release"
  | "goto"
  | "look"
  | "hold"
  | "return"
  | "land"
  | "stop"
  | "clear";

/** The second deliberate act: what will happen, and what one presses for it. With `why` the choice is the reason on the record. */
export interface SecondAct {
  ask: string;
  choices: readonly string[];
  why?: true;
}

export interface Order {
  id: OrderId;
  label: string;
  /** Single key; upper case means with Shift. */
  key?: string;
  tone?: "go" | "take" | "stop";
  second?: SecondAct;
  /** Why it cannot be given now. */
  refused?: string;
  /** Needs a place on the map: choosing it is the second act. */
  aims?: true;
  /** In which quality the person speaks, where it is not remotely. */
  as?: "onsite";
  /** Of `grant`. */
  to?: string;
}

export const flyReasons: readonly string[] = [
  "Eyes on the scene before officers arrive",
  "See from the air what it was",
  "Look for a person or vehicle",
  "Watch over officers on scene",
];
const clearReasons: readonly string[] = [
  "Looked at it, all in order",
  "Fetched, and stands on its pad",
  "Repaired or battery changed",
];

/** Sends the drone that dispatch finds best. `place` in words. */
export function sendOrder(me: Me, place: string | undefined, ready: number): Order {
  const refused =
    needs(me, "pilot", "dispatch") ??
    (place === undefined ? "nobody knows where it was" : undefined) ??
    (ready === 0 ? "no drone is ready" : undefined);
  return {
    id: "send",
    label: "Send a drone",
    key: "a",
    tone: "go",
    second: {
      ask: `Send a drone to ${place}? The one that is there first opens its dock and takes off. Why?`,
      choices: flyReasons,
      why: true,
    },
    ...(refused !== undefined && { refused }),
  };
}

/** The orders to one drone, in the order in which they stand on screen. `near` is where it is, in words. */
export function ordersOf(drone: Drone, me: Me, nowMs: number, words: { place?: string; near?: string } = {}): Order[] {
  const { id, state, control } = drone;
  if (state === undefined || control === undefined) return [];
  const { phase } = state;
  const { holder } = control;
  const lost = isOld(drone, nowMs) ? `${id} was not heard for ${age(ageS(drone, nowMs))}` : undefined;
  const onsite = holder.kind === "onsite" ? "the on-site pilot has control" : undefined;
  const fly = needs(me, "pilot");
  const call = needs(me, "pilot", "dispatch");
  const order = (one: Omit<Order, "refused">, ...whys: (string | undefined)[]): Order => {
    const refused = whys.find((why) => why !== undefined);
    return { ...one, ...(refused !== undefined && { refused }) };
  };

  if (phase === "landedAway" || phase === "outOfService") {
    const ask = `Put ${id} back into service? It may be sent at once. What did you find?`;
    return [
      order(
        { id: "clear", label: "Back into service", second: { ask, choices: clearReasons, why: true } },
        needs(me, "pilot", "technician"),
        lost,
      ),
    ];
  }
  const stop = order({ id: "stop", label: "E-stop: hold, then land", key: "X", tone: "stop" }, call, onsite);
  if (!airborne(phase)) {
    const off = order({ id: "return", label: "Call off", key: "b" }, call, onsite);
    if (phase === "asked") {
      const etaS = state.plan?.etaSceneS;
      const there = etaS === undefined ? "" : `, there after ${seconds(etaS)}`;
      const lane = state.plan === undefined ? "" : ` ${Math.round(state.plan.laneHeightM)} m above ground`;
      const ask = `Authorise ${id}: it opens its dock, takes off and flies${lane} to ${words.place ?? "the place"}${there}. Why?`;
      const go = { id: "authorise" as const, label: "Authorise", key: "a", tone: "go" as const };
      return [order({ ...go, second: { ask, choices: flyReasons, why: true } }, call, lost), off];
    }
    if (phase === "preflight") return [off];
    return phase === "opening" || phase === "arming" ? [off, stop] : [];
  }

  const orders: Order[] = [];
  const mine = holder.kind === "remote" && holder.by === me.user;
  if (mine) {
    for (const { by } of control.asks) {
      const ask = `Give ${id} to ${by}? You have no control of it then.`;
      const second = { ask, choices: [`Give ${id} to ${by}`] };
      orders.push(order({ id: "grant", label: `Give to ${by}`, to: by, second }, fly, lost));
    }
    orders.push(order({ id: "release", label: "Give back to autonomy", key: "g", tone: "take" }, fly));
    orders.push(
      order({ id: "goto", label: "Fly to …", aims: true }, fly, lost),
      order({ id: "look", label: "Look at …", aims: true }, fly, lost),
    );
  } else if (holder.kind === "onsite") {
    const ask = `Give ${id} back to autonomy for the pilot on site? Only where the transmitter is out of hand: autonomy flies at once.`;
    const second = { ask, choices: [`I am on site: give ${id} back`] };
    orders.push(
      order({ id: "release", label: "Give back, from on site", key: "g", as: "onsite", second }, fly, lost),
      order({ id: "takeover", label: "Take over", key: "p" }, fly, onsite),
    );
  } else {
    const from = holder.kind === "remote" ? holder.by : "autonomy";
    const unreached = phase === "unreached" ? "its autopilot is out of its agent's reach" : undefined;
    const ask = `Take ${id} over from ${from}? It stops where it is and waits for you. Nobody else flies it until you give it back.`;
    if (holder.kind === "remote") {
      const asked = control.asks.some(({ by }) => by === me.user) ? "you have asked already" : undefined;
      orders.push(order({ id: "ask", label: `Ask ${from} for it` }, fly, lost, asked));
    }
    const second = { ask, choices: [`Take ${id} over from ${from}`] };
    orders.push(order({ id: "takeover", label: "Take over", key: "p", tone: "take", second }, fly, lost, unreached));
  }
  const ask = `Land ${id} here${words.near === undefined ? "" : `, near ${words.near}`}? It comes down where it is now, not at its dock, and somebody must fetch it.`;
  orders.push(
    order({ id: "hold", label: "Hold", key: "h" }, call, onsite),
    order({ id: "return", label: "Return", key: "b" }, call, onsite),
    order(
      { id: "land", label: "Land here", key: "l", second: { ask, choices: [`Land ${id} here, now`] } },
      call,
      onsite,
      lost,
    ),
    stop,
  );
  return orders;
}
