/** A pretend drone in its pretend dock: the vehicle speaks MAVLink to `udpPort`, the dock listens at `dock.port` and feels the vehicle on its pad. */
import { createSocket } from "node:dgram";
import { SimulatedDock } from "./dock.ts";
import { startVehicle, type VehicleOptions } from "./vehicle/start-vehicle.ts";
import { type DistantVehicle, startVehicleThread } from "./vehicle/vehicle-thread.ts";

export interface SimulatedDrone {
  vehicle: DistantVehicle;
  dock: SimulatedDock;
  /** For the agent: `roles.fly.vehicle.url: udpin://127.0.0.1:<udpPort>`. */
  udpPort: number;
  close(): Promise<void>;
}

export interface DroneOptions extends Omit<VehicleOptions, "udpPort"> {
  /** A free one where it is not given. */
  udpPort?: number;
  dockPort?: number;
  /** Seconds that the door takes. */
  doorS?: number;
  /** What the dock's charger gives a vehicle on its pad; 0 where it is not given: the battery only sinks. */
  chargerW?: number;
  /** The vehicle in a thread of its own: where this process has much else to do. */
  ownThread?: boolean;
}

/** Metres from its middle within which a drone stands on the pad. */
const padM = 2.5;
const metresPerDegree = 111_195;

export async function startDrone({
  dockPort,
  doorS,
  chargerW = 0,
  ownThread,
  ...options
}: DroneOptions): Promise<SimulatedDrone> {
  const udpPort = options.udpPort ?? (await freeUdpPort());
  const vehicle = await (ownThread ? startVehicleThread : startVehicle)({ ...options, udpPort });
  const { home } = options;
  const onPad = () => {
    const { lat, lon, heightM } = vehicle.truth;
    const northM = (lat - home.lat) * metresPerDegree;
    const eastM = (lon - home.lon) * metresPerDegree * Math.cos((home.lat * Math.PI) / 180);
    return heightM < 0.3 && Math.hypot(eastM, northM) < padM;
  };
  const dock = new SimulatedDock({
    onPad,
    ...(dockPort !== undefined && { port: dockPort }),
    ...(doorS !== undefined && { doorS }),
  });
  await dock.listen();
  let givenW = 0;
  const charging = setInterval(() => {
    const watts = dock.charging ? chargerW : 0;
    if (watts !== givenW) vehicle.setCharger((givenW = watts));
  }, 200);
  return {
    vehicle,
    dock,
    udpPort,
    async close() {
      clearInterval(charging);
      vehicle.stop();
      await dock.close();
    },
  };
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
