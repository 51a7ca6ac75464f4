/** The configuration of a rig's agent: a drone at `dockAt` over flat ground, as lively as its vehicle is sped up. */
import { movedBy } from "#core/handoff/local.ts";
import type { RigOptions } from "./testing.ts";

export const dockAt = { lat: 40.6635, lon: -73.91, altM: 12 };
export const site = "flats";
export const node = "d1";

export function rigConfig(
  { speed = 5, flight, gateway }: RigOptions,
  at: { brokerPort: number; udpPort: number; dockPort: number; dataDir: string },
) {
  const corner = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });
  return {
    site: gateway?.site ?? site,
    node: gateway?.node ?? node,
    position: dockAt,
    broker: { url: `mqtt://127.0.0.1:${at.brokerPort}`, secret: gateway?.secret ?? "unused", keepaliveS: 1 },
    dataDir: at.dataDir,
    clock: { source: "system" },
    logLevel: "info",
    roles: {
      fly: {
        vehicle: { url: `udpin://127.0.0.1:${at.udpPort}` },
        dock: { kind: "tcp", port: at.dockPort },
        terrain: { flat: { tallestM: 5, reachM: 2000 } },
        flight: {
          dock: dockAt,
          alternates: [{ name: "yard", ...corner(-25, 0) }],
          fence: { keepIn: [corner(-300, -300), corner(300, -300), corner(300, 300), corner(-300, 300)] },
          // The machine's clock is the wall's: a vehicle that lives faster flies faster.
          performance: {
            cruiseMps: 8 * speed,
            sceneMps: 5 * speed,
            climbMps: 4 * speed,
            descentMps: 1.5 * speed,
            enduranceS: 1500 / speed,
          },
          height: { climbM: 10, clearanceM: 8, maxM: 120, trafficM: 12 },
          failsafes: {
            dataLinkLoss: { actions: ["return"], withinS: 30 },
            rcLoss: { actions: ["return"] },
            batteryLow: { actions: ["warn", "return"], atLeastFraction: 0.2 },
            batteryCritical: { actions: ["return", "land"], atLeastFraction: 0.07 },
            geofence: { actions: ["return"] },
            returnHeightM: 20,
          },
          onSceneS: 8,
          ...flight,
        },
      },
    },
  };
}
