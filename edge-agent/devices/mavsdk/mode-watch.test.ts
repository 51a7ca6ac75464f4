import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FlightMode } from "#edge-agent/vehicle-port.ts";
import { flightModeOf } from "./flight-modes.ts";
import { ModeWatch } from "./mode-watch.ts";
import { StickWatch, sticksOf } from "./stick-watch.ts";

const test = suite("who changed the mode, who moved the sticks");

/** Heartbeats of an armed vehicle in the air, with its system status (4 active, 5 critical). */
const beat = (watch: ModeWatch, mode: FlightMode, atMs: number, systemStatus = 4) =>
  watch.heard({ mode, raw: 0, systemStatus, armed: true, onGround: false, atMs });

test("the first heartbeat and a mode that stays are no changes", () => {
  const watch = new ModeWatch();
  assert.is(beat(watch, "hold", 0), undefined);
  assert.is(beat(watch, "hold", 200), undefined);
});

test("what we sent is commanded; 4.1 s after it, it is not", () => {
  const watch = new ModeWatch();
  beat(watch, "hold", 0);
  watch.expect("returnToLaunch", ["return"], 1000);
  assert.is(beat(watch, "return", 1200)?.cause, "commanded");
  const late = new ModeWatch();
  beat(late, "hold", 0);
  late.expect("returnToLaunch", ["return"], 1000);
  assert.is(beat(late, "return", 5100)?.cause, "external");
});

test("a refused command expects nothing: the same change is then somebody else's", () => {
  const watch = new ModeWatch();
  beat(watch, "hold", 0);
  watch.expect("startMission", ["mission"], 1000)();
  assert.is(beat(watch, "mission", 1200)?.ours, false);
});

test("one command explains one change: out to position and back to hold within its window is not ours", () => {
  const watch = new ModeWatch();
  beat(watch, "mission", 0);
  watch.expect("hold", ["hold"], 1000);
  assert.is(beat(watch, "hold", 1100)?.cause, "commanded");
  assert.is(beat(watch, "position", 1500)?.cause, "pilot");
  assert.is(beat(watch, "hold", 2000)?.ours, false);
});

test("takeoff that we sent ends in hold naturally; takeoff of another's does not", () => {
  const watch = new ModeWatch();
  beat(watch, "hold", 0);
  watch.expect("takeOff", ["takeoff"], 100);
  beat(watch, "takeoff", 200);
  assert.is(beat(watch, "hold", 9000)?.cause, "natural");
  const other = new ModeWatch();
  beat(other, "hold", 0);
  beat(other, "takeoff", 200);
  assert.is(beat(other, "hold", 9000)?.cause, "external");
});

test("return with a critical state, or within 6 s of a failsafe's text, is a failsafe; without either it is external", () => {
  const critical = new ModeWatch();
  beat(critical, "hold", 0);
  assert.is(beat(critical, "return", 1000, 5)?.cause, "failsafe");
  const said = new ModeWatch();
  beat(said, "hold", 0);
  said.text("Failsafe activated: data link lost, return", 900);
  assert.is(beat(said, "return", 1000)?.cause, "failsafe");
  const neither = new ModeWatch();
  beat(neither, "hold", 0);
  assert.is(beat(neither, "return", 1000)?.cause, "external");
});

test("a pilot's mode beats a failsafe's words: hands on the sticks are hands on the sticks", () => {
  const watch = new ModeWatch();
  beat(watch, "return", 0);
  watch.text("Failsafe activated: battery low", 900);
  assert.is(beat(watch, "position", 1000, 5)?.cause, "pilot");
});

test("PX4: 3,1 is orbit, 3,0 position, 4,5 return; ArduCopter: 4 guided, 6 return, 5 (Loiter) a pilot's position", () => {
  assert.is(flightModeOf("px4", 0x01030000), "orbit");
  assert.is(flightModeOf("px4", 0x00030000), "position");
  assert.is(flightModeOf("px4", 0x05040000), "return");
  assert.is(flightModeOf("px4", 0x63040000), "other");
  assert.is(flightModeOf("ardupilot", 4), "guided");
  assert.is(flightModeOf("ardupilot", 6), "return");
  assert.is(flightModeOf("ardupilot", 5), "position");
});

test("sticks: noise of 2 % is none, a fifth in two samples running is 0.2, one sample alone is none", () => {
  const watch = new StickWatch();
  const sticks = (roll: number, atMs: number) => watch.heard([roll, 0, -0.8, 0], "rc", true, atMs);
  assert.is(sticks(0, 0), undefined);
  assert.is(sticks(0.02, 200), undefined);
  assert.is(sticks(0.2, 400), undefined);
  const input = sticks(0.2, 600);
  assert.ok(Math.abs((input?.deflection ?? 0) - 0.2) < 1e-9);
  assert.is(sticks(0, 800), undefined);
  assert.is(sticks(0.5, 1400), undefined);
  assert.is(sticks(0, 1600), undefined);
});

test("sticks: a receiver that the autopilot calls lost moves nobody's hands", () => {
  const watch = new StickWatch();
  watch.heard([0, 0, 0, 0], "rc", true, 0);
  assert.is(watch.heard([0, 0, -1, 0], "rc", false, 200), undefined);
  assert.is(watch.heard([0, 0, -1, 0], "rc", false, 400), undefined);
  assert.is(watch.heard([0, 0, -1, 0], "rc", true, 600), undefined);
});

test("sticks: a throttle that lies still for 3 s is at rest where it lies", () => {
  const watch = new StickWatch();
  watch.heard([0, 0, 0, 0], "rc", true, 0);
  for (let atMs = 200; atMs <= 4000; atMs += 200) watch.heard([0, 0, 0.5, 0], "rc", true, atMs);
  assert.is(watch.heard([0, 0, 0.5, 0], "rc", true, 4200), undefined);
  watch.heard([0, 0, 0.2, 0], "rc", true, 4400);
  assert.ok((watch.heard([0, 0, 0.2, 0], "rc", true, 4600)?.deflection ?? 0) > 0.25);
});

test("pulses: 1500 us is 0, 2000 is 1, a channel of 0 us is no receiver", () => {
  assert.equal(sticksOf([1500, 2000, 1000, 1750]), [0, 1, -1, 0.5]);
  assert.is(sticksOf([1500, 0, 1500, 1500]), undefined);
});

test.run();
