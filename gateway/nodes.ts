/** What each node last said of itself. */
import type { NodeState } from "#contract/node.ts";

export class Nodes {
  readonly #states = new Map<string, NodeState>();

  set(state: NodeState): void {
    this.#states.set(state.node, state);
  }

  get(node: string): NodeState | undefined {
    return this.#states.get(node);
  }

  all(): NodeState[] {
    return [...this.#states.values()];
  }

  /** Clocks of the nodes that are there and have one. */
  clocks(): { synchronised: number; total: number } {
    const clocks = this.all().flatMap((state) => (state.status === "online" && state.clock ? [state.clock] : []));
    return { synchronised: clocks.filter((clock) => clock.synchronised).length, total: clocks.length };
  }
}
