/**
 * The last hop before the autopilot. Every command passes the token once more at the moment it is sent: its writer must hold it, under the epoch
 * it was made in. Commands go one after the other; hold, return, land and cut overtake and clear what waits.
 */
import type { MissionPath, PathPoint } from "#core/handoff/flight.ts";
import type { DroneAction } from "#core/handoff/step.ts";
import { type Authority, mayWrite } from "#core/handoff/token.ts";
import type { CommandResult, GeoPoint, MissionItem, Vehicle } from "../../vehicle-port.ts";

export interface LastHopOptions {
  vehicle: Vehicle;
  authority: () => Authority;
  /** Monotonic milliseconds. */
  nowMs: () => number;
  /** A command was done, or not. Those that the token stopped are not told: nobody waits for them any more. */
  onDone: (action: DroneAction, result: { ok: boolean; why: string }) => void;
}

/** A command that waited longer than this answers a picture that is gone. The model checker counts on it. */
const staleMs = 3000;
const mostWaiting = 16;
const overtakes = new Set<DroneAction["do"]>(["hold", "return", "land", "cutMotors"]);

export class LastHop {
  readonly counters = { sent: 0, fenced: 0, stale: 0, cleared: 0, failed: 0 };
  readonly #options: LastHopOptions;
  #waiting: { action: DroneAction; sinceMs: number }[] = [];
  #busy = false;

  constructor(options: LastHopOptions) {
    this.#options = options;
  }

  send(action: DroneAction): void {
    if (overtakes.has(action.do)) {
      this.counters.cleared += this.#waiting.length;
      this.#waiting = [];
      void this.#perform(action);
      return;
    }
    if (this.#waiting.length >= mostWaiting) {
      this.counters.cleared++;
      this.#waiting.shift();
    }
    this.#waiting.push({ action, sinceMs: this.#options.nowMs() });
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        if (this.#options.nowMs() - next.sinceMs > staleMs) this.counters.stale++;
        else await this.#perform(next.action);
      }
    } finally {
      this.#busy = false;
    }
  }

  #may(action: DroneAction): boolean {
    if (mayWrite(this.#options.authority(), action.writer, action.epoch)) return true;
    this.counters.fenced++;
    return false;
  }

  async #perform(action: DroneAction): Promise<void> {
    if (!this.#may(action)) return;
    this.counters.sent++;
    const result = await this.#command(action).catch((error: unknown) => ({
      ok: false as const,
      why: "failed",
      detail: String(error),
    }));
    if (!result.ok) this.counters.failed++;
    this.#options.onDone(action, { ok: result.ok, why: result.ok ? "" : `${result.why}: ${result.detail}` });
  }

  async #command(action: DroneAction): Promise<CommandResult> {
    const { vehicle } = this.#options;
    switch (action.do) {
      case "arm":
        return vehicle.arm();
      case "disarm":
        return vehicle.disarm();
      case "takeOff":
        return vehicle.takeOff(action.heightM);
      case "hold":
        return vehicle.hold();
      case "return":
        return vehicle.returnToLaunch();
      case "land":
        return vehicle.land();
      case "cutMotors":
        return vehicle.cutMotors();
      case "startMission":
        return vehicle.startMission();
      case "follow": {
        const uploaded = await uploadPath(vehicle, action.path, homeAltM(vehicle));
        if (!uploaded.ok) return uploaded;
        // The upload took its time: the token may be somebody else's by now.
        return this.#may(action) ? vehicle.startMission(0) : uploaded;
      }
      case "goTo": {
        if (action.speedMps !== undefined) await vehicle.setSpeed(action.speedMps);
        return vehicle.goTo(absolute(action.to));
      }
      case "cameraLevel":
        return vehicle.pointGimbal({ pitchDeg: 0, yawDeg: 0, frame: "body" });
      case "lookAt":
        return vehicle.lookAt(absolute(action.at));
      default:
        throw new Error(`"${action.do}" is nothing to tell an autopilot`);
    }
  }
}

function absolute({ lat, lon, altM }: PathPoint): GeoPoint & { absAltM: number } {
  return { lat, lon, absAltM: altM };
}

/** Altitude of the point that the autopilot counts its relative heights from. */
export function homeAltM(vehicle: Vehicle): number {
  const { home, position } = vehicle.state;
  if (position) return position.absAltM - position.relAltM;
  return home?.absAltM ?? Number.NaN;
}

/** Takes a path over to the autopilot; it comes home after it. */
export function uploadPath(vehicle: Vehicle, { points, again }: MissionPath, fromAltM: number): Promise<CommandResult> {
  return vehicle.uploadMission(missionItems(points, fromAltM), { thenReturn: true, ...(again && { again }) });
}

function missionItems(points: readonly PathPoint[], fromAltM: number): MissionItem[] {
  return points.map(({ lat, lon, altM, speedMps, stayS }) => ({
    lat,
    lon,
    relAltM: altM - fromAltM,
    acceptanceM: 4,
    ...(stayS === undefined ? { flyThrough: true } : { flyThrough: false, loiterS: stayS }),
    ...(speedMps !== undefined && { speedMS: speedMps }),
  }));
}
