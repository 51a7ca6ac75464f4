/** COMMAND_LONG and COMMAND_INT: what each does, and its COMMAND_ACK. https://mavlink.io/en/services/command.html */
import { common } from "node-mavlink";
import type { Autopilot, Refusal } from "./autopilot.ts";
import { modeOf, modeOfCopter } from "./modes.ts";
import { cameraComponent, gimbalComponent, type Payload } from "./payload.ts";
import { toLocal } from "./place.ts";
import type { Received } from "./wire.ts";

export const result = { accepted: 0, temporarily: 1, denied: 2, unsupported: 3, failed: 4 } as const;

/** Parameters 1 to 7, positions in degrees whichever message brought them. */
export interface Command {
  command: number;
  p: readonly [number, number, number, number, number, number, number];
  targetComponent: number;
  from: { systemId: number; componentId: number };
}

export function commandOf({ message, systemId, componentId }: Received): Command | undefined {
  if (!(message instanceof common.CommandLong || message instanceof common.CommandInt)) return undefined;
  const scale = message instanceof common.CommandInt ? 1e-7 : 1;
  return {
    command: message.command,
    p: [
      message._param1,
      message._param2,
      message._param3,
      message._param4,
      message._param5 * scale,
      message._param6 * scale,
      message._param7,
    ],
    targetComponent: message.targetComponent,
    from: { systemId, componentId },
  };
}

export interface Bench {
  craft: Autopilot;
  payload: Payload;
  /** PX4 refuses a mission start while it still digests the upload. */
  missionReadyAtS: number;
  /** Sends one message at once; false: this vehicle has none of that id. */
  sayNow(messageId: number, component: number): boolean;
  /** Interval in microseconds: -1 off, 0 default. */
  setInterval(messageId: number, microseconds: number): boolean;
  /** Commands that the vehicle shall not know, for tests. */
  unsupported: ReadonlySet<number>;
}

const orRefused = (refusal: Refusal) => (refusal === undefined ? result.accepted : result.temporarily);

export function obey(bench: Bench, { command, p, targetComponent, from }: Command): number {
  const { craft, payload } = bench;
  const copter = craft.stack === "ardupilot";
  if (bench.unsupported.has(command)) return result.unsupported;
  if (command === 512) return bench.sayNow(p[0], targetComponent) ? result.accepted : result.unsupported;
  if (targetComponent === cameraComponent) return camera(bench, command, p);
  if (targetComponent === gimbalComponent) return result.unsupported;
  switch (command) {
    case 400:
      return orRefused(p[0] === 1 ? craft.arm(p[1] === 21196) : craft.disarm(p[1] === 21196));
    case 176: {
      const mode = copter ? modeOfCopter(p[1]) : modeOf(p[1], p[2]);
      if (mode === undefined) return result.denied;
      // Guided while it climbs or goes is the mode that it is in.
      if (copter && mode === "hold" && (craft.mode === "takeoff" || craft.mode === "hold")) return result.accepted;
      if (mode === "mission" && craft.timeS < bench.missionReadyAtS) return result.temporarily;
      return orRefused(craft.setMode(mode));
    }
    case 22: {
      if (copter) return craft.mode === "hold" && p[6] > 0.5 ? orRefused(craft.takeOff(p[6])) : result.failed;
      const height = Number.isFinite(p[6])
        ? p[6] - craft.origin.altM - craft.estimate.u
        : craft.param("MIS_TAKEOFF_ALT");
      return height > 0.5 ? orRefused(craft.takeOff(height)) : result.denied;
    }
    case 21:
      return orRefused(craft.setMode("land"));
    case 20:
      return orRefused(craft.setMode("return"));
    case 192: {
      if (!craft.armed || craft.landed === "ground" || (copter && !["hold", "takeoff"].includes(craft.mode)))
        return result.denied;
      const here = { lat: p[4], lon: p[5] };
      if (!Number.isFinite(here.lat) || !Number.isFinite(p[6])) return result.denied;
      if (p[0] > 0) craft.speedMS = p[0];
      const yaw = Number.isFinite(p[3]) ? p[3] : undefined;
      return craft.goTo(here.lat, here.lon, p[6], yaw) === undefined ? result.accepted : result.denied;
    }
    case 34: {
      if (copter) return result.unsupported;
      if (!craft.armed || craft.landed === "ground") return result.denied;
      const centre = toLocal(craft.origin, p[4], p[5], p[6]);
      if (![p[0], p[1], centre.n, centre.e, centre.u].every(Number.isFinite)) return result.denied;
      if (!craft.insideFence(centre)) return result.denied;
      craft.circle = { centre, radiusM: Math.max(1, Math.abs(p[0])), speedMS: Math.abs(p[1]), clockwise: p[0] > 0 };
      return orRefused(craft.setMode("orbit"));
    }
    case 178:
      if (!(p[1] > 0)) return result.denied;
      craft.speedMS = p[1];
      return result.accepted;
    case 300:
      if (craft.timeS < bench.missionReadyAtS) return result.temporarily;
      if (p[0] > 0) craft.mission.jumpTo(p[0]);
      return orRefused(craft.setMode("mission"));
    case 193:
      return orRefused(craft.setMode(p[0] === 0 ? "hold" : "mission"));
    case 224:
      return craft.mission.jumpTo(p[0]) ? result.accepted : result.denied;
    case 179:
      craft.home = p[0] === 1 ? { ...craft.estimate } : toLocal(craft.origin, p[4], p[5], p[6]);
      return result.accepted;
    case 185:
      if (p[0] > 0.5) craft.disarm(true);
      return result.accepted;
    case 511:
      return bench.setInterval(p[0], p[1]) ? result.accepted : result.unsupported;
    case 246:
      return craft.armed ? result.temporarily : result.accepted;
    default:
      return gimbal(bench, command, p, from);
  }

  function gimbal(_: Bench, id: number, q: Command["p"], sender: Command["from"]): number {
    if (id === 1000) {
      payload.pointAt(q[0], q[1], (q[4] & 16) !== 0);
      return result.accepted;
    }
    if (id === 1001) {
      payload.control = q[0] === -2 ? sender : { systemId: Math.max(0, q[0]), componentId: Math.max(0, q[1]) };
      if (q[0] === -3) payload.control = { systemId: 0, componentId: 0 };
      return result.accepted;
    }
    if (id === 195) {
      payload.interest = toLocal(craft.origin, q[4], q[5], q[6]);
      return result.accepted;
    }
    if (id === 197) {
      payload.interest = undefined;
      return result.accepted;
    }
    return result.unsupported;
  }
}

function camera({ craft, payload, sayNow }: Bench, command: number, p: Command["p"]): number {
  switch (command) {
    case 530:
      payload.mode = p[1] === 0 ? 0 : 1;
      return result.accepted;
    case 531:
      if (p[0] !== 2) return result.unsupported;
      payload.zoomPercent = Math.max(0, Math.min(100, p[1]));
      return result.accepted;
    case 2000:
      payload.photo(craft, p[1], p[2]);
      sayNow(263, cameraComponent);
      return result.accepted;
    case 2001:
      payload.intervalS = 0;
      return result.accepted;
    case 2500:
      payload.recording = true;
      payload.recordingSinceS = craft.timeS;
      sayNow(262, cameraComponent);
      return result.accepted;
    case 2501:
      payload.recording = false;
      sayNow(262, cameraComponent);
      return result.accepted;
    default:
      return result.unsupported;
  }
}
