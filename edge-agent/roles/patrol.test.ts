/** The patrol role with the real firmware on an emulated chip, the real bridge, and a street of the simulated city. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildFirmware } from "#firmware-bridge/testing/emulator.ts";
import { nees, Street, until } from "./patrol/testing.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-patrol-"));
const firmware = buildFirmware(folder);
const test = suite("patrol");
test.after(() => rmSync(folder, { recursive: true, force: true }));

if (firmware) {
  test("a patrol stands until reset and let go, knows its place within what it states, and is stopped at the robot for good", async () => {
    const street = new Street();
    try {
      await street.start(firmware.robot, folder);
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
    } finally {
      await street.stop();
    }
  });
} else {
  test("skipped: no firmware could be built here", () => assert.ok(!firmware));
}

test.run();
