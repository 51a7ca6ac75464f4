/** SET_POSITION_TARGET_LOCAL_NED and _GLOBAL_INT: what offboard control asks for. */
import { common, type MavLinkData } from "node-mavlink";
import type { Autopilot } from "./autopilot.ts";
import { toLocal } from "./place.ts";

const ignorePosition = 7;
const ignoreVelocity = 7 << 3;
const ignoreYaw = 1 << 10;

/** True when the message was a set-point. */
export function takeSetpoint(craft: Autopilot, message: MavLinkData): boolean {
  const local = message instanceof common.SetPositionTargetLocalNed;
  if (!local && !(message instanceof common.SetPositionTargetGlobalInt)) return false;
  const mask = message.typeMask;
  const relative = message.coordinateFrame === 6 || message.coordinateFrame === 3;
  const position = local
    ? { n: message.x, e: message.y, u: -message.z }
    : toLocal(
        craft.origin,
        message.latInt / 1e7,
        message.lonInt / 1e7,
        message.alt + (relative ? craft.origin.altM + (craft.home?.u ?? 0) : 0),
      );
  craft.setpoint = {
    ...((mask & ignorePosition) === ignorePosition ? {} : { position }),
    ...((mask & ignoreVelocity) === ignoreVelocity
      ? {}
      : { velocity: { n: message.vx, e: message.vy, u: -message.vz } }),
    ...((mask & ignoreYaw) !== 0 ? {} : { yaw: message.yaw }),
    atS: craft.timeS,
  };
  return true;
}
