/** One list that is admitted, and for every rule the smallest change that breaks it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nsOfUtc } from "#contract/units.ts";
import type { Watchlist } from "#contract/watchlist.ts";
import { measuredError } from "./measured-error.ts";
import { admit, type Circumstances, NO_PLACE, NO_TIME } from "./watchlist-policy.ts";

const people = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ person: `p${i}`, pictures: 1, embedding: "", spread: 0 }));
const list: Watchlist = {
  v: 1,
  kind: "watchlist",
  id: "missing",
  authority: "Police of Brownsville",
  legalBasis: "Section 1",
  purpose: "two missing people",
  area: [
    { lat: 40, lon: -80 },
    { lat: 41, lon: -80 },
    { lat: 41, lon: -79 },
  ],
  start: "2026-11-01T00:00:00Z",
  end: "2026-11-30T00:00:00Z",
  embedderSha256: measuredError.embedderSha256,
  people: people(2),
};
const now: Circumstances = {
  nowNs: nsOfUtc("2026-11-22T12:00:00Z"),
  here: { lat: 40.6, lon: -79.7 },
  policy: { falseAlertRate: 0.05, confidence: 0.95, longestDays: 30 },
  measured: measuredError,
  revoked: new Set(),
};
const why = (change: Partial<Watchlist>, other: Partial<Circumstances> = {}) => {
  const admission = admit({ ...list, ...change }, { ...now, ...other });
  return admission.kind === "refused" ? admission.why : [];
};

test("in force, in its area, short and small: admitted with the rule for two people", () => {
  const admission = admit(list, now);
  assert.is(admission.kind, "admitted");
  if (admission.kind === "admitted") assert.is(admission.rule.listSize, 2);
});

test("expired: from the very instant of its end", () => {
  assert.equal(why({}, { nowNs: nsOfUtc(list.end) - 1n }), []);
  assert.equal(why({}, { nowNs: nsOfUtc(list.end) }), ["expired: ended 2026-11-30T00:00:00Z"]);
});

test("not yet in force", () => {
  assert.equal(why({}, { nowNs: nsOfUtc(list.start) - 1n }), ["not yet in force: starts 2026-11-01T00:00:00Z"]);
});

test("over-long: 31 days where 30 are allowed", () => {
  assert.equal(why({ end: "2026-12-01T00:00:00Z" }), []);
  assert.equal(why({ end: "2026-12-02T00:00:00Z" }), ["too long: 31 days, at most 30 are allowed"]);
});

test("an end before the start", () => {
  assert.ok(why({ start: "2026-11-22T13:00:00Z", end: "2026-11-22T11:00:00Z" })[0]?.startsWith("ends"));
});

test("out of its area: in the other half of the square, and where the place is not known", () => {
  assert.equal(why({}, { here: { lat: 40.4, lon: -79.3 } }), ["out of its area: this device stands outside"]);
  assert.equal(why({}, { here: undefined }), [NO_PLACE]);
});

test("too large: 13 people where 727 comparisons allow 12", () => {
  assert.equal(why({ people: people(12) }), []);
  assert.match(why({ people: people(13) }).join(), "too large: 13 people are more than the 12");
});

test("too large together: 12 people alone load, beside a list of one they do not", () => {
  assert.equal(why({ people: people(12) }, { otherPeople: 0 }), []);
  assert.match(
    why({ people: people(12) }, { otherPeople: 1 }).join(),
    "too large together with the other lists in force",
  );
});

test("no list is in force while the clock is not synchronised", () => {
  assert.equal(why({}, { timeSure: false }), [NO_TIME]);
});

test("revoked", () => {
  assert.equal(why({}, { revoked: new Set(["missing"]) }), ["revoked"]);
  assert.equal(why({}, { revoked: new Set(["another"]) }), []);
});

test("made with another face model", () => {
  assert.match(why({ embedderSha256: "0".repeat(64) }).join(), "another face model");
});

test("every reason is given, not only the first", () => {
  assert.is(why({ people: people(13) }, { here: undefined, nowNs: nsOfUtc("2027-01-01T00:00:00Z") }).length, 3);
});

test.run();
