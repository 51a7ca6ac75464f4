/** The patrol role with the real firmware on an emulated chip, the real bridge, and a street of the simulated city. */
import * as assert from "uvu/assert";
import { nees, streetSuite, until } from "./patrol/testing.ts";

const patrol = streetSuite("patrol");

patrol(
  "a patrol stands until reset and let go, knows its place within what it states, and is stopped at the robot for good",
  async (street) => {
    const { robot } = street.world;
    await street.phase("emergencyStop");
    const refused = await street.order({ act: "resume" });
    assert.match(refused.why, /a person must reset it at the robot/);
    robot.pressReset();
    await street.phase("holding");
    assert.is(robot.truth!.speedMps, 0, "a reset moves nothing");
    const old = await street.order({ act: "resume" }, street.state!.tickMs + 60_000);
    assert.match(old.why, /from before its last start: look again/);
    assert.is((await street.order({ act: "resume" })).accepted, true);
    const from = { ...robot.truth! };
    await until("4 m of patrol and 12 poses", () => {
      const goneM = Math.hypot(robot.truth!.eastM - from.eastM, robot.truth!.northM - from.northM);
      return goneM > 4 && street.poses.length >= 12;
    });
    const scores = street.poses.map(nees);
    const inside = scores.filter((score) => score < 5.99).length / scores.length;
    assert.ok(inside > 0.7, `${inside} of ${scores.length} inside the stated 95 % ellipse`);

    robot.pressEmergencyStop(true);
    await street.phase("emergencyStop");
    await until("at rest", () => robot.truth!.speedMps === 0);
    assert.is(robot.truth!.enabled, false);
    robot.pressEmergencyStop(false);
    assert.is((await street.order({ act: "resume" })).accepted, false, "latched");
  },
).run();
