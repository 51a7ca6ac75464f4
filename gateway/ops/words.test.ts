import { test } from "uvu";
import * as assert from "uvu/assert";
import { metres, percent } from "#contract/certainty.ts";
import type { IncidentState } from "#contract/incident.ts";

import { incidentOf } from "./fixtures/city.ts";
import {
  age,
  firedWords,
  headline,
  lateWords,
  movedWords,
  probabilityWord,
  residualMs,
  sentence,
  shortName,
  spokenHeadline,
  within,
} from "./words.ts";

test("a bound is rounded up, never down: 2.1 m is said as within 3 m, 101 m as within 110 m", () => {
  assert.is(within({ semiMajorM: 2.1 }), "within 3 m");
  assert.is(within({ semiMajorM: 3 }), "within 3 m");
  assert.is(metres(101), "110 m");
  assert.is(metres(1201), "1.3 km");
  assert.is(within(undefined), "place unknown");
});

test("probability is a number and a word, and 99.6 % is not called 100 %", () => {
  assert.is(percent(0.97), "97 %");
  assert.is(percent(0.996), "> 99 %");
  assert.is(percent(0.004), "< 1 %");
  assert.is(percent(1), "> 99 %");
  assert.equal([0.97, 0.85, 0.6, 0.5, 0.3, 0.1, 0.01].map(probabilityWord), [
    "almost certain",
    "very likely",
    "likely",
    "even chance",
    "unlikely",
    "very unlikely",
    "remote",
  ]);
});

test("ages: 59 s, one minute, 2 h 05 min, 3 days; a clock behind ours gives 0 s, not a negative age", () => {
  assert.equal([59.9, 60, 7500, 3 * 86_400, -4].map(age), ["59 s", "1 min", "2 h 05 min", "3 d", "0 s"]);
});

test("what reached the gateway 6 minutes after it was fired says so, what came after 2.1 s does not", () => {
  const firedAt = "2026-11-23T03:00:00.000000000Z";
  const late = (alertedAt: string, ...times: string[]) =>
    lateWords({ firedAt, alertedAt, rounds: times.map((time) => ({ time })) as IncidentState["rounds"] });
  assert.is(late("2026-11-23T03:00:02.100000000Z"), undefined);
  assert.is(late("2026-11-23T03:06:10.000000000Z"), "came 6 min late");
  // Two weak rounds waited, the third called: shooting is under way. What is fired afterwards makes nothing less late.
  assert.is(late("2026-11-23T03:00:22.000000000Z", firedAt, "2026-11-23T03:00:20.000000000Z"), undefined);
  assert.is(late("2026-11-23T03:06:10.000000000Z", firedAt, "2026-11-23T03:06:30.000000000Z"), "came 6 min late");
});

test("residuals carry a sign and one decimal below 10 ms: 0.2 ms late, 84 ms late, 0.7 ms early", () => {
  assert.equal([0.0002, 0.084, -0.0007, 0].map(residualMs), ["+0.2 ms", "+84 ms", "\u22120.7 ms", "0.0 ms"]);
});

test("an incident in one sentence: rounds, certainty, bound, street", () => {
  const incident = incidentOf({ id: "01K0SHOT8F2A", firedAt: "2026-11-22T18:04:12.5Z" });
  assert.is(sentence(incident, "Blake Ave"), "3 rounds · 97 % almost certain · within 3 m · Blake Ave");
  assert.is(shortName(incident.incident), "8F2A");
});

test("rounds told, and between how many were fired: said where that is open, not where it is told or where nobody reckoned it", () => {
  const told = incidentOf({ id: "a", firedAt: "2026-11-22T18:04:12Z", rounds: 5 });
  const between = (low: number, high: number) => ({
    ...told,
    roundsBetween: { low, high, likely: low, level: 0.95, weights: [1] },
  });
  assert.is(headline(told), "5 rounds");
  assert.is(headline(between(5, 5)), "5 rounds");
  assert.is(headline(between(5, 7)), "5 rounds (5 to 7)");
  assert.is(spokenHeadline(between(5, 7)), "5 rounds, between 5 and 7");
  assert.is(spokenHeadline(between(5, 5)), "5 rounds");
  assert.is(spokenHeadline(told), "5 rounds");
  assert.match(sentence(between(5, 7)), /^5 rounds, between 5 and 7 · /);
  assert.is(firedWords(between(5, 5)), undefined);
  assert.is(firedWords(between(4, 7)), "5 told; fired, if it was gunfire: 4 to 7 (95 %), most likely 4.");
});

test("12 m with a sigma of 1.6 m is a movement of 12 m, give or take 4; less than its own error is none", () => {
  const moved = (distanceM: number, sigmaM: number) => movedWords({ distanceM, sigmaM });
  assert.is(moved(12, 1.6), "Moved 12 m (± 4 m) between the first and the last round.");
  for (const [distanceM, sigmaM] of [
    [0.2, 0.1],
    [4, 2],
  ] as const)
    assert.is(moved(distanceM, sigmaM), "Did not move measurably between the first and the last round.");
});

test("a robot's event says what it was and that nobody measured how sure that is, never 100 %", () => {
  const event = { ...incidentOf({ id: "a", firedAt: "2026-11-22T18:04:12Z" }), kind: "event" as const, probability: 1 };
  const what = "somebody on the ground";
  const said = "Somebody on the ground · probability not measured · within 3 m";
  assert.is(sentence({ ...event, what, probabilityKnown: false }), said);
  assert.is(sentence(event), "Event · probability not measured · within 3 m");
  assert.is(sentence({ ...event, kind: "caller" }), "Caller · a person called · within 3 m");
});

test("a fix with two places says so instead of one bound", () => {
  const incident = incidentOf({ id: "a", firedAt: "2026-11-22T18:04:12Z", rounds: 1, twoPlaces: true });
  assert.is(sentence(incident), "1 round · 97 % almost certain · 2 places fit");
});

test.run();
