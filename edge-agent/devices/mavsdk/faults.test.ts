/** The server's faults and a vehicle's refusals, with the real mavsdk_server. */
import { createSocket } from "node:dgram";
import pino from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startVehicle } from "#sim/vehicle/start-vehicle.ts";
import { until } from "../vehicle.suite.ts";
import { airborne, endFlights, folder, home, installed, onGround } from "./fixture-flight.ts";
import { openMavsdkVehicle } from "./vehicle.ts";

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

test("its address in use by another program: tries again, and has the vehicle within 8 s of its being free", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  const { port } = socket.address();
  const sim = await startVehicle({ home, udpPort: port });
  const url = `udpin://127.0.0.1:${port}`;
  const vehicle = openMavsdkVehicle({ name: "d1", folder, url, log: pino({ level: "silent" }) });
  await until("tried twice", { vehicle }, () => vehicle.driverRestarts >= 2, 8);
  assert.is(vehicle.state.link, "absent");
  socket.close();
  await vehicle.ready(AbortSignal.timeout(8000));
  await vehicle.close();
  sim.stop();
});

test("a thin link, a tenth of packets lost each way and 100 ms late: arms, takes off, takes a mission and flies it", async () => {
  const { sim, vehicle } = await onGround({ seed: 11 });
  await until("armable", { vehicle }, (state) => state.health?.armable === true);
  sim.setLink({ loss: 0.1, delayMs: 100 });
  // All of mavsdk_server's own tries may be lost, beside other work at that: whoever asks, asks once more.
  const asked = async (ask: () => Promise<{ ok: boolean }>) => {
    const first = await ask();
    const result = first.ok ? first : await ask();
    assert.ok(result.ok, JSON.stringify([first, result]));
  };
  await asked(() => vehicle.arm());
  await asked(() => vehicle.takeOff(8));
  await until("in the air", { vehicle }, (state) => state.mode === "hold" && (state.position?.relAltM ?? 0) > 6, 15);
  const items = [10, 20].map((metres) => ({ lat: home.lat + metres / 111_320, lon: home.lon, relAltM: 10 }));
  await asked(() => vehicle.uploadMission(items));
  await asked(() => vehicle.startMission());
  await until("flown", { vehicle }, (state) => state.mission?.finished === true, 20);
});

if (installed) test.run();
else console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
