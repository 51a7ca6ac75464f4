/** How a node stands, by its own last word: one judge for the console's marks and counts and for the gateway's figures. Pure. */
import type { NodeState } from "./node.ts";

export type Condition = "ok" | "clock" | "fault" | "lost" | "unknown";

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
