/** What the console knows, as a pure fold over the gateway's live events. Every change is a new value. */
import { unmeasured } from "#contract/certainty.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { NodeState } from "#contract/node.ts";
import type { Health, LiveEvent } from "#contract/ops-api.ts";

export interface Picture {
  readonly incidents: ReadonlyMap<string, IncidentState>;
  /** Incident ids, newest firing first. */
  readonly order: readonly string[];
  /** How many incidents the gateway holds; `order` may be fewer until older pages are fetched. */
  readonly total: number;
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly health: Health | undefined;
  /** `seq` of the last event folded in, -1 before the first. */
  readonly seq: number;
  /** The gateway's time of the last event. */
  readonly asOf: string | undefined;
}

export const emptyPicture: Picture = {
  incidents: new Map(),
  order: [],
  total: 0,
  nodes: new Map(),
  health: undefined,
  seq: -1,
  asOf: undefined,
};

/** Sortable form of an RFC 3339 instant: decimals padded to nine, so that string order is time order. */
export function sortKey(utc: string): string {
  const dot = utc.indexOf(".");
  const fraction = dot < 0 ? "" : utc.slice(dot + 1, -1);
  return `${utc.slice(0, 19)}.${fraction.padEnd(9, "0")}`;
}

const keys = new WeakMap<IncidentState, string>();

function keyOf(incident: IncidentState): string {
  let key = keys.get(incident);
  if (key === undefined) keys.set(incident, (key = sortKey(incident.firedAt)));
  return key;
}

function newestFirst(a: IncidentState, b: IncidentState): number {
  const [ka, kb] = [keyOf(a), keyOf(b)];
  if (ka !== kb) return ka < kb ? 1 : -1;
  return a.incident < b.incident ? 1 : a.incident > b.incident ? -1 : 0;
}

/** Index at which `incident` belongs in `order`, by bisection. */
function placeIn(order: readonly string[], incidents: ReadonlyMap<string, IncidentState>, incident: IncidentState) {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (newestFirst(incidents.get(order[mid]!)!, incident) < 0) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** One incident's newer version put in its place; an older or equal version changes nothing. */
export function withIncident(picture: Picture, incident: IncidentState): Picture {
  const known = picture.incidents.get(incident.incident);
  if (known !== undefined && known.version >= incident.version) return picture;
  const incidents = new Map(picture.incidents);
  let order = picture.order;
  if (known === undefined || known.firedAt !== incident.firedAt) {
    const rest = known === undefined ? order : order.filter((id) => id !== incident.incident);
    const at = placeIn(rest, incidents, incident);
    order = [...rest.slice(0, at), incident.incident, ...rest.slice(at)];
  }
  incidents.set(incident.incident, incident);
  return { ...picture, incidents, order, total: picture.total + (known === undefined ? 1 : 0) };
}

/** An older page of the queue. `total` is the gateway's count at the time of the answer. */
export function withPage(picture: Picture, page: readonly IncidentState[], total: number): Picture {
  const incidents = new Map(picture.incidents);
  for (const incident of page) {
    const known = incidents.get(incident.incident);
    if (known === undefined || known.version < incident.version) incidents.set(incident.incident, incident);
  }
  const order = [...incidents.values()].sort(newestFirst).map((incident) => incident.incident);
  return { ...picture, incidents, order, total: Math.max(total, order.length) };
}

/** `gap` is true where events were missed (`seq` counts without gaps): the caller then asks for a new snapshot. */
export function fold(picture: Picture, event: LiveEvent): { picture: Picture; gap: boolean } {
  const stamped = { seq: event.seq, asOf: event.at };
  if (event.type === "snapshot") {
    const order = [...event.incidents].sort(newestFirst);
    return {
      gap: false,
      picture: {
        incidents: new Map(order.map((incident) => [incident.incident, incident])),
        order: order.map((incident) => incident.incident),
        total: Math.max(event.total, order.length),
        nodes: new Map(event.nodes.map((node) => [node.node, node])),
        health: event.health,
        ...stamped,
      },
    };
  }
  const gap = event.seq !== picture.seq + 1;
  switch (event.type) {
    case "incident":
      return { gap, picture: { ...withIncident(picture, event.incident), ...stamped } };
    case "node":
      return {
        gap,
        picture: { ...picture, nodes: new Map(picture.nodes).set(event.node.node, event.node), ...stamped },
      };
    case "health":
      return { gap, picture: { ...picture, health: event.health, ...stamped } };
    default:
      return { gap, picture: { ...picture, ...stamped } };
  }
}

export type QueueFilter = "open" | "all";

/** `open`: not yet reviewed, or escalated and so still somebody's work. */
export function isOpen(incident: IncidentState): boolean {
  return incident.status === "unreviewed" || incident.status === "escalated";
}

/** An incident calls for a person until somebody takes it or gives a verdict. */
export function callsForSomebody(incident: IncidentState): boolean {
  return incident.status === "unreviewed" && incident.takenBy === undefined;
}

/** "Remote" (ICD 203): what was likelier when it called and is told so now, as a rocket that far lampposts have heard since. */
const REMOTE = 0.05;

/** Those that call for a person, in their order; behind the others those whose measured probability has become remote. */
export function callingOf(incidents: readonly IncidentState[]): readonly IncidentState[] {
  const calling = incidents.filter(callsForSomebody);
  const isRemote = (each: IncidentState) => unmeasured(each) === undefined && each.probability <= REMOTE;
  return [...calling.filter((each) => !isRemote(each)), ...calling.filter(isRemote)];
}

/** Ids of the queue under a filter, newest first. */
export function queueOf(picture: Pick<Picture, "incidents" | "order">, filter: QueueFilter): readonly string[] {
  if (filter === "all") return picture.order;
  return picture.order.filter((id) => isOpen(picture.incidents.get(id)!));
}
