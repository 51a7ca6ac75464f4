/** What the map looks at. A new value moves the map, an equal box included. */
import { signal } from "@preact/signals";
import type { Box } from "../geometry.ts";
import { selectedShots } from "../state/map-state.ts";
import { selected, tab } from "../state/store.ts";
import { boxOfIncident } from "./features.ts";

export const mapFocus = signal<{ box: Box; first: boolean } | undefined>(undefined);

/** Brings the chosen incident into view, and the map itself at phone width. */
export function focusMap(): void {
  tab.value = "map";
  const incident = selected.value;
  const box = incident === undefined ? undefined : boxOfIncident(incident, selectedShots.value);
  if (box !== undefined) mapFocus.value = { box, first: false };
}
