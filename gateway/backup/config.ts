/** The call for backup as the gateway's configuration has it: who can be asked, how, in what order. */
import * as v from "valibot";
import { Finite, LatDeg, LonDeg, Name, NonNegative } from "#contract/units.ts";

const Positive = v.pipe(Finite, v.gtValue(0, "must be more than 0"));
const WholeFrom1 = v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(1, "must be at least 1"));

const Contact = v.variant(
  "kind",
  [
    /** A terminal with a credential of the same name and the party `unit`. */
    v.strictObject({ kind: v.literal("mqtt") }),
    /** Called by POST; answers come back over the console or a flow. */
    v.strictObject({
      kind: v.literal("webhook"),
      url: v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:/, "must be http or https")),
      /** Sent as a bearer token. */
      token: v.optional(v.pipe(v.string(), v.minLength(8))),
    }),
    /** A flow that listens to backup/call tells them, and answers for them. */
    v.strictObject({ kind: v.literal("flow") }),
  ],
  "must be { kind: mqtt }, { kind: webhook, url } or { kind: flow }",
);

const UnitEntry = v.strictObject({
  name: Name,
  label: v.optional(v.pipe(v.string(), v.maxLength(80))),
  contact: Contact,
  /** Where it always is, such as a station; without it, where its terminal says. */
  position: v.optional(v.strictObject({ lat: LatDeg, lon: LonDeg, posSigmaM: v.optional(NonNegative, 20) })),
  /** As it drives through a town. */
  speedMps: v.optional(Positive, 9),
});

export const BackupConfig = v.strictObject({
  units: v.pipe(
    v.array(UnitEntry),
    v.maxLength(200),
    v.check(
      (units) => new Set(units.map(({ name }) => name)).size === units.length,
      "each unit needs a name of its own",
    ),
  ),
  /** Nearest first. After the last, the whole district is asked. */
  rings: v.optional(
    v.pipe(v.array(v.strictObject({ withinS: Positive, most: WholeFrom1, answerS: Positive })), v.maxLength(8)),
    [
      { withinS: 300, most: 2, answerS: 30 },
      { withinS: 900, most: 4, answerS: 45 },
    ],
  ),
  district: v.optional(v.strictObject({ answerS: Positive, times: v.pipe(WholeFrom1, v.maxValue(10)) }), {
    answerS: 60,
    times: 2,
  }),
  /** Streets are so much longer than the straight line; a position older than `freshS` is none. */
  detour: v.optional(v.pipe(Finite, v.minValue(1, "must be at least 1")), 1.35),
  freshS: v.optional(Positive, 120),
  /** A person's confirmation of an incident of these kinds calls for backup. */
  onConfirmed: v.optional(v.array(v.picklist(["event", "face", "caller", "gunfire"])), ["event", "face"]),
  /** Event rules that call people without asking anybody first. None unless named. */
  automaticRules: v.optional(v.array(Name), []),
});
export type BackupConfig = v.InferOutput<typeof BackupConfig>;
export type UnitConfig = BackupConfig["units"][number];
