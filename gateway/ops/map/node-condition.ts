/** How a node stands, for shape and colour on the map, for the counts beside it, and for the gateway's figures. Pure. */
import type { NodeState } from "#contract/node.ts";
import type { SiteView } from "#contract/ops-api.ts";

export type Condition = "ok" | "clock" | "fault" | "lost" | "unknown";

export const conditions: readonly { id: Condition; word: string }[] = [
  { id: "ok", word: "hearing" },
  { id: "clock", word: "clock not trusted" },
  { id: "fault", word: "fault" },
  { id: "lost", word: "lost" },
  { id: "unknown", word: "not heard of yet" },
];

/** One sigma of a clock from which on an arrival places nothing: 17 m of sound. */
const USELESS_CLOCK_S = 0.05;

/** A node that listens is only as good as its microphone and its clock; one that stops is as gone as one that is lost. */
export function conditionOf(state: NodeState | undefined): Condition {
  if (state === undefined) return "unknown";
  if (state.status === "lost" || state.status === "stopping") return "lost";
  if (state.status === "fault" || state.selfTest?.passed === false) return "fault";
  return isClockTrusted(state) ? "ok" : "clock";
}

/** A node without a clock has none to doubt; of one that listens an arrival has to be worth something. */
export function isClockTrusted({ clock, roles }: Pick<NodeState, "clock" | "roles">): boolean {
  if (clock === undefined) return true;
  return clock.synchronised && !(roles.includes("listen") && clock.sigmaS > USELESS_CLOCK_S);
}

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
