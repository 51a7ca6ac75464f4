/** The port over ArduCopter's protocol: its streams asked for, Guided instead of Hold, its parameters, missions with home as item 0. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../vehicle.suite.ts";
import { airborne, endFlights, home, installed } from "./fixture-flight.ts";

const test = suite("mavsdk: ArduCopter");
test.after.each(endFlights);

const perLatM = 111_320;
const speed = 3;
const params = { FS_GCS_TIMEOUT: 120, RTL_ALT: 2000 };

test("takes off in Guided, goes, holds, circles by a mission, comes home: every change ours", async () => {
  const flight = await airborne({ autopilot: "ardupilot", speed, params });
  const { vehicle, sim, changes } = flight;
  assert.is(vehicle.state.identity?.autopilot, "ardupilot");
  assert.is(vehicle.state.mode, "guided");
  const place = { lat: home.lat + 30 / perLatM, lon: home.lon, absAltM: home.absAltM + 15 };
  assert.ok((await vehicle.goTo(place)).ok);
  await until("there", flight, () => Math.abs(sim.truth.lat - place.lat) * perLatM < 3 && sim.truth.heightM > 13);
  assert.ok((await vehicle.hold()).ok);
  const orbit = await vehicle.orbit({ ...place, radiusM: 15, speedMS: 6 });
  assert.ok(orbit.ok && orbit.how === "mission", JSON.stringify(orbit));
  await until("on the circle", flight, () => Math.abs(Math.abs(sim.truth.lat - place.lat) * perLatM - 15) < 2.5);
  assert.is(vehicle.state.mode, "mission");
  assert.ok((await vehicle.returnToLaunch()).ok);
  await until("home", flight, (state) => state.armed === false && state.landed === "ground", 60);
  assert.equal(
    changes.filter((change) => !change.ours).map((change) => change.evidence),
    [],
  );
});

test("its failsafes under its own names: the ground station's loss brings it home at 20 m", async () => {
  const { vehicle } = await airborne({ autopilot: "ardupilot", speed, params });
  const result = await vehicle.failsafes();
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.failsafes.dataLinkLoss, { action: "return", afterS: 120 });
  assert.is(result.failsafes.returnHeightM, 20);
  assert.is(result.failsafes.geofence?.action, "return");
  assert.equal(result.failsafes.batteryLow, { action: "return", atFraction: 0.12 });
  assert.ok((await vehicle.setParam("RTL_ALT", 2500)).ok);
});

if (installed) test.run();
else console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
