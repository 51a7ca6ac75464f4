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

/** How many of the nodes that the site names, or that ever said a word, are there now. */
export function countThere(
  named: readonly { id: string }[],
  states: ReadonlyMap<string, NodeState>,
): { there: number; all: number } {
  const ids = new Set([...named.map(({ id }) => id), ...states.keys()]);
  const isThere = (id: string) => states.has(id) && conditionOf(states.get(id)) !== "lost";
  return { there: [...ids].filter(isThere).length, all: ids.size };
}
