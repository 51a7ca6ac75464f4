import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import { type Duty, type DutyEvent, type DutyPolicy, dutyAtStart, goalOf, stepDuty, wantedVelocity } from "./duty.ts";

const route = {
  name: "street",
  points: [
    { eastM: 0, northM: 0 },
    { eastM: 20, northM: 0 },
    { eastM: 40, northM: 0 },
  ],
};
const policy: DutyPolicy = {
  cruiseMps: 1,
  reachedM: 1,
  blockedS: 10,
  area: {
    keepIn: [
      { eastM: -5, northM: -5 },
      { eastM: 45, northM: -5 },
      { eastM: 45, northM: 5 },
      { eastM: -5, northM: 5 },
    ],
    keepOut: [],
  },
  marginM: 1,
  routes: [route],
  reportFromM: 30,
  standOffM: 4,
};
const at = (eastM: number, northM = 0, yawRad = 0) => ({ eastM, northM, yawRad });

/** Let go by a person. */
const onRounds = () => after(dutyAtStart(route), { kind: "resume", by: "ann" });

function after(from: Duty, ...events: DutyEvent[]): Duty {
  return events.reduce((duty, event) => stepDuty(duty, event, policy)[0], from);
}
const tick = (timeS: number, pose: ReturnType<typeof at> | undefined, heldUp = false): DutyEvent => ({
  kind: "tick",
  timeS,
  pose,
  heldUp,
});

test("driven by its own wanted velocity it goes up and down the street: a round in 80 m", () => {
  let duty = onRounds();
  let pose = at(0);
  const seen: number[] = [];
  for (let timeS = 0; timeS < 400 && duty.laps < 1; timeS += 0.1) {
    const before = duty.next;
    duty = after(duty, tick(timeS, pose));
    if (duty.next !== before) seen.push(duty.next);
    const { speedMps, yawRateRadps } = wantedVelocity(duty, pose, policy);
    const yawRad = pose.yawRad + yawRateRadps * 0.1;
    pose = at(pose.eastM + speedMps * Math.cos(yawRad) * 0.1, pose.northM + speedMps * Math.sin(yawRad) * 0.1, yawRad);
    assert.ok(Math.abs(pose.northM) < 3, `${pose.northM} m aside`);
  }
  assert.deepEqual(seen, [1, 2, 1, 0, 1]);
  assert.equal(duty.laps, 1);
});

test("switched on, or after its agent began anew, it stands until a person lets it go", () => {
  const fresh = dutyAtStart(route);
  assert.deepEqual([fresh.phase, goalOf(fresh)], ["holding", undefined]);
  assert.deepEqual([onRounds().phase, goalOf(onRounds())], ["patrolling", route.points[0]]);
});

test("held by a person it stands; a resume lets it go on; no resume ends an emergency stop, and a reset moves nothing", () => {
  const held = after(onRounds(), { kind: "hold", by: "ann" });
  assert.deepEqual([held.phase, goalOf(held)], ["holding", undefined]);
  assert.equal(after(held, { kind: "resume", by: "ann" }).phase, "patrolling");
  const stopped = after(onRounds(), { kind: "stopped", why: "pressed" });
  const [same, outcome] = stepDuty(stopped, { kind: "resume", by: "ann" }, policy);
  assert.deepEqual([same.phase, outcome.accepted], ["emergencyStop", false]);
  const reset = after(stopped, { kind: "reset" });
  assert.deepEqual([reset.phase, goalOf(reset)], ["holding", undefined]);
});

test("a call inside the fence: straight to 4 m before it, a report, and back to its rounds when a person says so", () => {
  const call: DutyEvent = { kind: "call", call: "c1", place: at(30), from: at(0) };
  const called = after(onRounds(), call);
  assert.deepEqual([called.phase, goalOf(called)], ["called", { eastM: 26, northM: 0 }]);
  const [arrived, outcome] = stepDuty(called, tick(1, at(25.5)), policy);
  assert.match(outcome.report?.text ?? "", /looks from 4 m away/);
  assert.deepEqual([arrived.phase, outcome.report?.what, goalOf(arrived)], ["onScene", "onScene", undefined]);
  assert.equal(after(arrived, { kind: "leave", call: "c1", why: "ann is done" }).phase, "patrolling");
});

test("a call 20 m outside the fence is looked at from its edge; one 100 m away is declined with the reason", () => {
  const called = after(onRounds(), { kind: "call", call: "c1", place: at(40, 24), from: at(0) });
  const last = called.call?.way.at(-1);
  assert.equal(called.phase, "called");
  assert.ok(last && last.northM <= 4 && Math.hypot(last.eastM - 40, last.northM - 24) < 25);
  const [same, outcome] = stepDuty(onRounds(), { kind: "call", call: "c2", place: at(40, 100), from: at(0) }, policy);
  assert.deepEqual([same.phase, outcome.accepted], ["patrolling", false]);
  assert.match(outcome.why, /within 30 m/);
});

test("held up for 10 s on its rounds it turns round; on a call it reports from there, or gives up where that is too far, and says so", () => {
  const blocked = after(onRounds(), tick(0, at(0)), tick(1, at(5), true), tick(12, at(5), true));
  assert.deepEqual([blocked.next, blocked.direction], [0, -1]);
  const called = after(onRounds(), { kind: "call", call: "c1", place: at(40, 3), from: at(0) });
  const [back, outcome] = stepDuty(after(called, tick(1, at(5), true)), tick(12, at(5), true), policy);
  assert.deepEqual([back.phase, outcome.report?.what], ["patrolling", "declined"]);
  const [near, seen] = stepDuty(after(called, tick(1, at(20), true)), tick(12, at(20), true), policy);
  assert.deepEqual([near.phase, seen.report?.what], ["onScene", "onScene"], "20 m away it sees enough");
});

test("no track reaches what steers: duty, steering and the plane import nothing of fusion, and no message names a velocity or a pursuit", () => {
  for (const file of ["duty.ts", "way.ts", "steer.ts", "plane.ts", "safety.ts"]) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from);
    assert.ok(
      imports.every((from) => from?.startsWith("./")),
      `${file} imports ${imports}`,
    );
  }
  const schemas = join(import.meta.dirname, "..", "..", "contract", "schemas");
  const told = readdirSync(schemas).filter((name) => /^(robot-command|backup-call)\.json$/.test(name));
  assert.equal(told.length, 2);
  for (const name of told) {
    const text = readFileSync(join(schemas, name), "utf8");
    assert.doesNotMatch(text, /"(speed|velocity|yawRate|track|follow|pursue|chase|target|restrain|weapon)\w*"/i, name);
  }
});

test.run();
