/**
 * Who has the stick. One token a drone, kept by the drone's own agent: `{ holder, epoch, lease }`. Every change of holder takes a new epoch
 * (a fencing token, Kleppmann 2016), and an order under an old one is refused.
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { orderEntries } from "./flight.ts";
import { Count, Id, Name, NonNegative, Text } from "./units.ts";

/** `autonomy` flies the mission, `remote` is a pilot over the network, `onsite` the pilot with the RC transmitter. */
export const Holder = v.variant("kind", [
  v.object({ kind: v.literal("autonomy") }),
  v.object({ kind: v.literal("remote"), by: Name }),
  v.object({ kind: v.literal("onsite"), by: v.optional(Name) }),
]);
export type Holder = v.InferOutput<typeof Holder>;

/** An act on the token. `to` the drone. */
export const controlToken = channel(
  "control/token",
  {
    ...orderEntries,
    /**
     * `ask`: would like to have it; autonomy gives it at once, a person is asked. `grant`: the holder gives it to `to`. `release`: the holder gives
     * it back to autonomy. `takeover`: takes it from autonomy or a remote pilot. `renew`: the holder is alive; a silent one loses it.
     */
    act: v.picklist(["ask", "grant", "release", "takeover", "renew"]),
    /** Of `grant`: who asked. */
    to: v.optional(Name),
  },
  { rights: { publish: ["dispatch", "pilot"], subscribe: ["drone"] }, addressed: "to", delivery: { priority: 9 } },
);
export type ControlToken = MessageOf<typeof controlToken>;

/** What became of an order. */
export const Answer = v.object({
  /** `id` of the order's message. */
  order: Id,
  by: Name,
  act: Name,
  accepted: v.boolean(),
  /** For people: why it was refused, or what it did. */
  why: Text,
  /** When the drone's agent answered, on its own monotonic clock. */
  tickMs: NonNegative,
});
export type Answer = v.InferOutput<typeof Answer>;

/** Who has control; said at each change and at least every second. Retained. `from` the drone. */
export const controlState = channel(
  "control/state",
  {
    tickMs: NonNegative,
    holder: Holder,
    epoch: Count,
    /** When a silent holder loses it; absent for autonomy and for an on-site pilot, whose radio link is the lease. */
    leaseUntilTickMs: v.optional(NonNegative),
    /** Who waits for the holder's `grant`. */
    asks: v.array(v.object({ by: Name, sinceTickMs: NonNegative })),
    /** The strongest of hold, return and land that a person has called and that still binds. */
    safety: v.optional(v.object({ level: v.picklist(["hold", "return", "land"]), by: Name, sinceTickMs: NonNegative })),
    /** Why the last change came about. */
    why: Text,
    /** The newest answers, newest last. */
    answers: v.pipe(v.array(Answer), v.maxLength(32)),
  },
  {
    retained: true,
    rights: { publish: ["drone"], subscribe: ["gateway", "dispatch", "pilot", "flows", "drone"] },
    delivery: { keep: "newest", priority: 8 },
    key: (state) => `${state.node}/${state.tickMs}/${state.epoch}`,
  },
);
export type ControlState = MessageOf<typeof controlState>;
