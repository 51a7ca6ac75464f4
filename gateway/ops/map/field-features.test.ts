import { test } from "uvu";
import * as assert from "uvu/assert";
import { at, callerOf, callOf, unitsOf } from "../fixtures/field-samples.ts";
import { ScriptedRobot } from "../fixtures/scripted-robot.ts";
import { enOf } from "../geometry.ts";
import { withRobot } from "../state/field.ts";
import { callerFeatures, robotFeatures, unitFeatures } from "./field-features.ts";

test("a robot stands in its 95 % ellipse with its nose; silent for 5 s it is grey and says so, with no people around it", () => {
  const robot = new ScriptedRobot("robot-1", 0, 0);
  const { state, pose, tracks } = robot.speak();
  const nowMs = Date.parse(pose.at);
  let known = withRobot(new Map(), "pose", pose, nowMs);
  known = withRobot(known, "state", state, nowMs);
  known = withRobot(known, "tracks", tracks, nowMs);
  const [bound, mark, ...rest] = robotFeatures(known.values(), nowMs + 1000);
  assert.equal([mark!.properties.icon, mark!.properties.heading], ["robot-live", 64]);
  assert.is(mark!.properties.label, "robot-1\nwithin 2 m");
  const ring = (bound!.geometry as { coordinates: [number, number][][] }).coordinates[0]!;
  const far = ring.map(([lon, lat]) => Math.hypot(...enOf(pose, { lat, lon })));
  assert.ok(Math.abs(Math.max(...far) - 1.6) < 0.01 && Math.abs(Math.min(...far) - 0.9) < 0.01);
  assert.is(rest.length, 4, "two people, each with bound and word");
  const old = robotFeatures(known.values(), nowMs + 5000);
  assert.is(old.length, 2);
  assert.match(String(old[1]!.properties.label), /robot-1\n.*5 s ago/);
  assert.is(old[1]!.properties.icon, "robot-old");
});

test("the same word of a robot again is no sign of life", () => {
  const { pose } = new ScriptedRobot("robot-1", 0, 0).speak();
  const first = withRobot(new Map(), "pose", pose, 5e12);
  assert.is(withRobot(first, "pose", pose, 6e12).get("robot-1")!.heardMs, Date.parse(pose.at));
  assert.is(withRobot(first, "pose", { ...pose, tickMs: 9999 }, 6e12).get("robot-1")!.heardMs, 6e12);
});

test("a latched emergency stop is on the map in a mark and words of its own", () => {
  const robot = new ScriptedRobot("robot-1", 0, 0);
  robot.latched = true;
  const { state, pose } = robot.speak();
  const nowMs = Date.parse(pose.at);
  const known = withRobot(withRobot(new Map(), "pose", pose, nowMs), "state", state, nowMs);
  const mark = robotFeatures(known.values(), nowMs)[1]!;
  assert.equal([mark.properties.icon, mark.properties.label], ["robot-stop", "robot-1\nEMERGENCY STOP"]);
});

test("a caller stands in the circle that the phone states, 18 m, until the link is over", () => {
  const caller = callerOf("i1");
  const [bound, mark] = callerFeatures([caller], Date.now());
  const ring = (bound!.geometry as { coordinates: [number, number][][] }).coordinates[0]!;
  const far = ring.map(([lon, lat]) => Math.hypot(...enOf(caller.position!, { lat, lon })));
  assert.ok(far.every((m) => Math.abs(m - 18) < 0.05));
  assert.is(mark!.properties.label, "Caller\nwithin 18 m");
  assert.equal(callerFeatures([{ ...caller, state: "ended" }], Date.now()), []);
});

test("units on duty are shown, one that comes or is there says so, one off duty is not there", () => {
  const labels = (status: "acknowledged" | "onScene", answer: "accepted" | "onScene", units = unitsOf()) => {
    const call = callOf("i1", { status });
    call.asked[0] = { ...call.asked[0]!, answer };
    const marks = unitFeatures(units, [call]).filter(({ properties }) => properties.shape === "mark");
    return marks.map(({ properties }) => properties.label);
  };
  assert.equal(labels("acknowledged", "accepted"), ["Car 12\ncomes", "Car 7"]);
  // The place is 46 m east, 34 m south; the car's own, 260 m west and 90 m north, is 330 m from it, its bounds 18 m.
  assert.equal(labels("onScene", "onScene"), ["Car 12\nsays there: 310 m away or more", "Car 7"]);
  const near = unitsOf().map((one) => ({ ...one, place: { ...at(100, -34), posSigmaM: 6 } }));
  assert.equal(labels("onScene", "onScene", near)[0], "Car 12\nthere");
});

test.run();
