export interface MapFocus {
  box: Box;
  /** The first look is not animated. */
  first: boolean;
  /** At the bound, without the nodes that heard it. */
  close: boolean;
  incident: string;
}

/** What the map looks at. A new value moves the map, an equal box included. */
import { signal } from "@preact/signals";
import type { Box } from "../geometry.ts";
import { selectedShots } from "../state/map-state.ts";
import { selected, tab } from "../state/store.ts";
import { boxOfIncident } from "./features.ts";

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
  const close = there && mapFocus.value?.incident === incident.incident && !mapFocus.value.close;
  const box = boxOfIncident(incident, close ? [] : selectedShots.value);
  if (box !== undefined) mapFocus.value = { box, first: false, close, incident: incident.incident };
}

const narrow = () => matchMedia("(max-width: 860px)").matches;
