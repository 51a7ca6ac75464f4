/** What the map draws, derived from the picture. */
import { computed, signal } from "@preact/signals";
import { placedNodes } from "../map/placed-nodes.ts";
import {
  detail,
  gatewayNowMs,
  incidentsById,
  newestFirst,
  nodeStates,
  roundShot,
  selected,
  selectedId,
  site,
} from "./store.ts";

/** Others than the chosen one on the map: the newest of them, dismissed ones only for a day. */
const SHOWN = 200;
const DISMISSED_FOR_MS = 24 * 3600_000;

export const nodesPlaced = computed(() =>
  placedNodes(site.value.kind === "ready" ? site.value.value : undefined, nodeStates.value),
);

const minute = computed(() => Math.floor(gatewayNowMs.value / 60_000));

export const recentIncidents = computed(() => {
  const now = minute.value * 60_000;
  const incidents = incidentsById.value;
  const shown = [];
  for (const id of newestFirst.value) {
    if (shown.length === SHOWN) break;
    const incident = incidents.get(id)!;
    if (id === selectedId.value || incident.place === undefined) continue;
    if (incident.status === "dismissed" && now - Date.parse(incident.firedAt) > DISMISSED_FOR_MS) continue;
    shown.push(incident);
  }
  return shown;
});

/** Shots of the chosen incident, once its record is here. */
export const selectedShots = computed(() => {
  const now = detail.value;
  return now.kind === "ready" && now.value.incident.incident === selectedId.value ? now.value.shots : [];
});

export const ringShot = computed(() => {
  const chosen = roundShot.value ?? selected.value?.rounds[0]?.shot;
  return selectedShots.value.find((shot) => shot.id === chosen) ?? selectedShots.value[0];
});

/** The node whose card is open. */
export const chosenNode = signal<string | undefined>(undefined);
