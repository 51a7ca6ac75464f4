/** What each node last said of itself. */
import type { NodeState } from "#contract/node.ts";
import { conditionOf, isClockTrusted } from "#contract/node-condition.ts";

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

  /** Nodes by how they are, judged as on the console: what a technician has to go and see to. `deaf` are faults of a microphone. */
  conditions(): { well: number; faulty: number; deaf: number; clock: number; lost: number } {
    const counts = { well: 0, faulty: 0, deaf: 0, clock: 0, lost: 0 };
    for (const state of this.all()) {
      const condition = conditionOf(state);
      if (condition === "fault") counts[state.status === "fault" ? "faulty" : "deaf"] += 1;
      else if (condition !== "unknown") counts[condition === "ok" ? "well" : condition] += 1;
    }
    return counts;
  }

  /** Clocks of the nodes that are there and have one; `synchronised` are those that the console trusts. */
  clocks(): { synchronised: number; total: number } {
    const withClock = this.all().filter(({ status, clock }) => status === "online" && clock !== undefined);
    return { synchronised: withClock.filter(isClockTrusted).length, total: withClock.length };
  }
}
