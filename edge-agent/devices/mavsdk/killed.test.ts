/** The process that flies is killed in flight: nobody must go on answering for it, and another one picks the flight up. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freeUdpPort } from "#sim/vehicle/free-port.ts";
import { startVehicle } from "#sim/vehicle/start-vehicle.ts";
import { until } from "../vehicle.suite.ts";
import { folder, home, installed } from "./fixture-flight.ts";
import { openMavsdkVehicle } from "./vehicle.ts";

const test = suite("mavsdk: our process killed in flight");

async function flyAndKill() {
  const port = await freeUdpPort();
  const url = `udpin://127.0.0.1:${port}`;
  const sim = await startVehicle({ home, udpPort: port, speed: 2, params: { COM_DL_LOSS_T: 8 } });
  const place = [home.lat + 100 / 111_320, home.lon, home.absAltM + 20].map(String);
  const child = spawn(
    process.execPath,
    ["--import", "tsx", join(import.meta.dirname, "fixture-pilot.ts"), folder, url, ...place],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const serverPid = Number(/flying (\d+)/.exec(line.toString())?.[1]);
  assert.ok(serverPid > 0, line.toString());
  child.kill("SIGKILL");
  await once(child, "exit");
  return { sim, url, serverPid };
}

/** A dead process that its new parent has not yet collected (state Z) does not run. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
  } catch {
    return false;
  }
}

async function soon(what: string, holds: () => boolean, withinS: number) {
  for (const endMs = performance.now() + withinS * 1000; !holds(); ) {
    if (performance.now() > endMs) assert.unreachable(`${what}: not within ${withinS} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("for good: its mavsdk_server dies with it, and the vehicle comes home by its data-link failsafe", async () => {
  const { sim, serverPid } = await flyAndKill();
  await soon("server gone", () => !runs(serverPid), 2);
  await soon("coming home", () => sim.truth.mode === "return", 15);
  assert.is(sim.truth.failsafe?.cause, "data link lost");
  sim.stop();
});

test("and started again within the vehicle's patience: it finds the same flight, armed, in the air, armed once", async () => {
  const { sim, url } = await flyAndKill();
  const vehicle = openMavsdkVehicle({ name: "d1", folder, url, log: pino({ level: "silent" }) });
  await vehicle.ready(AbortSignal.timeout(10_000));
  await until("known", { vehicle }, (state) => state.inAir === true && state.armed === true, 3);
  assert.is(vehicle.state.mode, "hold");
  assert.ok((await vehicle.land()).ok);
  await until("landing", { vehicle }, (state) => state.mode === "land", 3);
  assert.is(sim.truth.armings, 1);
  await vehicle.close();
  sim.stop();
});

if (installed) test.run();
else console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
