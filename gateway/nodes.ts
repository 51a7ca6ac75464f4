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

  /** Nodes by how they are: what a technician has to go and see to. */
  conditions(): { well: number; faulty: number; deaf: number; clock: number; lost: number } {
    const counts = { well: 0, faulty: 0, deaf: 0, clock: 0, lost: 0 };
    for (const { status, selfTest, clock } of this.all()) {
      if (status === "lost" || status === "stopping") counts.lost += 1;
      else if (status === "fault") counts.faulty += 1;
      else if (selfTest?.passed === false) counts.deaf += 1;
      else counts[clock?.synchronised === false ? "clock" : "well"] += 1;
    }
    return counts;
  }

  /** Clocks of the nodes that are there and have one. */
  clocks(): { synchronised: number; total: number } {
    const clocks = this.all().flatMap((state) => (state.status === "online" && state.clock ? [state.clock] : []));
    return { synchronised: clocks.filter((clock) => clock.synchronised).length, total: clocks.length };
  }
}
