/** Named faults of issue 6 with real processes: agent, mavsdk_server, MAVLink. The rest of them: fly-faults.long.test.ts. */
import { kill } from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { movedBy } from "#core/handoff/local.ts";
import { Rig, type RigOptions, serverThere } from "./fly/testing.ts";
import { dockAt } from "./fly/testing-config.ts";

const faults = suite("faults in flight, real processes");

function fault(name: string, options: RigOptions, run: (rig: Rig) => Promise<void>): void {
  faults(name, async () => {
    const rig = new Rig(options);
    try {
      await rig.start();
      await rig.available();
      await run(rig);
      assert.equal(rig.faults, []);
    } finally {
      await rig.stop();
    }
  });
}

if (!serverThere) console.log("skipped: no mavsdk_server; run: npm run setup");
else {
  fault("mavsdk_server killed in transit: the next one takes over, the flight goes on", {}, async (rig) => {
    await rig.ask(120, 0);
    await rig.phase("transit");
    const pid = await rig.serverPid();
    kill(pid, "SIGKILL");
    await rig.phase("unreached");
    await rig.until("another server", () => rig.state!.phase !== "unreached", 15);
    assert.is.not(await rig.serverPid(), pid);
    await rig.phase("onScene");
    await rig.home();
    assert.is(rig.vehicle.truth.armings, 1);
  });

  fault(
    "agent killed in flight and started again: it picks the flight up and does not start a second",
    {},
    async (rig) => {
      const flight = await rig.ask(120, 0);
      await rig.phase("transit");
      await rig.killAgent();
      const said = rig.phases.length;
      await rig.startAgent();
      await rig.until("the new agent speaks of the same flight", () => rig.phases.length > said, 15);
      assert.is(rig.state!.flight, flight);
      const again = await rig.ask(120, 0, { flight });
      const other = await rig.order({
        act: "ask",
        flight: "another",
        incident: "i2",
        incidentVersion: 1,
        place: {
          ...movedBy(dockAt, { eastM: 30, northM: 0 }),
          ellipse95: { semiMajorM: 4, semiMinorM: 2, azimuthDeg: 0 },
        },
        laneHeightM: 20,
        corridor: [],
      });
      assert.is(again, flight);
      assert.is(other.accepted, false);
      await rig.home();
      assert.is(rig.vehicle.truth.armings, 1);
      assert.is(rig.dock.door, "closed");
    },
  );
}

faults.run();
