/** What the map looks at. A new value moves the map, an equal box included. */
import { signal } from "@preact/signals";
import type { IncidentState } from "#contract/incident.ts";
import type { Condition } from "#contract/node-condition.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { type Box, boxOf } from "../geometry.ts";
import type { Drone } from "../state/drones.ts";
import { outHere } from "../state/flight.ts";
import { chosenNode, nodesPlaced, selectedShots } from "../state/map-state.ts";
import { selected, tab } from "../state/store.ts";
import { boxOfDrone, pointsOfDrone } from "./drone-features.ts";
import { boxOfIncident } from "./features.ts";

export interface MapFocus {
  box: Box;
  /** The first look is not animated. */
  first: boolean;
  maxZoom: number;
  /** What is looked at: an incident, an incident from close by, or something else. */
  at: string;
}

/** Among the nodes that heard it; close to its bound, but with the next street in view; one node and its neighbours. */
const ZOOM = { incident: 17.6, close: 18, node: 16.5 };

export const wholeOf = (incident: IncidentState, shots: readonly ShotFixed[], first: boolean): MapFocus | undefined => {
  const box = withDrones(boxOfIncident(incident, shots));
  return box && { box, first, maxZoom: ZOOM.incident, at: incident.incident };
};

/** A drone that is out for the incident and the way it still has belong to the picture. */
function withDrones(box: Box | undefined): Box | undefined {
  if (box === undefined) return undefined;
  const [west, south, east, north] = box;
  return boxOf([[west, south], [east, north], ...outHere.peek().flatMap(pointsOfDrone)]);
}

export const mapFocus = signal<MapFocus | undefined>(undefined);

/**
 * Brings the chosen incident into view, and the map itself at phone width. Asked again while it is in view it goes close
 * to the bound, and back.
 */
export function focusMap(): void {
  const there = tab.value === "map" || !narrow();
  tab.value = "map";
  const incident = selected.value;
  if (incident === undefined) return;
  const whole = wholeOf(incident, selectedShots.value, false);
  const bound = boxOfIncident(incident, []);
  if (whole === undefined || bound === undefined) return;
  const goClose = there && mapFocus.value?.at === whole.at;
  mapFocus.value = goClose ? { box: bound, first: false, maxZoom: ZOOM.close, at: `${whole.at} from close by` } : whole;
}

/** Goes to the next node of a state after the one whose card is open. */
export function showNextNode(condition: Condition): void {
  const nodes = nodesPlaced.value.filter((node) => node.condition === condition);
  const node = nodes[(nodes.findIndex(({ id }) => id === chosenNode.value) + 1) % nodes.length];
  if (node === undefined) return;
  chosenNode.value = node.id;
  const { lat, lon } = node;
  mapFocus.value = { box: [lon, lat, lon, lat], first: false, maxZoom: ZOOM.node, at: `node ${node.id}` };
}

/** All nodes of the site: what is shown while no incident is chosen. */
export function siteFocus(): MapFocus | undefined {
  const box = boxOf(nodesPlaced.value.map(({ lat, lon }) => [lon, lat]));
  return box && { box, first: true, maxZoom: ZOOM.node, at: "site" };
}

const narrow = () => matchMedia("(max-width: 53.75em)").matches;

/** Brings a drone, the way it still has and its incident into view, and the map itself at phone width. */
export function focusOnDrone(drone: Drone): void {
  tab.value = "map";
  const box = boxOfDrone(drone);
  if (box !== undefined) mapFocus.value = { box, first: false, maxZoom: ZOOM.incident, at: `drone ${drone.id}` };
}
