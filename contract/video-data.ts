/** What people say beside the pictures of a live video (contract/video.ts): a data channel through the relay. */
import * as v from "valibot";
import { Probability } from "./units.ts";

/** Label of the data channel, which the client opens. One JSON text a message, at most `DATA_MAX_BYTES`. */
export const DATA_LABEL = "tocsin";
export const DATA_MAX_BYTES = 4_096;

/** What a participant says on the data channel; the relay checks it and passes it on to all others of the stream as `DataSaid`. */
export const DataSay = v.variant("type", [
  /** A place in the picture, 0 to 1 from its left and its top; it fades by itself. */
  v.object({ type: v.literal("point"), x: Probability, y: Probability }),
  v.object({ type: v.literal("chat"), text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1000)) }),
  /** Between operator and caller page (torch, zoom, camera, knock ...): passed on as it is. */
  v.object({
    type: v.literal("signal"),
    name: v.pipe(v.string(), v.regex(/^[a-z][a-zA-Z0-9-]{0,31}$/)),
    value: v.optional(v.union([v.string(), v.number(), v.boolean(), v.null()])),
  }),
]);
export type DataSay = v.InferOutput<typeof DataSay>;

/** What the relay says on the data channel. `at` is the relay's UTC in ms since 1970; `seq` counts per stream. */
export type DataSaid =
  | (DataSay & { from: string; name: string; role: "publisher" | "viewer"; at: number; seq: number })
  /** On joining and at each change. */
  | { type: "stream"; live: boolean; viewers: number; at: number }
  /** To one viewer: it is sent every picture, or keyframes alone because its path carries no more. */
  | { type: "pace"; pictures: "all" | "keyframes"; at: number }
  /** The session ends; `why` is for people. */
  | { type: "end"; why: string; at: number };
