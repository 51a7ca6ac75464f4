/** A simulated vehicle in the air on a real mavsdk_server, for the tests of this folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import * as assert from "uvu/assert";
import type { ModeChange } from "#edge-agent/vehicle-port.ts";
import { freeUdpPort } from "#sim/vehicle/free-port.ts";
import { type SimulatedVehicle, startVehicle, type VehicleOptions } from "#sim/vehicle/start-vehicle.ts";
import { until } from "../vehicle.suite.ts";
import { openMavsdkVehicle } from "./vehicle.ts";

export const folder = join(import.meta.dirname, "../../../.tocsin/mavsdk");
export const installed = existsSync(join(folder, "mavsdk_server"));
export const home = { lat: 52.1, lon: 5.1, absAltM: 12 };

export interface Flight {
  sim: SimulatedVehicle;
  vehicle: ReturnType<typeof openMavsdkVehicle>;
  changes: ModeChange[];
  /** What `mavsdk_server` listens on. */
  url: string;
}

const flights: Flight[] = [];

/** On the ground, link up. */
export async function onGround(options: Partial<VehicleOptions> = {}): Promise<Flight> {
  const port = await freeUdpPort();
  const sim = await startVehicle({ home, udpPort: port, speed: 2, ...options });
  const url = `udpin://127.0.0.1:${port}`;
  const vehicle = openMavsdkVehicle({ name: "d1", folder, url, log: pino({ level: "silent" }) });
  const flight: Flight = { sim, vehicle, changes: [], url };
  flights.push(flight);
  vehicle.onModeChange((change) => flight.changes.push(change));
  await vehicle.ready(AbortSignal.timeout(20_000));
  return flight;
}

/** Holding at 8 m. */
export async function airborne(options: Partial<VehicleOptions> = {}): Promise<Flight> {
  const flight = await onGround(options);
  const { vehicle } = flight;
  await until("armable", flight, (state) => state.health?.armable === true);
  assert.ok((await vehicle.arm()).ok);
  assert.ok((await vehicle.takeOff(8)).ok);
  await until(
    "in the air",
    flight,
    (state) => (state.mode === "hold" || state.mode === "guided") && (state.position?.relAltM ?? 0) > 6,
  );
  return flight;
}

export async function endFlights(): Promise<void> {
  for (const { vehicle, sim } of flights.splice(0)) {
    await vehicle.close();
    sim.stop();
  }
}
