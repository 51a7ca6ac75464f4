/** The other named faults of issue 6 with real processes, and those of docs/flight.md that need the vehicle's own failsafes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { distanceM } from "#core/handoff/local.ts";
import { serverThere } from "./fly/testing.ts";
import { dockAt } from "./fly/testing-config.ts";
import { faultsIn } from "./fly/testing-fault.ts";

const faults = suite("more faults in flight, real processes");

const fault = faultsIn(faults);

if (!serverThere) console.log("skipped: no mavsdk_server; run: npm run setup");
else {
  fault(
    "vehicle's link lost in transit for good: its own failsafe brings it home, and it is picked up there",
    { params: { COM_DL_LOSS_T: 10 } },
    async (rig) => {
      await rig.ask(200, 0);
      await rig.phase("transit");
      rig.vehicle.linkDown();
      await rig.phase("unreached");
      await rig.until("the autopilot comes home by itself", () => rig.vehicle.truth.mode === "return");
      await rig.until("and is near", () => distanceM(rig.vehicle.truth, dockAt) < 40);
      rig.vehicle.linkUp();
      await rig.home();
      assert.is(rig.vehicle.truth.armings, 1);
    },
  );

  fault("vehicle's link lost on scene for 2 s: the scene goes on", { flight: { onSceneS: 20 } }, async (rig) => {
    await rig.ask();
    await rig.phase("onScene");
    rig.vehicle.linkDown();
    await rig.phase("unreached");
    rig.vehicle.linkUp();
    await rig.phase("onScene");
    await rig.home();
  });

  fault(
    "agent killed for good: the vehicle comes home by itself and lands",
    { params: { COM_DL_LOSS_T: 10 } },
    async (rig) => {
      await rig.ask(150, 0);
      await rig.phase("transit");
      await rig.killAgent();
      await rig.until("landed on its pad", () => !rig.vehicle.truth.armed && rig.onPad, 60);
      assert.is(rig.dock.door, "open");
      await rig.startAgent();
      await rig.home();
      assert.is(rig.dock.door, "closed");
      assert.is(rig.vehicle.truth.armings, 1);
    },
  );

  fault(
    "gateway lost on scene: it holds, comes home and closes the door without it",
    { flight: { onSceneS: 60, linkLossS: 1 } },
    async (rig) => {
      await rig.ask();
      await rig.phase("onScene");
      await rig.closeBroker();
      await rig.until("it holds", () => rig.vehicle.truth.mode === "hold", 20);
      await rig.until("landed", () => !rig.vehicle.truth.armed && rig.onPad, 60);
      await rig.until("door closed", () => rig.dock.door === "closed", 20);
      await rig.openBroker();
      await rig.home();
      const hops = rig.state!.hops.map(({ hop }) => hop);
      assert.ok(hops.includes("holding") && hops.includes("returning"), hops.join(" "));
    },
  );

  fault(
    "gateway lost in transit and back within the hold: the flight goes on",
    { flight: { onSceneS: 10, linkLossS: 0.5 } },
    async (rig) => {
      await rig.ask(250, 0);
      await rig.phase("transit");
      await rig.closeBroker();
      await rig.until("it holds", () => rig.vehicle.truth.mode === "hold", 20);
      await rig.openBroker();
      await rig.phase("onScene");
      await rig.home();
    },
  );

  fault("battery low on scene: home with the reserve", { flight: { onSceneS: 60 } }, async (rig) => {
    await rig.ask(100, 0);
    await rig.phase("onScene");
    rig.vehicle.setBattery(0.26);
    await rig.phase("returning");
    assert.match(rig.state!.why!, /battery/);
    await rig.home();
  });

  fault(
    "GNSS lost on scene: holds, then lands where it is; a person is told to fetch it",
    { flight: { onSceneS: 60 } },
    async (rig) => {
      await rig.ask(60, 0);
      await rig.phase("onScene");
      rig.vehicle.loseGnss();
      await rig.phase("landedAway", 60);
      assert.is(rig.vehicle.truth.armed, false);
      assert.is(rig.dock.door, "open");
      assert.match(rig.state!.unavailableWhy!, /landed/);
    },
  );

  fault("wind over the limit: not started; in flight it comes home", { flight: { onSceneS: 60 } }, async (rig) => {
    rig.vehicle.setWind({ speedMS: 11, fromDeg: 270, gustMS: 0 });
    await rig.until("the wind is known", () => (rig.state?.vehicle.windMps ?? 0) > 10.3, 30);
    await rig.ask();
    await rig.until("refused", () => rig.state!.preflight?.some(({ check, ok }) => check === "wind" && !ok) === true);
    assert.is(rig.vehicle.truth.armings, 0);
    rig.vehicle.setWind({ speedMS: 2, fromDeg: 270, gustMS: 0 });
    await rig.until("calm", () => (rig.state?.vehicle.windMps ?? 99) < 6, 60);
    await rig.available();
    await rig.ask();
    await rig.phase("onScene");
    rig.vehicle.setWind({ speedMS: 13.5, fromDeg: 270, gustMS: 0 });
    await rig.phase("returning");
  });

  fault("door jammed while closing: out of service, never closed on the drone", {}, async (rig) => {
    await rig.ask();
    await rig.phase("onScene");
    rig.dock.jam("closing");
    await rig.phase("outOfService", 60);
    assert.is(rig.dock.door, "jammed");
    assert.is(rig.vehicle.truth.armed, false);
  });

  fault("the dock closes under it: lands in the yard instead", { flight: { onSceneS: 6 } }, async (rig) => {
    await rig.ask(120, 0);
    await rig.phase("onScene");
    rig.dock.unjam("closed");
    rig.dock.jam("opening");
    await rig.phase("landedAway", 60);
    assert.ok(distanceM(rig.vehicle.truth, dockAt) > 15, `${distanceM(rig.vehicle.truth, dockAt)} m from the dock`);
    assert.ok(rig.phases.includes("diverting"));
  });

  fault(
    "the on-site pilot moves a stick: noticed within a second, autonomy is silent until given back",
    { flight: { onSceneS: 60 } },
    async (rig) => {
      await rig.ask();
      await rig.phase("onScene");
      const fromMs = performance.now();
      rig.vehicle.rcTakeover({ mode: "position", sticks: { pitch: 0.6 } });
      await rig.until("the token is on site", () => rig.control?.holder.kind === "onsite", 5);
      const tookMs = performance.now() - fromMs;
      assert.ok(tookMs < 1000, `${tookMs} ms`);
      const received = rig.vehicle.truth.mode;
      await new Promise((resolve) => setTimeout(resolve, 3000));
      assert.is(rig.vehicle.truth.mode, received);
      const refused = await rig.order({ act: "return", flight: rig.state!.flight! }, "kim", "remote");
      assert.is(refused.accepted, false);
      rig.vehicle.releaseSticks();
      assert.is((await rig.token("release", "lee", "onsite")).accepted, true);
      // Given back, it stays for what is left of the scene's minute before it comes home.
      await rig.home(120);
    },
  );

  fault("the agent's clock is an hour off all at once: nothing changes in flight", {}, async (rig) => {
    await rig.ask(100, 0);
    await rig.phase("transit");
    rig.stepClock();
    await rig.until(
      "reports carry the stepped time",
      () => Math.abs(Date.parse(rig.state!.at) - Date.now()) > 3_000_000,
      10,
    );
    const held = await rig.order({ act: "hold", flight: rig.state!.flight! }, "kim", "remote");
    assert.is(held.accepted, true);
    await rig.phase("holding");
    assert.is((await rig.order({ act: "return", flight: rig.state!.flight! }, "kim", "remote")).accepted, true);
    await rig.home();
  });
}

faults.run();
