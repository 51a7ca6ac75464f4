/** A process that flies: `node fixture-pilot.ts FOLDER URL LAT LON ALT`. Takes off, goes there, says so on stdout, and stays until it is killed. */
import pino from "pino";
import { openMavsdkVehicle } from "./vehicle.ts";

const [folder = "", url = "", lat, lon, altM] = process.argv.slice(2);
const vehicle = openMavsdkVehicle({ name: "d1", folder, url, log: pino({ level: "silent" }) });
await vehicle.ready(AbortSignal.timeout(20_000));
while (!vehicle.state.health?.armable) await new Promise((resolve) => setTimeout(resolve, 50));
await vehicle.arm();
await vehicle.takeOff(8);
while (vehicle.state.mode !== "hold" || (vehicle.state.position?.relAltM ?? 0) < 6)
  await new Promise((resolve) => setTimeout(resolve, 50));
await vehicle.goTo({ lat: Number(lat), lon: Number(lon), absAltM: Number(altM) });
process.stdout.write(`flying ${vehicle.serverPid}\n`);
