/** The nodes on the map with how each stands, and the counts beside it. Pure. */
import type { NodeState } from "#contract/node.ts";
import { type Condition, conditionOf } from "#contract/node-condition.ts";
import type { SiteView } from "#contract/ops-api.ts";

export const conditions: readonly { id: Condition; word: string }[] = [
  { id: "ok", word: "hearing" },
  { id: "clock", word: "clock not trusted" },
  { id: "fault", word: "fault" },
  { id: "lost", word: "lost" },
  { id: "unknown", word: "not heard of yet" },
];

export interface PlacedNode {
  id: string;
  label: string;
  lat: number;
  lon: number;
  condition: Condition;
}

/** The site's nodes with what each last said; a node that said its own position stands there. */
export function placedNodes(site: SiteView | undefined, states: ReadonlyMap<string, NodeState>): PlacedNode[] {
  const placed = new Map<string, PlacedNode>();
  for (const { id, lat, lon, label } of site?.nodes ?? []) {
    // A drone's dock and a robot have marks of their own, and hear nothing.
    const roles = states.get(id)?.roles;
    if (roles !== undefined && !roles.includes("listen") && (roles.includes("fly") || roles.includes("patrol")))
      continue;
    placed.set(id, { id, label: label ?? id, lat, lon, condition: conditionOf(states.get(id)) });
  }
  for (const [id, state] of states) {
    if (placed.has(id) || state.position === undefined || !state.roles.includes("listen")) continue;
    const { lat, lon } = state.position;
    placed.set(id, { id, label: id, lat, lon, condition: conditionOf(state) });
  }
  return [...placed.values()];
}

export function countConditions(nodes: readonly PlacedNode[]): Record<Condition, number> {
  const counts: Record<Condition, number> = { ok: 0, clock: 0, fault: 0, lost: 0, unknown: 0 };
  for (const { condition } of nodes) counts[condition] += 1;
  return counts;
}

/** How many of the nodes that the site names, or that ever said a word, are there now, and how many of those say that something is wrong. */
export function countThere(
  named: readonly { id: string }[],
  states: ReadonlyMap<string, NodeState>,
): { there: number; all: number; faulty: number } {
  const ids = new Set([...named.map(({ id }) => id), ...states.keys()]);
  const now = [...ids].filter((id) => states.has(id)).map((id) => conditionOf(states.get(id)));
  const there = now.filter((condition) => condition !== "lost").length;
  return { there, all: ids.size, faulty: now.filter((condition) => condition === "fault").length };
}
