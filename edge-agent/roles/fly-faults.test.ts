/** Named faults of docs/flight.md with real processes: agent, mavsdk_server, MAVLink. The rest of them: fly-faults.long.test.ts. */
import { kill } from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { movedBy } from "#core/handoff/local.ts";
import { serverThere } from "./fly/testing.ts";
import { dockAt } from "./fly/testing-config.ts";
import { faultsIn } from "./fly/testing-fault.ts";

const faults = suite("faults in flight, real processes");

const fault = faultsIn(faults);

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
