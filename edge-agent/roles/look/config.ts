/** Configuration of the role `look`. Faces are compared only where `faces` is given, and only with signed lists in force. */
import * as v from "valibot";
import { BearingDeg, Finite, Name, PositiveS } from "#contract/units.ts";
import { FacePolicy } from "#contract/watchlist.ts";
import { RtspUrl, rtspAccount } from "../stream/config.ts";

const Px = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(160, "must be 160 to 3840"),
  v.maxValue(3840, "must be 160 to 3840"),
);

const Source = v.variant(
  "kind",
  [
    v.strictObject({ kind: v.literal("rtsp"), url: RtspUrl, ...rtspAccount }),
    v.strictObject({ kind: v.literal("v4l2"), device: v.optional(v.string(), "/dev/video0") }),
    /** A video or picture that plays like a camera, for trials without faces: what was recorded is not searched for them. */
    v.strictObject({ kind: v.literal("file"), path: v.pipe(v.string(), v.minLength(1)) }),
  ],
  "must be rtsp, v4l2 or file",
);

export const LookConfig = v.pipe(
  v.strictObject({
    camera: v.strictObject({
      name: v.optional(Name, "front"),
      source: Source,
      widthPx: v.optional(Px, 1280),
      heightPx: v.optional(Px, 720),
      /** Seconds from picture to picture. */
      everyS: v.optional(
        v.pipe(PositiveS, v.minValue(0.1, "must be 0.1 to 60"), v.maxValue(60, "must be 0.1 to 60")),
        0.5,
      ),
      horizontalFovDeg: v.optional(v.pipe(Finite, v.minValue(5), v.maxValue(170)), 60),
      /** Of the optical axis above the horizon; negative looks down. */
      tiltDeg: v.optional(v.pipe(Finite, v.minValue(-90), v.maxValue(90)), 0),
      /** Where it looks, clockwise from true north, on a node that stands still. On a robot: clockwise from its nose. */
      headingDeg: v.optional(BearingDeg, 0),
      maxRangeM: v.optional(v.pipe(Finite, v.gtValue(0)), 40),
    }),
    /** People, vehicles and people who lie. `false`: not looked for. */
    things: v.optional(v.boolean(), true),
    /** Absent: no face is looked for. */
    faces: v.optional(
      v.strictObject({
        /** JWK set of the authorities whose lists are taken (`tocsin watchlist key` writes one). */
        keysFile: v.pipe(v.string(), v.minLength(1)),
        ...FacePolicy.entries,
        falseAlertRate: v.optional(FacePolicy.entries.falseAlertRate, 0.05),
        confidence: v.optional(FacePolicy.entries.confidence, 0.95),
        longestDays: v.optional(FacePolicy.entries.longestDays, 30),
        /** Seconds between accounts of how many faces were compared. */
        tellEveryS: v.optional(v.pipe(PositiveS, v.maxValue(3600)), 60),
      }),
    ),
    /** Models, where not those of this program's set-up. */
    modelsFolder: v.optional(v.string()),
    threads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)), 1),
  }),
  v.check(
    ({ camera, faces }) => faces === undefined || camera.source.kind !== "file",
    "faces: recorded pictures are never searched for faces; they go with a camera of kind rtsp or v4l2",
  ),
);
export type LookConfig = v.InferOutput<typeof LookConfig>;
