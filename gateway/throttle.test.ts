import assert from "node:assert/strict";
import { test } from "uvu";
import { Throttle } from "./throttle.ts";

test("at 20 a second with a burst of 100, the hundredth passes at once and the 140th waits 2 s", () => {
  const throttle = new Throttle(20, 100);
  const waits = Array.from({ length: 140 }, () => throttle.delayMs(0));
  assert.equal(waits[99], 0);
  assert.equal(waits[100], 50);
  assert.equal(waits[139], 2_000);
});

test("a sender that keeps to its rate never waits; after five quiet seconds the burst is whole again", () => {
  const throttle = new Throttle(20, 100);
  for (let i = 0; i < 1_000; i++) assert.equal(throttle.delayMs(i * 50), 0);
  for (let i = 0; i < 200; i++) throttle.delayMs(50_000);
  const later = Array.from({ length: 101 }, () => throttle.delayMs(60_000));
  assert.deepEqual([later[99], later[100]], [0, 50]);
});

test.run();
