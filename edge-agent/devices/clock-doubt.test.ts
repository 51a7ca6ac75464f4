import { test } from "uvu";
import * as assert from "uvu/assert";
import { ClockDoubt } from "./clock-doubt.ts";
import { type HostSync, parseChrony } from "./host-sync.ts";

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

test("chrony finds the clock 400 ms ahead and steps it back: over with its first answer; found ahead after a step of somebody else's, it is not", () => {
  const found = (aheadS: number, leftS: number) =>
    parseChrony(`C0248F97,a,2,164,${leftS},${aheadS},0.00045,12.3,0.001,0.05,0.012,0.0009,64.2,Normal\n`)!;
  assert.is(new ClockDoubt(-0.4, 1000, chrony).endsBy(found(0.4003, 0.00001), 1001), true);
  // Stepped ahead by another, measured since: still to be slewed, or put right by chrony's own step back.
  const foreign = new ClockDoubt(0.4, 1000, chrony);
  assert.is(foreign.endsBy(found(0.4003, 0.399), 1001), false);
  assert.is(foreign.endsBy(found(0.4003, 0.00001), 1002), false, "a step that is not seen yet");
  foreign.widen(-0.4003, 1003);
  assert.is(foreign.endsBy(found(0.4003, 0.00001), 1004), true);
  // Of the seconds before the step, whatever it says.
  assert.is(new ClockDoubt(-0.4, 1000, found(0.4, 0)).endsBy(found(0.4, 0), 1001), false);
  assert.is(new ClockDoubt(-0.4, 1000, chrony).endsBy(found(-0.00002, 0.000001), 1001), false);
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
