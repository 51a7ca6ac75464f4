/** Rules for abnormal events, as data: what is asked of tracks and sounds before a person is told. A rule tells, it never acts. */
import * as v from "valibot";

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0, "must be more than 0"));
const Share = v.pipe(v.number(), v.gtValue(0, "must be more than 0"), v.maxValue(1, "must be 0 to 1"));
const RuleId = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,47}$/, "must be 1 to 48 of a-z 0-9 -"));

const common = {
  id: RuleId,
  /** A rule that fired for a subject is quiet about it for so long, and until it was clear for `clearS`. */
  refractoryS: Positive,
  clearS: Positive,
  /** Probability that the thing is of the kind the rule is about. */
  minProbability: Share,
};

const Loitering = v.strictObject({
  ...common,
  kind: v.literal("loitering"),
  /** Stays within `radiusM` for `forS`; it has left when clearly (1.25 times) outside. */
  radiusM: Positive,
  forS: Positive,
});

const RunningCrowd = v.strictObject({
  ...common,
  kind: v.literal("running-crowd"),
  /** At least `people` within `withinM` of each other (chained), of whom `share` run faster than `speedMps`, for `forS`. */
  people: v.pipe(v.number(), v.integer(), v.minValue(2)),
  withinM: Positive,
  speedMps: Positive,
  share: Share,
  forS: Positive,
});

const FallenPerson = v.strictObject({
  ...common,
  kind: v.literal("fallen-person"),
  /** The mark `fallen` at least this, moving slower than `speedMps`, for `forS`. */
  fallen: Share,
  speedMps: Positive,
  forS: Positive,
});

const SoundHeard = v.strictObject({
  ...common,
  kind: v.literal("sound-heard"),
  /** The classifier's label, such as `glass-break`; the score must reach `minProbability` in `times` sounds within `withinS`. */
  label: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  times: v.pipe(v.number(), v.integer(), v.minValue(1)),
  withinS: Positive,
});

export const RuleSet = v.strictObject({
  version: v.literal(1),
  /** Of the set, by whoever keeps it: told with every event. */
  revision: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  rules: v.pipe(
    v.array(v.variant("kind", [Loitering, RunningCrowd, FallenPerson, SoundHeard])),
    v.maxLength(64),
    v.check((rules) => new Set(rules.map((rule) => rule.id)).size === rules.length, "every rule needs its own id"),
  ),
});
export type RuleSet = v.InferOutput<typeof RuleSet>;
export type Rule = RuleSet["rules"][number];

/** Detectors that a rule cannot do without: `person`, `fallen`, `sound:glass-break`. */
export function detectorsOf(rule: Rule): string[] {
  switch (rule.kind) {
    case "sound-heard":
      return [`sound:${rule.label}`];
    case "fallen-person":
      return ["person", "fallen"];
    default:
      return ["person"];
  }
}

/** A start for streets; figures are to be set by those who answer for the place. */
export const streetRules: RuleSet = {
  version: 1,
  revision: "street-1",
  rules: [
    { id: "loitering", kind: "loitering", radiusM: 8, forS: 180, minProbability: 0.7, refractoryS: 900, clearS: 30 },
    {
      id: "running-crowd",
      kind: "running-crowd",
      people: 5,
      withinM: 6,
      speedMps: 2.5,
      share: 0.6,
      forS: 2,
      minProbability: 0.6,
      refractoryS: 120,
      clearS: 20,
    },
    {
      id: "fallen-person",
      kind: "fallen-person",
      fallen: 0.7,
      speedMps: 0.4,
      forS: 5,
      minProbability: 0.6,
      refractoryS: 300,
      clearS: 20,
    },
    {
      id: "glass-break",
      kind: "sound-heard",
      label: "glass-break",
      times: 1,
      withinS: 5,
      minProbability: 0.8,
      refractoryS: 60,
      clearS: 10,
    },
  ],
};
