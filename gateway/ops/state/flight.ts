/** Drones as signals, and what people tell them. An order carries the picture on screen; what becomes of it comes back in words. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { ControlState } from "#contract/control.ts";
import type { FlightState } from "#contract/flight.ts";
import type { LiveEvent } from "#contract/ops-api.ts";
import { api, type Told } from "../api.ts";
import { type Order, ordersOf, sendOrder } from "../flight-orders.ts";
import { endedSession } from "./actions.ts";
import { type Drone, type Drones, dronesOut, isOld, pictureOf, withControl, withList, withState } from "./drones.ts";
import {
  asking,
  clockOffsetMs,
  gatewayNowMs,
  link,
  me,
  nearWords,
  placesWords,
  selected,
  selectedId,
  session,
  tab,
} from "./store.ts";

export const drones = signal<Drones>(new Map());
/** Why the list could not be fetched; what is live shows all the same. */
export const dronesFault = signal<string | undefined>(undefined);

/** Where two are out for one incident, which one the keys and buttons mean. */
export const chosenDrone = signal<string | undefined>(undefined);
export const outHere = computed(() =>
  selectedId.value === undefined ? [] : dronesOut(drones.value, selectedId.value),
);
export const drone = computed(() => outHere.value.find(({ id }) => id === chosenDrone.value) ?? outHere.value[0]);

const wordsOf = ({ state }: Drone) => {
  const place = selected.value && placesWords(selected.value);
  const near = nearWords(state?.vehicle.position, true);
  return { ...(place !== undefined && { place }), ...(near !== undefined && { near }) };
};

const ready = computed(
  () => [...drones.value.values()].filter((one) => one.state?.available && !isOld(one, gatewayNowMs.value)).length,
);

/** What may be told now: to the drone that is out, else to dispatch. */
export const orders = computed((): Order[] => {
  const one = drone.value;
  if (one !== undefined) return ordersOf(one, me.value, gatewayNowMs.value, wordsOf(one));
  const incident = selected.value;
  if (incident === undefined || drones.value.size === 0) return [];
  const place = incident.place === undefined ? undefined : (placesWords(incident) ?? "the place");
  return [sendOrder(me.value, place, ready.value)];
});

/** The order whose second act is awaited, and the picture that it was asked on. */
export const weighing = signal<{ order: Order; drone: string | undefined; epoch: number | undefined } | undefined>(
  undefined,
);
/** The order that waits for a place on the map. */
export const aiming = signal<Order | undefined>(undefined);
export const flightSaid = signal<{ text: string; failed: boolean } | undefined>(undefined);
/** Orders on their way. Hold, return and stop never wait for another one's answer. */
export const flightBusy = signal(0);

/** Gives the order, or asks for its second act. */
export function press(order: Order): void {
  if (order.refused !== undefined) {
    flightSaid.value = { text: `${order.label}: ${order.refused}.`, failed: true };
    return;
  }
  batch(() => {
    flightSaid.value = undefined;
    aiming.value = order.aims ? order : undefined;
    if (order.aims) tab.value = "map";
    if (order.second === undefined) weighing.value = undefined;
    else {
      asking.value = undefined;
      weighing.value = { order, drone: drone.value?.id, epoch: drone.value?.control?.epoch };
    }
  });
  if (order.second === undefined && !order.aims) void give(order);
}

/** The place on the map that an order waited for. The drone flies there at the height of its lane. True where one waited. */
export function pressPlace({ lat, lon }: { lat: number; lon: number }): boolean {
  const order = aiming.value;
  const state = drone.value?.state;
  if (order === undefined || state === undefined) return false;
  aiming.value = undefined;
  const heightM = state.plan?.laneHeightM ?? state.vehicle.heightAboveGroundM;
  if (order.id === "look") void give(order, undefined, { at: { lat, lon, heightM: 0 } });
  else if (heightM !== undefined) void give(order, undefined, { to: { lat, lon, heightM } });
  else flightSaid.value = { text: "Not done, fly to: how high it flies is not known.", failed: true };
  return true;
}

/** The second act: the choice with number `n`, from 0. */
export function pressChoice(n: number): void {
  const now = weighing.value;
  const choice = now?.order.second?.choices[n];
  if (now === undefined || choice === undefined) return;
  weighing.value = undefined;
  void give(now.order, now.order.second?.why ? choice : undefined);
}

/** A reason in one's own words. */
export function pressReason(text: string): void {
  const now = weighing.value;
  if (now?.order.second?.why === undefined) return;
  weighing.value = undefined;
  void give(now.order, text);
}

function ask(order: Order, why: string | undefined, place: object): ReturnType<typeof api.order> | undefined {
  const incident = selectedId.value;
  if (order.id === "send") return incident === undefined ? undefined : api.sendDrone(incident, why ?? "");
  const one = drone.value;
  if (one === undefined) return undefined;
  return api.order(one.id, order.id, {
    ...pictureOf(one),
    ...(order.id === "authorise" && { flight: one.state?.flight }),
    ...(order.as !== undefined && { as: order.as }),
    ...(order.to !== undefined && { to: order.to }),
    ...(why !== undefined && { why }),
    ...place,
  });
}

async function give(order: Order, why?: string, place: object = {}): Promise<void> {
  const id = drone.value?.id;
  const asked = ask(order, why, place);
  if (asked === undefined) return;
  flightBusy.value += 1;
  flightSaid.value = { text: `${order.label.replace(" …", "")} …`, failed: false };
  const answer = await asked;
  flightBusy.value -= 1;
  if (endedSession(answer)) return;
  const who = id === undefined ? "" : `${id}: `;
  flightSaid.value = answer.ok
    ? { text: `${order.label.replace(" …", "")}. ${who}${(answer.value as Told).why}.`, failed: false }
    : { text: `Not done, ${order.label.replace(" …", "").toLowerCase()}. ${who}${answer.error}.`, failed: true };
}

/** Folds a live event in. Returns the incident whose record has grown by it, if one has. */
export function hearDrone(event: LiveEvent): string | undefined {
  const atMs = Date.parse(event.at);
  if (event.type === "flight") {
    const state = event.state as FlightState;
    const known = drones.value.get(state.node)?.state;
    drones.value = withState(drones.value, state, atMs);
    return known?.phase !== state.phase || known.hops.length !== state.hops.length ? state.incident : undefined;
  }
  if (event.type !== "message" || event.channel !== "control/state") return undefined;
  const control = event.message as ControlState;
  const known = drones.value.get(control.node);
  drones.value = withControl(drones.value, control, atMs);
  const grown =
    known?.control?.epoch !== control.epoch || known.control.answers.at(-1)?.order !== control.answers.at(-1)?.order;
  return grown ? known?.state?.incident : undefined;
}

export async function loadDrones(): Promise<void> {
  const answer = await api.drones();
  if (endedSession(answer)) return;
  // A gateway without dispatch has no such path, and no drones.
  dronesFault.value = answer.ok || answer.status === 404 ? undefined : answer.error;
  if (answer.ok) drones.value = withList(drones.value, answer.value.drones, Date.now() + clockOffsetMs.value);
}

/** A silent holder loses control within seconds: while this page is open, in view and connected it speaks for its person. */
const RENEW_MS = 1500;

/** Ends with `until`. */
export function keepControl(until: AbortSignal): void {
  let waiting = false;
  const renew = async (one: Drone) => {
    waiting = true;
    const answer = await api.order(one.id, "renew", { ...pictureOf(one) });
    waiting = false;
    if (!answer.ok && !endedSession(answer) && holds(drones.value.get(one.id)))
      flightSaid.value = { text: `Control of ${one.id} is being lost: ${answer.error}.`, failed: true };
  };
  const timer = setInterval(() => {
    if (waiting || document.visibilityState !== "visible" || link.value.kind !== "live") return;
    for (const one of drones.value.values()) if (holds(one)) void renew(one);
  }, RENEW_MS);
  // A choice that was made ready on another picture is put away: nobody overrules what they have not seen.
  const stop = effect(() => {
    const now = weighing.value;
    if (now === undefined) return;
    const here = drone.value;
    const offered = orders.value.find(({ id, to }) => id === now.order.id && to === now.order.to);
    if (offered?.refused === undefined && offered !== undefined && here?.id === now.drone) {
      if (here?.control?.epoch === now.epoch) return;
    }
    const why = offered?.refused ?? here?.control?.why ?? "it is not to be had any more";
    batch(() => {
      weighing.value = undefined;
      flightSaid.value = { text: `Not done, ${now.order.label.toLowerCase()}: ${why}. Look again.`, failed: true };
    });
  });
  const stopAiming = effect(() => {
    const now = aiming.value;
    if (now !== undefined && !orders.value.some(({ id, refused }) => id === now.id && refused === undefined))
      aiming.value = undefined;
  });
  const stopOther = effect(() => {
    if (asking.value !== undefined) weighing.value = undefined;
  });
  const stopIncident = effect(() => {
    selectedId.value;
    batch(() => {
      weighing.value = undefined;
      aiming.value = undefined;
      flightSaid.value = undefined;
    });
  });
  until.addEventListener("abort", () => {
    clearInterval(timer);
    for (const end of [stop, stopAiming, stopOther, stopIncident]) end();
    drones.value = new Map();
  });
}

const holds = (one: Drone | undefined): boolean => {
  const holder = one?.control?.holder;
  return holder?.kind === "remote" && holder.by === session.value?.user;
};
