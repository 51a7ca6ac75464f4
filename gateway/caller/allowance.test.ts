import assert from "node:assert/strict";
import { test } from "uvu";
import { Allowance } from "./allowance.ts";

test("three a minute: three at once, the fourth 20 s later, and each key for itself", () => {
  const allowance = new Allowance(3, 60_000);
  const at = (s: number, key = "a") => allowance.take(key, s * 1000);
  assert.deepEqual([at(0), at(0), at(0)], [0, 0, 0]);
  assert.equal(at(0), 20_000);
  assert.equal(at(0, "b"), 0);
  assert.equal(at(19.9), 100);
  assert.equal(at(20), 0);
  assert.equal(at(20), 20_000);
  assert.equal(allowance.counters.refused, 3);
});

test("it remembers no more keys than it may", () => {
  const allowance = new Allowance(1, 1000, 2);
  for (const key of ["a", "b", "c"]) assert.equal(allowance.take(key, 0), 0);
  assert.equal(allowance.take("a", 0), 0, "the oldest was forgotten");
  assert.equal(allowance.take("c", 0), 1000);
});

test.run();
