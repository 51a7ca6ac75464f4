import { test } from "uvu";
import * as assert from "uvu/assert";
import { ClockDoubt } from "./clock-doubt.ts";
import type { HostSync } from "./host-sync.ts";

const systemd: HostSync = { synchronised: true, by: "systemd", from: "timedatectl" };
const chrony: HostSync = { synchronised: true, by: "chrony", from: "chrony: a", measurement: "100" };
const no = (by: NonNullable<HostSync["by"]>): HostSync => ({ synchronised: false, by, from: "not synchronised" });
const nobody: HostSync = { synchronised: false, from: "chronyc: timed out" };

test("not synchronised before the step or since, and now it is: over", () => {
  assert.is(new ClockDoubt(9, 1000, no("systemd")).endsBy(systemd, 1001), true);
  const since = new ClockDoubt(9, 1000, systemd);
  assert.is(since.endsBy(systemd, 1001), false);
  assert.is(since.endsBy(no("systemd"), 6000), false);
  assert.is(since.endsBy(systemd, 11_000), true);
});

test("an answer that was on its way when the clock was stepped counts too where it says that it is synchronised now", () => {
  assert.is(new ClockDoubt(9, 1000, no("systemd")).endsBy(systemd, 900), true);
  assert.is(new ClockDoubt(9, 1000, systemd).endsBy(systemd, 900), false);
});

test("chrony that could not be asked once, and the kernel's no meanwhile, are no measurement of chrony's", () => {
  const doubt = new ClockDoubt(9, 1000, chrony);
  for (const [i, sync] of [chrony, nobody, no("systemd"), chrony].entries())
    assert.is(doubt.endsBy(sync, 2000 + 5000 * i), false, `${i}`);
  assert.is(doubt.endsBy({ ...chrony, measurement: "164" }, 30_000), true);
});

test("the first measurement asked for after the step has to be followed by another; one asked for before it is not the first", () => {
  const doubt = new ClockDoubt(9, 1000, chrony);
  assert.is(doubt.endsBy({ ...chrony, measurement: "164" }, 900), false);
  assert.is(doubt.endsBy({ ...chrony, measurement: "165" }, 1100), false);
  assert.is(doubt.endsBy({ ...chrony, measurement: "165" }, 1e9), false, "however long it takes");
  assert.is(doubt.endsBy({ ...chrony, measurement: "229" }, 1e9), true);
});

test("the kernel's correction 4 s ago is of after a step 5 s ago, and of before one 3 s ago", () => {
  const kernel: HostSync = { synchronised: true, by: "kernel", from: "kernel", correctedAgoS: 4 };
  assert.is(new ClockDoubt(9, 1000, kernel).endsBy(kernel, 6000), true);
  assert.is(new ClockDoubt(9, 1000, kernel).endsBy(kernel, 4000), false);
});

test("where nobody says when it was measured, 2048 s after the last step; the largest step holds", () => {
  const doubt = new ClockDoubt(-9, 1000, systemd);
  doubt.widen(2, 1500);
  assert.is(doubt.sigmaS, 9);
  doubt.widen(-11, 2000);
  assert.is(doubt.sigmaS, 11);
  assert.is(doubt.endsBy(systemd, 2_050_000), false);
  assert.is(doubt.endsBy(systemd, 2_050_001), true);
  assert.is(new ClockDoubt(9, 1000, undefined).endsBy(undefined, 2_049_001), true, "a clock that is trusted as it is");
});

test.run();
