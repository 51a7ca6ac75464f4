/** The whole story of a patrol with the real firmware on an emulated chip, the real bridge, and a street of the simulated city. */
import * as assert from "uvu/assert";
import { backupCall } from "#contract/backup.ts";
import { nees, nowUtc, streetSuite, until } from "./patrol/testing.ts";

const patrol = streetSuite("patrol, the whole story");

patrol("a patrol: knows its place within what it states, finds who fell, is held, stopped, called", async (street) => {
  const { robot } = street.world;
  await street.letGo();
  await until("detectors", () => street.state?.rulesOff.length === 0);

  street.world.fall();
  const event = await until("the event", () => street.events.find(({ rule }) => rule === "fallen-person"));
  const lying = robot.truth!.people.find(({ lying }) => lying)!;
  const said = street.city.plane.enu({ lat: event.place!.lat, lon: event.place!.lon, altM: 0 });
  const offM = Math.hypot(said.eastM - lying.eastM, said.northM - lying.northM);
  assert.ok(
    offM < 1.5 * event.place!.ellipse95.semiMajorM + 0.5,
    `${offM} m, stated ${event.place!.ellipse95.semiMajorM}`,
  );
  assert.ok(event.reasons.some(({ value, limit }) => value >= limit));

  // Without satellites for a while: the bound grows and still holds.
  robot.gnss(false);
  await until("GNSS lost", () => street.poses.at(-1)?.pose.gnss.state === "lost");
  robot.gnss(true);
  await until("GNSS used again", () => street.poses.at(-1)?.pose.gnss.state === "used");
  assert.is((await street.order({ act: "hold" })).accepted, true);
  await until("at rest", () => Math.abs(robot.truth!.speedMps) < 0.01);
  await street.phase("holding");
  await street.order({ act: "resume" });
  await until("moving", () => robot.truth!.speedMps > 0.3);
  robot.pressEmergencyStop(true);
  await street.phase("emergencyStop");
  await until("at rest", () => robot.truth!.speedMps === 0);
  assert.is(robot.truth!.enabled, false);
  robot.pressEmergencyStop(false);
  assert.is((await street.order({ act: "resume" })).accepted, false, "latched");
  robot.pressReset();
  await street.phase("holding");
  assert.is(robot.truth!.speedMps, 0);
  await street.order({ act: "resume" });
  await street.phase("patrolling");
  const envelope = { v: 1 as const, node: "gateway", at: nowUtc() };
  const calledBy = { how: "person" as const, by: "ann", at: nowUtc(), why: "look" };
  const call = {
    ...envelope,
    incident: "i1",
    place: { ...event.place! },
    why: "somebody lies still",
    calledBy,
    chosen: "ann sends it",
    ring: 1,
    answerBy: nowUtc(),
  };
  await street.people.publish(backupCall, { ...call, id: "c0", call: "b0", task: { kind: "assist" } }, { to: "r1" });
  const no = await until("an answer", () => street.answers.find((answer) => answer.call === "b0"));
  assert.is(no.answer, "declined");
  assert.match(no.text ?? "", /goes and reports where a person approved/);
  const task = { kind: "goAndReport" as const, approved: { by: "ann", at: nowUtc(), why: "look" } };
  await street.people.publish(backupCall, { ...call, id: "c1", call: "b1", task }, { to: "r1" });
  await until("accepted", () => street.answers.find(({ call, answer }) => call === "b1" && answer === "accepted"));
  const there = await until("on scene", () =>
    street.answers.find(({ call, answer }) => call === "b1" && answer === "onScene"),
  );
  assert.match(there.text ?? "", /it sees \d+ people/);
  const nearM = Math.hypot(robot.truth!.eastM - lying.eastM, robot.truth!.northM - lying.northM);
  assert.ok(nearM > 0.5 && nearM < 31, `${nearM} m from whoever lies there`);
  await until("at rest", () => Math.abs(robot.truth!.speedMps) < 0.01);
  await street.order({ act: "leave", call: "b1" });
  await street.phase("patrolling");
  const scores = street.poses.map(nees);
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  const inside = scores.filter((score) => score < 5.99).length / scores.length;
  const headingOff = street.poses.map(({ pose, off }) => Math.abs(off[2]) / ((pose.headingSigmaDeg * Math.PI) / 180));
  const wild = headingOff.filter((sigmas) => sigmas > 4).length / headingOff.length;
  console.log(
    `${scores.length} poses: squared error over covariance ${mean.toFixed(2)} (2 is honest), ${(100 * inside).toFixed(0)} % inside the 95 % ellipse, heading beyond 4 sigmas ${(100 * wild).toFixed(0)} %`,
  );
  assert.ok(scores.length > 40);
  assert.ok(inside > 0.8, `${inside} inside the stated ellipse`);
  assert.ok(mean < 4, `${mean}`);
  assert.ok(wild < 0.1);
}).run();
