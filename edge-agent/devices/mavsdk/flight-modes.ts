/** MAVLink HEARTBEAT.custom_mode of PX4 (px4_custom_mode.h) and ArduCopter (mode.h) -> our list of modes. */
import type { FlightMode, VehicleIdentity } from "#edge-agent/vehicle-port.ts";

const px4Main: Record<number, FlightMode> = {
  1: "manual",
  2: "altitude",
  3: "position",
  5: "acro",
  6: "offboard",
  7: "stabilized",
  8: "stabilized", // rattitude
};

const px4Auto: Record<number, FlightMode> = {
  2: "takeoff",
  3: "hold",
  4: "mission",
  5: "return",
  6: "land",
  8: "follow",
  9: "precland",
  10: "takeoff", // VTOL takeoff
};

const copter: Record<number, FlightMode> = {
  0: "stabilized",
  1: "acro",
  2: "altitude",
  3: "mission",
  4: "guided",
  5: "position", // LOITER: sticks move it
  6: "return",
  7: "orbit", // CIRCLE
  9: "land",
  11: "manual", // DRIFT
  13: "manual", // SPORT
  15: "other", // AUTOTUNE
  16: "position", // POSHOLD
  17: "hold", // BRAKE
  18: "manual", // THROW
  20: "guided", // GUIDED_NOGPS
  21: "return", // SMART_RTL
  23: "follow",
  27: "return", // AUTO_RTL
};

export function flightModeOf(autopilot: VehicleIdentity["autopilot"], customMode: number): FlightMode {
  if (autopilot === "ardupilot") return copter[customMode] ?? "other";
  const main = (customMode >>> 16) & 0xff;
  const sub = customMode >>> 24;
  if (main === 4) return px4Auto[sub] ?? "other";
  // Orbit is a sub mode of Position, which a plain reading would take for a person's hands on the sticks.
  if (main === 3 && sub === 1) return "orbit";
  return px4Main[main] ?? "other";
}

/** MAV_AUTOPILOT. */
export function autopilotOf(number: number): VehicleIdentity["autopilot"] {
  return number === 12 ? "px4" : number === 3 ? "ardupilot" : "other";
}
