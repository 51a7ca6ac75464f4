/** What a test can make of the fake vehicle and its world. */
import type { FlightMode, HealthState, LinkState, RefusalWhy, Traffic, Vehicle } from "#edge-agent/vehicle-port.ts";

export interface FakeVehicleOptions {
  name?: string;
  home?: { lat: number; lon: number; absAltM: number };
  /** Simulated seconds a second. Default 10. */
  speed?: number;
  params?: Readonly<Record<string, number>>;
}

export interface FakeWorld {
  pilotMode(mode: FlightMode): void;
  /** A mode change by the autopilot's own failsafe. */
  failsafe(mode: FlightMode): void;
  pilotSticks(deflection: number): void;
  setLink(link: LinkState): void;
  setBattery(fraction: number): void;
  setWind(speedMS: number): void;
  setGnss(fix: "none" | "3d"): void;
  setArmable(armable: boolean): void;
  hearTraffic(traffic: Omit<Traffic, "atMs">): void;
  /** The next command of that name is refused. */
  refuseNext(command: keyof Vehicle, why: RefusalWhy): void;
  /** Commands as they came, newest last. */
  readonly commands: readonly string[];
}

const sensors = ["gyro", "accelerometer", "magnetometer", "localPosition", "globalPosition", "homePosition", "armable"];
export const healthy = Object.fromEntries(sensors.map((name) => [name, true])) as HealthState;
export const defaultParams: Readonly<Record<string, number>> = {
  NAV_DLL_ACT: 2,
  COM_DL_LOSS_T: 5,
  NAV_RCL_ACT: 2,
  COM_LOW_BAT_ACT: 3,
  BAT_LOW_THR: 0.25,
  BAT_CRIT_THR: 0.12,
  COM_RC_OVERRIDE: 1,
  GF_ACTION: 3,
  RTL_RETURN_ALT: 40,
};
