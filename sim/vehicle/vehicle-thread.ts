/** A pretend vehicle in a thread of its own, held as one in this thread is; its truth is at most some 20 ms old. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SimulatedVehicle, VehicleOptions } from "./start-vehicle.ts";
import type { VehicleTruth } from "./truth.ts";

/** What may be told it from outside its thread. */
type Told = Exclude<keyof SimulatedVehicle, "truth" | "getParam" | "stop">;

export interface VehicleOrder {
  what: Told;
  args: unknown[];
}

export type DistantVehicle = Omit<SimulatedVehicle, "getParam">;

/** Resolves when the vehicle is on the air. An order that it cannot follow ends the thread with an error. */
export async function startVehicleThread(options: VehicleOptions): Promise<DistantVehicle> {
  const worker = new Worker(new URL("./vehicle-worker.ts", import.meta.url), { workerData: options });
  let [truth] = (await once(worker, "message")) as [VehicleTruth];
  worker.on("message", (newest: VehicleTruth) => {
    truth = newest;
  });
  const tell =
    <W extends Told>(what: W) =>
    (...args: Parameters<SimulatedVehicle[W]>) =>
      worker.postMessage({ what, args } satisfies VehicleOrder);
  return {
    get truth() {
      return truth;
    },
    linkDown: tell("linkDown"),
    linkUp: tell("linkUp"),
    setLink: tell("setLink"),
    setBattery: tell("setBattery"),
    setCharger: tell("setCharger"),
    loseGnss: tell("loseGnss"),
    restoreGnss: tell("restoreGnss"),
    setWind: tell("setWind"),
    setParam: tell("setParam"),
    setSensor: tell("setSensor"),
    rcTakeover: tell("rcTakeover"),
    releaseSticks: tell("releaseSticks"),
    setRc: tell("setRc"),
    hearTraffic: tell("hearTraffic"),
    setSpeed: tell("setSpeed"),
    stop: () => void worker.terminate(),
  };
}
