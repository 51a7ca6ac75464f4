/** What a node says of itself. Retained; the last will says `lost`. */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Position } from "./geo.ts";
import { Count, Finite, NonNegative, Probability, Text, UtcNs } from "./units.ts";

export const ClockState = v.object({
  /** `system`: the host's clock, trusted as configured; nothing measured says how good it is. */
  source: v.picklist(["pps", "ptp", "ntp", "system", "sim", "none"]),
  synchronised: v.boolean(),
  /** One sigma of this node's UTC. */
  sigmaS: NonNegative,
  /** Sample clock against UTC, parts per million. */
  samplePpm: v.optional(Finite),
});
export type ClockState = v.InferOutput<typeof ClockState>;

export const NodeRole = v.picklist(["listen", "triangulate", "fly", "patrol", "stream", "look"]);
export type NodeRole = v.InferOutput<typeof NodeRole>;

export const nodeState = channel(
  "node/state",
  {
    status: v.picklist(["online", "stopping", "lost", "fault"]),
    roles: v.array(NodeRole),
    position: v.optional(Position),
    clock: v.optional(ClockState),
    /** Set with `fault`: what is wrong and what to do. */
    fault: v.optional(Text),
    softwareVersion: v.optional(v.string()),
    /** Counters since start: overruns, dropped frames, outbox depth and drops, candidates, refused messages ... */
    counters: v.optional(v.record(v.string(), Finite)),
    /** How this lamppost's classifier was adapted to its site: the correction fitted last, or the one it was started with; 0 before there is one. */
    adaptation: v.optional(
      v.object({
        version: Count,
        /** The correction that scores are made with now; 0: none, the classifier as it ships. */
        inUse: v.optional(Count),
        /** Why `version` was taken or refused. */
        why: v.optional(Text),
        verdicts: Count,
        /** Of what was in use before `version`, and of `version`, on incidents that it was not fitted on; alike before there is one. */
        baselineLoss: NonNegative,
        adaptedLoss: NonNegative,
        active: v.boolean(),
        threshold: Probability,
        at: UtcNs,
      }),
    ),
    /** Result of the last microphone self-test. */
    selfTest: v.optional(v.object({ at: UtcNs, passed: v.boolean(), detail: Text })),
    /** Position error estimated from past residuals: reported, never applied. */
    positionDoubt: v.optional(v.object({ eastM: Finite, northM: Finite, sigmaM: NonNegative, shots: Count })),
  },
  {
    retained: true,
    delivery: { keep: "newest" },
    rights: { publish: ["node"], subscribe: ["gateway", "flows", "triangulator", "node"] },
    key: (state) => `${state.node}/${state.at}/${state.status}`,
  },
);
export type NodeState = MessageOf<typeof nodeState>;
