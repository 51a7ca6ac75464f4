import { suite } from "uvu";
import * as assert from "uvu/assert";
import { distanceM, movedBy } from "#core/handoff/local.ts";
import { Rig, serverThere } from "./fly/testing.ts";
import { dockAt } from "./fly/testing-config.ts";

const fly = suite("a whole flight with the real mavsdk_server");

if (!serverThere) console.log("skipped: no mavsdk_server; run: npm run setup");
else {
  fly("dock, place, a pilot and back, home, door closed: each hop timed", async () => {
    const rig = new Rig({ flight: { onSceneS: 30 } });
    try {
      await rig.start();
      await rig.available();
      const flight = await rig.ask();
      await rig.phase("onScene");
      assert.ok(distanceM(rig.vehicle.truth, movedBy(dockAt, { eastM: 40, northM: 10 })) < 40);
      assert.equal(rig.dock.moves, ["opening", "open"]);
      await rig.until("the camera looks down at the place", () => rig.vehicle.truth.gimbal.pitchDeg < -10);

      assert.is((await rig.token("ask", "kim")).accepted, true);
      await rig.phase("piloted");
      const to = { ...movedBy(dockAt, { eastM: 20, northM: 40 }), heightM: 25 };
      assert.is((await rig.order({ act: "goto", flight, to }, "kim", "remote")).accepted, true);
      await rig.until("it is where kim sent it", () => distanceM(rig.vehicle.truth, to) < 3);
      assert.is((await rig.token("release", "kim")).accepted, true);
      await rig.phase("onScene");
      await rig.order({ act: "recall", flight, why: "seen enough" });
      await rig.home();

      assert.is(rig.vehicle.truth.armed, false);
      assert.is(rig.vehicle.truth.armings, 1);
      assert.is(rig.dock.door, "closed");
      assert.ok(distanceM(rig.vehicle.truth, dockAt) < 2.5);
      const { hops } = rig.state!;
      console.log(hops.map(({ hop, at }) => `${hop} ${at.slice(14, 23)}`).join(" | "));
      for (const hop of [
        "received",
        "authorised",
        "preflight",
        "opening",
        "arming",
        "arm",
        "climbing",
        "transit",
        "onScene",
        "piloted",
        "returning",
        "landing",
        "closing",
        "charging",
      ]) {
        assert.ok(
          hops.some((one) => one.hop === hop),
          `no hop ${hop}`,
        );
      }
    } finally {
      await rig.stop();
    }
  });
}

fly.run();
