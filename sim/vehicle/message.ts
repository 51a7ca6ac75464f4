/** How a message is made, what it is made from, who says it and how often. */
import type { MavLinkData } from "node-mavlink";
import type { Autopilot } from "./autopilot.ts";
import { cameraComponent, gimbalComponent, type Payload } from "./payload.ts";

/** Enumerations are numbers on the wire, also where no name fits. */
type Fields<T> = { [K in keyof T]?: T[K] extends number ? number : T[K] };

/** Fields of a new message. node-mavlink leaves a name where an enumeration's default would be: every such field is given. */
export function make<T extends MavLinkData>(type: new () => T, fields: Fields<T>): T {
  return Object.assign(new type(), fields);
}

export interface Sources {
  craft: Autopilot;
  payload: Payload;
  uid: bigint;
}

/** Which component says a message; 1, the autopilot, says the others. */
export const speakers: Record<number, number> = { 262: cameraComponent, 285: gimbalComponent };

/** Rates in hertz after start, as a companion link of PX4 has them; SET_MESSAGE_INTERVAL changes them. */
export const defaultRatesHz: Record<number, number> = {
  0: 1,
  1: 2,
  2: 1,
  24: 2,
  30: 10,
  31: 10,
  32: 10,
  33: 10,
  42: 1,
  65: 5,
  74: 4,
  147: 1,
  231: 1,
  242: 0.5,
  245: 2,
  281: 0.5,
  285: 5,
  436: 0.5,
};

/** Of roll, pitch and yaw in radians: w, x, y, z. */
export function quaternion(roll: number, pitch: number, yaw: number): [number, number, number, number] {
  const [cr, sr] = [Math.cos(roll / 2), Math.sin(roll / 2)];
  const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
  const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  return [
    cr * cp * cy + sr * sp * sy,
    sr * cp * cy - cr * sp * sy,
    cr * sp * cy + sr * cp * sy,
    cr * cp * sy - sr * sp * cy,
  ];
}
