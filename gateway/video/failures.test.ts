import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failures } from "./failures.ts";

const test = suite("failures");

test("sixty wrong tokens from one address in a minute are told so, then it is too many until the minute is over", () => {
  const failures = new Failures();
  for (let i = 0; i < 60; i++) {
    assert.equal(failures.tooMany("a", 1_000 + i), false);
    failures.add("a", 1_000 + i);
  }
  assert.equal(failures.tooMany("a", 2_000), true);
  assert.equal(failures.tooMany("b", 2_000), false);
  assert.equal(failures.tooMany("a", 61_000), false);
});

test("ten thousand addresses are remembered, and no more", () => {
  const failures = new Failures();
  for (let i = 0; i < 60; i++) failures.add("first", 0);
  for (let i = 0; i < 10_000; i++) failures.add(`n${i}`, 1);
  assert.equal(failures.tooMany("first", 2), false);
});

test.run();
