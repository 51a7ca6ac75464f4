import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Clocks, readUtc, UtcClock } from "./utc-clock.ts";

/** Each look at a clock takes 500 ns; the wall clock is `offsetNs` ahead and shows whole milliseconds. */
function pretend(offsetNs: bigint): Clocks & { offsetNs: bigint } {
  let ns = 123_456_789n;
  return {
    offsetNs,
    wallMs() {
      ns += 500n;
      return Number((ns + this.offsetNs) / 1_000_000n);
    },
    monotonicNs() {
      ns += 500n;
      return ns;
    },
  };
}

test("the offset is found to a microsecond though the wall clock shows milliseconds", () => {
  const offsetNs = 1_795_000_000_000_777_333n;
  const reading = readUtc(pretend(offsetNs));
  const errorNs = Number(reading.offsetNs - offsetNs);
  assert.ok(Math.abs(errorNs) <= 1000, `${errorNs} ns off`);
  assert.ok(reading.uncertaintyNs <= 1000n);
});

test("a step of the wall clock by two seconds is told and followed", () => {
  const clocks = pretend(1_795_000_000_000_000_000n);
  const clock = new UtcClock(clocks);
  assert.ok(Math.abs(Number(clock.refresh())) < 2000);
  assert.is(clock.steps, 0);
  clocks.offsetNs += 2_000_000_000n;
  assert.ok(Math.abs(Number(clock.refresh()) - 2e9) < 2000);
  assert.is(clock.steps, 1);
});

test("a process that was not run for 10 ms within each look sees no step, and keeps the better tie", () => {
  const clocks = pretend(1_795_000_000_000_000_000n);
  const clock = new UtcClock(clocks);
  const before = clock.ofMonotonicNs(0n);
  const { wallMs } = clocks;
  clocks.wallMs = function () {
    const ms = wallMs.call(this);
    // Put aside right after the millisecond was looked at, 500 ns a time.
    for (let i = 0; i < 20_000; i++) this.monotonicNs();
    return ms;
  };
  assert.is(clock.refresh(), 0n);
  assert.is(clock.steps, 0);
  assert.is(clock.ofMonotonicNs(0n), before);
});

test("the real clocks: UTC lies within a millisecond of Date.now", () => {
  const clock = new UtcClock();
  const before = Date.now();
  const nowMs = Number(clock.nowNs()) / 1e6;
  const after = Date.now();
  assert.ok(nowMs >= before - 0.5 && nowMs <= after + 1.5, `${before} ${nowMs} ${after}`);
});

test.run();
