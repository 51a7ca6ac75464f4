/** Named faults of issue 6 that an order or the dock brings, with real processes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { movedBy } from "#core/handoff/local.ts";
import { serverThere } from "./fly/testing.ts";
import { dockAt } from "./fly/testing-config.ts";
import { faultsIn } from "./fly/testing-fault.ts";

const faults = suite("orders and dock, real processes");

const fault = faultsIn(faults);

if (!serverThere) console.log("skipped: no mavsdk_server; run: npm run setup");
else {
  fault(
    "a failsafe changed a moment ago: refused; put right: asked again. Door jams: not armed, until a person has looked",
    {},
    async (rig) => {
      rig.vehicle.setParam("NAV_DLL_ACT", 0);
      const refusedAt = () => rig.state?.hops.find(({ hop }) => hop === "refused")?.at;
      // A busy machine reads the parameters too slowly, which is refused as well: asked until the failsafe is what is refused.
      for (let asked = 0; asked < 4 && !/return asked/.test(rig.state?.why ?? ""); asked++) {
        const before = refusedAt();
        await rig.ask();
        await rig.until("refused", () => refusedAt() !== undefined && refusedAt() !== before);
        await rig.available();
      }
      assert.match(rig.state!.why!, /not ready: Failsafe: link lost \(none, return asked/, rig.state!.why!);
      rig.vehicle.setParam("NAV_DLL_ACT", 2);
      await rig.available();
      rig.dock.jam("opening");
      await rig.ask();
      await rig.phase("outOfService");
      assert.is(rig.vehicle.truth.armings, 0);
      assert.match(rig.state!.why!, /jammed/);
      rig.dock.unjam("closed");
      assert.is((await rig.order({ act: "clear", why: "door freed" }, "sam", "onsite")).accepted, true);
      await rig.available();
    },
  );

  fault(
    "two alerts at once: one flight, the other is refused; beyond the geofence and with an old epoch likewise",
    { flight: { onSceneS: 30 } },
    async (rig) => {
      const beyond = await rig.order({
        act: "ask",
        flight: "far",
        incident: "i9",
        incidentVersion: 1,
        place: {
          ...movedBy(dockAt, { eastM: 400, northM: 0 }),
          ellipse95: { semiMajorM: 4, semiMinorM: 2, azimuthDeg: 0 },
        },
        laneHeightM: 20,
        corridor: [],
      });
      assert.is(beyond.accepted, false);
      assert.match(beyond.why, /100 m outside the geofence/);
      const [a, b] = await Promise.all([rig.ask(40, 0, { flight: "a" }), rig.ask(0, 40, { flight: "b" })]);
      assert.equal([a, b], ["a", "b"]);
      assert.is([...rig.answers.values()].filter((one) => one.accepted).length, 1);
      await rig.phase("onScene");
      const old = rig.control!.epoch;
      assert.is((await rig.token("takeover", "kim")).accepted, true);
      const flight = rig.state!.flight!;
      const to = { ...movedBy(dockAt, { eastM: 60, northM: 0 }), heightM: 20 };
      const late = await rig.order({ act: "goto", flight, to }, "lee", "remote", old);
      assert.is(late.accepted, false);
      assert.match(late.why, /control changed hands since you looked/);
      const again = await rig.token("takeover", "lee", "remote", old);
      assert.is(again.accepted, false);
      assert.equal(rig.control!.holder, { kind: "remote", by: "kim" });
      // kim falls silent: the lease runs out, autonomy holds and comes home.
      await rig.phase("holding", 15);
      await rig.home();
      assert.is(rig.vehicle.truth.armings, 1);
    },
  );
}

faults.run();
