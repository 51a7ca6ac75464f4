/** The vehicle's own failsafes, as seen through the real mavsdk_server. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../vehicle.suite.ts";
import { airborne, endFlights, installed } from "./fixture-flight.ts";

const test = suite("mavsdk failsafes");
test.after.each(endFlights);

test("link lost for good: the vehicle's own failsafe brings it home; the change is a failsafe's when it is heard again", async () => {
  const { sim, vehicle, changes } = await airborne();
  sim.linkDown();
  await until("failsafe", { vehicle }, () => sim.truth.mode === "return", 15);
  await until("lost", { vehicle }, (state) => state.link === "lost", 4);
  sim.linkUp();
  await until("heard", { vehicle }, (state) => state.link === "up" && state.mode === "return", 5);
  assert.equal([changes.at(-1)?.cause, changes.at(-1)?.ours], ["failsafe", false]);
});

test("battery below its critical mark in flight: it comes home by itself and lands", async () => {
  const { sim, vehicle, changes } = await airborne();
  sim.setBattery(0.11);
  await until("return", { vehicle }, (state) => state.mode === "return", 10);
  assert.is(changes.at(-1)?.cause, "failsafe");
  await until("landed", { vehicle }, (state) => state.armed === false, 40);
  assert.is(sim.truth.landed, "ground");
});

test("satellites lost: it descends where it is, the fix says none", async () => {
  const { sim, vehicle, changes } = await airborne();
  sim.loseGnss();
  await until("land", { vehicle }, (state) => state.mode === "land", 5);
  assert.is(changes.at(-1)?.cause, "failsafe");
  await until(
    "no fix",
    { vehicle },
    (state) => state.gnss?.fix === "none" && state.health?.globalPosition === false,
    5,
  );
  await until("down", { vehicle }, () => sim.truth.landed === "ground", 30);
});

if (installed) test.run();
else console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
