/** The server's faults and a vehicle's refusals, with the real mavsdk_server. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../vehicle.suite.ts";
import { airborne, endFlights, home, installed, onGround } from "./fixture-flight.ts";

const test = suite("mavsdk faults");
test.after.each(endFlights);

test("server killed in flight: back within 5 s, still armed and in the air, a pilot's change meanwhile is not ours", async () => {
  const { sim, vehicle, changes } = await airborne();
  const { serverPid } = vehicle;
  assert.type(serverPid, "number");
  process.kill(serverPid as number, "SIGKILL");
  await until("down", { vehicle }, (state) => state.link === "driver", 3);
  assert.is(vehicle.state.armed, true);
  assert.is(vehicle.state.inAir, true);
  const refused = await vehicle.hold();
  assert.ok(!refused.ok && refused.why === "link");
  sim.rcTakeover({ mode: "altitude" });
  await until("up again", { vehicle }, (state) => state.link === "up", 5);
  await until("the change is seen", { vehicle }, () => changes.at(-1)?.to === "altitude", 2);
  assert.is(changes.at(-1)?.ours, false);
  assert.is(vehicle.state.counters.driverRestarts, 1);
  assert.is(vehicle.state.armed, true);
  assert.ok(Math.abs((vehicle.state.position?.relAltM ?? 0) - sim.truth.heightM) < 3);
  assert.ok((await vehicle.hold()).ok);
  assert.is(sim.truth.armings, 1);
});

test("server hangs in flight: the vehicle hears no ground station and comes home, the server is ended and started again", async () => {
  const { sim, vehicle } = await airborne();
  const pid = vehicle.serverPid as number;
  process.kill(pid, "SIGSTOP");
  await until("failsafe", { vehicle }, () => sim.truth.mode === "return", 20);
  await until("ended and started again", { vehicle }, (state) => state.counters.driverRestarts >= 1, 15);
  await until("up", { vehicle }, (state) => state.link === "up", 10);
  assert.is(vehicle.state.mode, "return");
});

test("a command that the vehicle does not know: orbit falls back to a mission within 3 s, speed is unsupported in under 1 s", async () => {
  const { vehicle } = await airborne({ unsupported: [34, 178] });
  const startMs = performance.now();
  const speed = await vehicle.setSpeed(5);
  assert.ok(!speed.ok && speed.why === "unsupported", JSON.stringify(speed));
  assert.ok(performance.now() - startMs < 1000);
  const orbit = await vehicle.orbit({ lat: home.lat, lon: home.lon, absAltM: 25, radiusM: 20, speedMS: 5 });
  assert.ok(orbit.ok && orbit.how === "mission", JSON.stringify(orbit));
});

test("arming refused: the vehicle's own reason comes with it", async () => {
  const { vehicle } = await onGround({ batteryFraction: 0.2 });
  const result = await vehicle.arm();
  assert.ok(!result.ok && result.why === "denied", JSON.stringify(result));
  assert.match(result.detail, /low battery/);
});

if (installed) test.run();
else console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
