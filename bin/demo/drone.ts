/** The demo's drone: a pretend multirotor and dock below a real agent with the real mavsdk_server, and a pilot who takes it and gives it back. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ControlState } from "#contract/control.ts";
import type { FlightState } from "#contract/flight.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import type { City } from "#sim/city.ts";
import { type SimulatedDrone, startDrone } from "#sim/drone.ts";
import type { OpsClient } from "./ops-client.ts";

export const DRONE = "d1";
/** The vehicle lives this much faster than the clock, so that an incident is over in a minute or two. */
const speed = 4;
const laneHeightM = 60;
const reachM = 700;

export const droneThere = () => existsSync(join(import.meta.dirname, "..", "..", ".tocsin/mavsdk/mavsdk_server"));

interface Corner {
  lat: number;
  lon: number;
}

/** The city's centre is where its precinct box stands. */
function plan(city: City): { dock: Corner & { altM: number }; fence: Corner[]; yard: Corner } {
  const at = (eastM: number, northM: number) => {
    const { lat, lon } = city.plane.geodetic({ eastM, northM, upM: 0 });
    return { lat, lon };
  };
  const fence = [at(-reachM, -reachM), at(reachM, -reachM), at(reachM, reachM), at(-reachM, reachM)];
  return { dock: { ...at(0, 0), altM: 0 }, fence, yard: at(-25, 0) };
}

export function flyPretendDrone(city: City, seed: number): Promise<SimulatedDrone> {
  const { dock } = plan(city);
  return startDrone({
    home: { lat: dock.lat, lon: dock.lon, absAltM: dock.altM },
    seed,
    speed,
    // This process makes the city's sound as well.
    ownThread: true,
    doorS: 2,
    // 2C, half an hour from empty to full: what a flight took is back before the next incident but one.
    chargerW: 250,
    gnssSigmaM: 0.3,
    wind: { speedMS: Math.min(6, city.site.windMps), fromDeg: city.site.windFromDeg },
    rc: { fitted: true, present: true },
    params: {
      RTL_RETURN_ALT: laneHeightM,
      RTL_DESCEND_ALT: 10,
      MPC_LAND_SPEED: 1.5,
      COM_DL_LOSS_T: 30,
      COM_DISARM_LAND: 1,
    },
  });
}

/** `roles.fly` of the drone's agent. */
export function flyConfig(city: City, drone: SimulatedDrone): object {
  const { dock, fence, yard } = plan(city);
  return {
    vehicle: { url: `udpin://127.0.0.1:${drone.udpPort}` },
    dock: { kind: "tcp", port: drone.dock.port },
    terrain: { flat: { tallestM: 30, reachM: 2 * reachM } },
    flight: {
      dock,
      alternates: [{ name: "yard", ...yard }],
      fence: { keepIn: fence },
      performance: {
        cruiseMps: 12 * speed,
        sceneMps: 5 * speed,
        climbMps: 4 * speed,
        descentMps: 1.5 * speed,
        enduranceS: 1500 / speed,
      },
      height: { climbM: 20, clearanceM: 12, maxM: 120, trafficM: 25 },
      failsafes: {
        dataLinkLoss: { actions: ["return"], withinS: 60 },
        rcLoss: { actions: ["return"] },
        batteryLow: { actions: ["return", "warn", "hold"], atLeastFraction: 0.1 },
        batteryCritical: { actions: ["return", "land"], atLeastFraction: 0.05 },
        geofence: { actions: ["hold", "return"] },
        returnHeightM: laneHeightM,
      },
      onSceneS: 20,
    },
  };
}

/** `dispatch` of the gateway: automatic where it is nearly certain and well placed. */
export function dispatchConfig(city: City): object {
  const { fence } = plan(city);
  return {
    drones: [{ id: DRONE, laneHeightM }],
    onSceneS: 10,
    fence: { keepIn: fence },
    policy: { automatic: { minProbability: 0.8 } },
  };
}

export const dockPosition = (city: City) => plan(city).dock;

export interface DroneSummary {
  /** From the alert to the arm command, the door's travel left out: what the software took. */
  alertToArmS: number | null;
  alertToOnSceneS: number | null;
  onScene: boolean;
  handedOver: boolean;
  returned: boolean;
  landed: boolean;
  doorClosed: boolean;
}

/**
 * Follows a flight from the dock and back. On scene somebody looks (`onScene`), then the pilot takes the drone, holds it for three seconds, and gives it back.
 * Resolves when the drone is in its closed dock again, or when nothing has moved for `limitMs`.
 */
export async function followFlight(
  ops: OpsClient,
  drone: SimulatedDrone,
  incident: string,
  limitMs: number,
  onScene: () => Promise<void> = async () => {},
): Promise<void> {
  const state = () => ops.flights.get(DRONE) as FlightState | undefined;
  const control = () => ops.controls.get(DRONE) as ControlState | undefined;
  const phase = (wanted: FlightState["phase"]) =>
    ops.until(`the drone to be ${wanted}`, limitMs, () =>
      state()?.incident === incident && state()?.phase === wanted ? true : undefined,
    );
  const picture = () => ({ epoch: control()!.epoch, seenTickMs: control()!.tickMs });
  await phase("onScene");
  await onScene();
  await ops.post(`/drones/${DRONE}/takeover`, picture());
  await phase("piloted");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await ops.post(`/drones/${DRONE}/release`, picture());
  await phase("onScene");
  await ops.until("the drone to be back in its dock", limitMs, () => {
    const home = state()?.phase === "charging" || state()?.phase === "docked";
    return home && drone.vehicle.truth.heightM < 0.5 ? true : undefined;
  });
}

/** What the incident's record says of the flight. */
export function judgeFlight(
  timeline: readonly TimelineEntry[],
  alertedAt: string,
  drone: SimulatedDrone,
): DroneSummary {
  const hops = timeline.flatMap(({ kind, data }) => {
    const hop = data as { hop?: string; at?: string };
    return kind === "flight" && hop?.hop && hop.at ? [{ hop: hop.hop, atMs: Date.parse(hop.at) }] : [];
  });
  const first = (name: string) => hops.find(({ hop }) => hop === name)?.atMs;
  const [arm, arming, opening, onScene] = ["arm", "arming", "opening", "onScene"].map(first);
  const alertedMs = Date.parse(alertedAt);
  const doorMs = arming !== undefined && opening !== undefined ? arming - opening : 0;
  const last = hops.at(-1)?.hop;
  return {
    alertToArmS: arm === undefined ? null : (arm - alertedMs - doorMs) / 1000,
    alertToOnSceneS: onScene === undefined ? null : (onScene - alertedMs) / 1000,
    onScene: onScene !== undefined,
    handedOver: first("piloted") !== undefined && hops.filter(({ hop }) => hop === "onScene").length >= 2,
    returned: first("returning") !== undefined,
    landed: first("closing") !== undefined && drone.vehicle.truth.heightM < 0.5,
    doorClosed: last === "charging" || last === "docked",
  };
}
