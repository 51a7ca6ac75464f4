import { test } from "uvu";
import * as assert from "uvu/assert";
import { Silence } from "./silence.ts";

test("looked at every 100 ms, a silence counts from the last word", () => {
  const silence = new Silence(100, 1000, 0);
  assert.equal(
    [100, 200, 300].map((nowMs) => silence.lastsMs(50, nowMs)),
    [50, 150, 250],
  );
});

test("two seconds in which the process stood still are not the other's silence; what comes after them is", () => {
  const silence = new Silence(100, 1000, 0);
  assert.is(silence.lastsMs(50, 100), 50);
  assert.is(silence.lastsMs(50, 2200), 150);
  assert.is(silence.lastsMs(50, 2300), 250);
});

test("heard in the midst of a stand-still, it was silent for no less than nothing; heard again, all begins anew", () => {
  const silence = new Silence(100, 1000, 0);
  silence.lastsMs(50, 100);
  assert.is(silence.lastsMs(2000, 2200), 0);
  assert.is(silence.lastsMs(2000, 2300), 100);
  assert.is(silence.lastsMs(2350, 2400), 50);
});

test("every timer 800 ms late: of a limit of 3 s no more than 3 s are forgiven, and a loss is told after 7 s", () => {
  const silence = new Silence(200, 3000, 0);
  const told = (heardMs: number) => {
    let nowMs = heardMs;
    do nowMs += 1000;
    while (silence.lastsMs(heardMs, nowMs) <= 3000);
    return nowMs - heardMs;
  };
  assert.is(silence.lastsMs(0, 0), 0);
  assert.is(told(0), 7000);
  assert.is(told(7000), 7000, "heard again, it is forgiven anew");
});

test("one standing still of 10 s is forgiven whole, and nothing beside it", () => {
  const silence = new Silence(200, 3000, 0);
  assert.is(silence.lastsMs(100, 200), 100);
  assert.is(silence.lastsMs(100, 10_400), 300);
  assert.is(silence.lastsMs(100, 11_400), 1300);
});

test("who was never heard has been silent for good", () => {
  const silence = new Silence(100, 1000, 0);
  assert.equal(
    [0, 5000].map((nowMs) => silence.lastsMs(Number.NEGATIVE_INFINITY, nowMs)),
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  );
});

test.run();
