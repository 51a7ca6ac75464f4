/** The real mavsdk_server, flown against the simulated vehicle over UDP. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { freeUdpPort } from "#sim/vehicle/free-port.ts";
import { startVehicle } from "#sim/vehicle/start-vehicle.ts";
import { vehicleBehaves } from "../vehicle.suite.ts";
import { openMavsdkVehicle } from "./vehicle.ts";

const folder = join(import.meta.dirname, "../../../.tocsin/mavsdk");
const home = { lat: 52.1, lon: 5.1, absAltM: 12 };

if (!existsSync(join(folder, "mavsdk_server"))) {
  console.log("skipped: no mavsdk_server here; node bin/mavsdk-setup.mjs fetches it");
} else {
  vehicleBehaves("mavsdk_server", async () => {
    const port = await freeUdpPort();
    // Three times real time: the failsafe times of the vehicle run as fast, its ground station's heartbeats do not.
    const sim = await startVehicle({ home, udpPort: port, speed: 3, seed: 5, params: { COM_DL_LOSS_T: 120 } });
    const vehicle = openMavsdkVehicle({
      name: "d1",
      folder,
      url: `udpin://127.0.0.1:${port}`,
      log: pino({ level: "silent" }),
    });
    return {
      vehicle,
      home,
      pilotMode: (mode) => sim.rcTakeover({ mode }),
      pilotSticks: () => sim.rcTakeover({ sticks: { roll: 0.2 } }),
      linkDown: () => sim.linkDown(),
      linkUp: () => sim.linkUp(),
      hearTraffic: (traffic) => sim.hearTraffic(traffic),
      truth: () => sim.truth,
      async stop() {
        await vehicle.close();
        sim.stop();
      },
    };
  }).run();
}
