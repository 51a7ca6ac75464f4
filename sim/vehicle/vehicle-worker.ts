/** The pretend vehicle in a thread of its own, as an autopilot is a computer of its own: whoever shares the process does not make it late. */
import { parentPort, workerData } from "node:worker_threads";
import { startVehicle, type VehicleOptions } from "./start-vehicle.ts";
import type { VehicleOrder } from "./vehicle-thread.ts";

/** Between two words of its truth. */
const tellMs = 20;

const port = parentPort!;
const vehicle = await startVehicle(workerData as VehicleOptions);
port.on("message", ({ what, args }: VehicleOrder) => {
  (vehicle[what] as (...given: unknown[]) => void)(...args);
  port.postMessage(vehicle.truth);
});
setInterval(() => port.postMessage(vehicle.truth), tellMs);
port.postMessage(vehicle.truth);
