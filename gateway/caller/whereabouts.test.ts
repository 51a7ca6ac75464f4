import assert from "node:assert/strict";
import { test } from "uvu";
import { isNews, placeOf } from "./whereabouts.ts";

const fix = (accuracyM: number, atS = 0, north = 0) => ({
  lat: 40 + north / 111_195,
  lon: -79,
  accuracyM,
  atMs: atS * 1000,
});

test("a phone that says 20 m gets a 95 % bound of 32.4 m, and one that says 0 m gets 5 m", () => {
  assert.ok(Math.abs(placeOf(fix(20)).ellipse95.semiMajorM - 32.4) < 0.05, `${placeOf(fix(20)).ellipse95.semiMajorM}`);
  assert.equal(placeOf(fix(0)).ellipse95.semiMinorM, 5);
});

test("the first fix is news; one twice as good is at once, a slightly better one is not", () => {
  assert.equal(isNews(undefined, fix(50)), true);
  assert.equal(isNews(fix(50), fix(20, 1)), true);
  assert.equal(isNews(fix(50), fix(45, 60)), false);
});

test("60 m of walking at 20 m of accuracy is news, 8 m at 5 m is not, and nothing but a better fix is within 5 s", () => {
  assert.equal(isNews(fix(20), fix(20, 10, 60)), true);
  assert.equal(isNews(fix(5), fix(5, 10, 8)), false);
  assert.equal(isNews(fix(20), fix(20, 4, 60)), false);
});

test.run();
