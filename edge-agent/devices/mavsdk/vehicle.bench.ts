/** Times of the vehicle port with the real mavsdk_server and the simulated vehicle on this machine. One JSON object a figure. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import type { ModeChange } from "#edge-agent/vehicle-port.ts";
import { freeUdpPort } from "#sim/vehicle/free-port.ts";
import { startVehicle } from "#sim/vehicle/start-vehicle.ts";
import { openMavsdkVehicle } from "./vehicle.ts";

const folder = join(import.meta.dirname, "../../../.tocsin/mavsdk");
if (!existsSync(join(folder, "mavsdk_server"))) {
  process.stderr.write("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it\n");
  process.exit(0);
}

const port = await freeUdpPort();
const sim = await startVehicle({ home: { lat: 52.1, lon: 5.1, absAltM: 12 }, udpPort: port, seed: 2 });
const vehicle = openMavsdkVehicle({
  name: "d1",
  folder,
  url: `udpin://127.0.0.1:${port}`,
  log: pino({ level: "silent" }),
});
const changes: ModeChange[] = [];
vehicle.onModeChange((change) => changes.push(change));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const worst = (values: number[]) => Math.max(...values);
const say = (figure: string, value: number, unit: string, extra: object = {}) =>
  console.log(JSON.stringify({ bench: "vehicle", figure, value: Number(value.toFixed(3)), unit, ...extra }));

async function until(holds: () => boolean, withinS: number): Promise<void> {
  for (const endMs = performance.now() + withinS * 1000; !holds(); ) {
    if (performance.now() > endMs) throw new Error(`not within ${withinS} s: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

await vehicle.ready(AbortSignal.timeout(20_000));
await until(() => vehicle.state.health?.armable === true, 10);
const armMs = performance.now();
await vehicle.arm();
say("arm command to armed", performance.now() - armMs, "ms");
await vehicle.takeOff(6);
await until(() => vehicle.state.mode === "hold" && (vehicle.state.position?.relAltM ?? 0) > 4, 20);

const holds: number[] = [];
for (let i = 0; i < 50; i++) {
  const startMs = performance.now();
  await vehicle.hold();
  holds.push(performance.now() - startMs);
}
say("hold command acknowledged, median of 50", median(holds), "ms", { worst: Number(worst(holds).toFixed(1)) });

const noticed: number[] = [];
for (let i = 0; i < 20; i++) {
  const count = changes.length;
  await new Promise((resolve) => setTimeout(resolve, 37 * (i % 5)));
  const startMs = performance.now();
  sim.rcTakeover({ mode: "altitude" });
  await until(() => changes.length > count, 5);
  noticed.push((changes.at(-1)?.atMs ?? 0) - startMs);
  await vehicle.hold();
  await until(() => vehicle.state.mode === "hold", 5);
}
say("pilot's mode change noticed, worst of 20", worst(noticed), "ms", {
  median: Number(median(noticed).toFixed(1)),
  bound: 1000,
  // Heartbeats come every 200 ms: on average half of that passes before one can show the change.
  peer: { name: "half a heartbeat interval", value: 100 },
});

const restarts: number[] = [];
for (let i = 0; i < 5; i++) {
  const startMs = performance.now();
  process.kill(vehicle.serverPid as number, "SIGKILL");
  await until(() => vehicle.state.link === "driver", 5);
  await until(() => vehicle.state.link === "up", 20);
  restarts.push((performance.now() - startMs) / 1000);
}
say("server killed to link up again, median of 5", median(restarts), "s", {
  worst: Number(worst(restarts).toFixed(2)),
});

await vehicle.close();
sim.stop();
