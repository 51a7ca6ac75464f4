import { test } from "uvu";
import * as assert from "uvu/assert";
import { countDecision, countVerdict, noFaces, publishedError } from "./counts.ts";
import { decide, scoreOf } from "./decide.ts";
import { lowerLimit, upperLimit } from "./error-bounds.ts";
import { measuredError } from "./measured-error.ts";
import {
  allowedPerComparison,
  CEILING_DISTANCE,
  largestList,
  type MeasuredError,
  type Rule,
  ruleFor,
} from "./threshold.ts";

const near = (actual: number, expected: number, within: number) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);

/** 10,000 comparisons of strangers, the smallest distances 0.401, 0.402, ... */
const trials: MeasuredError = {
  embedderSha256: "0".repeat(64),
  source: "made up",
  falseTrials: 10_000,
  smallestFalse: Array.from({ length: 64 }, (_, i) => 0.401 + i / 1000),
  falseMean: 0.8,
  falseSd: 0.1,
  trueDistances: Array.from({ length: 100 }, (_, i) => 0.3 + i / 400),
};
const policy = { falseAlertRate: 0.01, confidence: 0.95 };
const ruleOf = (size: number, measured = trials, of = policy): Rule => {
  const rule = ruleFor(size, measured, of);
  if (rule.kind !== "rule") throw new Error(rule.why);
  return rule;
};

test("Clopper-Pearson: 0 of 300 leaves up to 0.994 % (the rule of three), 2 of 100 up to 6.16 %, 10 of 10 at least 74.1 %", () => {
  near(upperLimit(0, 300), 1 - 0.05 ** (1 / 300), 1e-9);
  near(upperLimit(2, 100), 0.061621, 2e-5);
  near(lowerLimit(10, 10), 0.05 ** (1 / 10), 1e-9);
  assert.is(upperLimit(0, 0), 1);
  assert.is(lowerLimit(0, 50), 0);
});

test("0 false in 10,000 allows 33 people at 1 % of faces seen, and not 34", () => {
  // Upper limit 0.000299529 per comparison; 1 - (1 - 0.000299529)^33 = 0.984 %, with 34: 1.013 %.
  assert.is(largestList(trials, policy), 33);
  assert.is(ruleFor(33, trials, policy).kind, "rule");
  const refused = ruleFor(34, trials, policy);
  assert.is(refused.kind, "too large");
  if (refused.kind === "too large") assert.match(refused.why, "34 people are more than the 33");
});

test("without trials no list at all is allowed", () => {
  assert.is(largestList({ ...trials, falseTrials: 0, smallestFalse: [] }, policy), 0);
});

test("the threshold falls as the list grows, and the false-alert rate stays within the policy", () => {
  const sizes = [1, 2, 4, 8, 16, 33];
  const rules = sizes.map((size) => ruleOf(size));
  for (const [i, rule] of rules.entries()) {
    assert.ok(rule.falseAlertRateUpper <= policy.falseAlertRate, `${sizes[i]}: ${rule.falseAlertRateUpper}`);
    assert.ok(rule.falseMatchRateUpper <= allowedPerComparison(sizes[i]!, policy));
    if (i > 0) assert.ok(rule.thresholdDistance <= rules[i - 1]!.thresholdDistance);
  }
  // One person: 1 % per comparison leaves room for all 64 kept distances; 33 people: for none.
  assert.ok(rules[0]!.thresholdDistance > 0.46);
  near(rules.at(-1)!.thresholdDistance, 0.401, 1e-5);
});

test("no threshold lies above the distance that the network's makers measured at", () => {
  const far = { ...trials, smallestFalse: trials.smallestFalse.map((each) => each + 0.4) };
  assert.is(ruleOf(33, far).thresholdDistance, CEILING_DISTANCE);
});

const fivePercent = { falseAlertRate: 0.05, confidence: 0.95 };

test("the measured record: 727 comparisons allow 12 people at 5 %, 2 at 1 %", () => {
  assert.is(measuredError.falseTrials, 727);
  assert.is(largestList(measuredError, fivePercent), 12);
  assert.is(largestList(measuredError, policy), 2);
});

test("five of those 727 were nearer than 0.6: a list of 3 keeps 0.6, one of 12 goes below the nearest of them", () => {
  assert.is(measuredError.smallestFalse.filter((each) => each < CEILING_DISTANCE).length, 5);
  const three = ruleFor(3, measuredError, fivePercent);
  const twelve = ruleFor(12, measuredError, fivePercent);
  assert.is(three.kind === "rule" && three.thresholdDistance, CEILING_DISTANCE);
  assert.ok(twelve.kind === "rule" && twelve.thresholdDistance < measuredError.smallestFalse[0]!);
});

const rule = ruleOf(33);
const at = (distance: number, person = "p1") => ({ person, distance });

test("a near face is a possible match, a far one unknown, one between the two is not decided", () => {
  assert.is(decide([], [at(0.35)], rule, trials).kind, "possible match");
  // 95 of the 100 true pairs lie below 0.535.
  near(rule.unknownDistance, 0.535, 1e-9);
  assert.is(decide([], [at(0.45)], rule, trials).kind, "no decision");
  assert.is(decide([], [at(0.54)], rule, trials).kind, "unknown");
  assert.is(decide([], [], rule, trials).kind, "unknown");
});

test("a distance that is not a number is never a match", () => {
  assert.is(decide([], [at(Number.NaN)], rule, trials).kind, "no decision");
});

test("a poor face is not decided, however near", () => {
  assert.equal(decide(["blurred"], [at(0.1)], rule, trials), { kind: "no decision", why: ["blurred"] });
});

test("two people equally near: not decided", () => {
  assert.is(decide([], [at(0.35), at(0.36, "p2")], rule, trials).kind, "no decision");
  assert.is(decide([], [at(0.3), at(0.36, "p2")], rule, trials).kind, "possible match");
});

test("the score claims no more than the trials can show: at most 1 in 3338 from 10,000", () => {
  near(10 ** scoreOf(0, trials).log10LikelihoodRatio, 1 / upperLimit(0, 10_000), 1);
  assert.match(scoreOf(0.2, trials).words, "a person decides");
  assert.ok(scoreOf(0.9, trials).log10LikelihoodRatio < 0);
  assert.ok(scoreOf(0.5, trials).log10LikelihoodRatio > scoreOf(0.55, trials).log10LikelihoodRatio);
});

test("both denominators: 1 rejected of 4 alerts among 200 faces", () => {
  let counts = noFaces;
  for (let i = 0; i < 196; i++) counts = countDecision(counts, { kind: "unknown" });
  for (let i = 0; i < 4; i++) counts = countDecision(counts, decide([], [at(0.3)], rule, trials));
  for (const verdict of ["confirmed", "confirmed", "confirmed", "rejected"] as const)
    counts = countVerdict(counts, verdict);
  const { falseAlertsPerFace, falseAlertsPerAlert, byDemographicGroup } = publishedError(counts);
  assert.equal([falseAlertsPerFace.events, falseAlertsPerFace.of], [1, 200]);
  assert.equal([falseAlertsPerAlert.events, falseAlertsPerAlert.of], [1, 4]);
  near(falseAlertsPerAlert.high, 0.7514, 1e-3);
  assert.is(byDemographicGroup, "not measured");
});

test.run();
