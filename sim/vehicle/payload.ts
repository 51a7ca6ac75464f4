/**
 * What hangs under the vehicle: a gimbal device (component 154) behind the autopilot's gimbal manager, and a camera (component 100).
 * https://mavlink.io/en/services/gimbal_v2.html  https://mavlink.io/en/services/camera.html
 */
import type { Autopilot } from "./autopilot.ts";
import { type Vector, wrap } from "./body.ts";

export const gimbalComponent = 154;
export const cameraComponent = 100;

const slewRadS = 1.2;
const pitchMin = -Math.PI / 2;
const pitchMax = 0.6;

export class Payload {
  /** Radians. `yaw` is from north; pitch below the horizon is negative. */
  pitch = 0;
  yaw = 0;
  aim: { pitch: number; yaw: number; lock: boolean } = { pitch: 0, yaw: 0, lock: false };
  interest: Vector | undefined;
  photos = 0;
  recording = false;
  recordingSinceS = 0;
  mode: 0 | 1 = 1;
  zoomPercent = 0;
  intervalS = 0;
  #photoDueS = Infinity;
  /** Who controls the gimbal, by the manager's protocol. */
  control = { systemId: 0, componentId: 0 };

  pointAt(pitchDeg: number, yawDeg: number, lock: boolean): void {
    this.interest = undefined;
    const pitch = (pitchDeg * Math.PI) / 180;
    this.aim = { pitch: Math.max(pitchMin, Math.min(pitchMax, pitch)), yaw: (yawDeg * Math.PI) / 180, lock };
  }

  photo(craft: Autopilot, intervalS: number, count: number): void {
    this.photos++;
    this.intervalS = count === 1 ? 0 : intervalS;
    this.#photoDueS = this.intervalS > 0 ? craft.timeS + intervalS : Infinity;
  }

  step(craft: Autopilot, dt: number, onPhoto: () => void): void {
    let { pitch, yaw } = this.aim;
    if (this.interest) {
      const from = craft.body.position;
      const n = this.interest.n - from.n;
      const e = this.interest.e - from.e;
      pitch = Math.max(pitchMin, Math.min(pitchMax, Math.atan2(this.interest.u - from.u, Math.hypot(n, e))));
      yaw = Math.atan2(e, n);
    } else if (!this.aim.lock) yaw += craft.body.yaw;
    const step = slewRadS * dt;
    this.pitch += Math.max(-step, Math.min(step, pitch - this.pitch));
    // A gimbal that follows the nose turns with it; the slew is the motor's own.
    this.yaw = wrap(this.yaw + Math.max(-step, Math.min(step, wrap(yaw - this.yaw))));
    if (craft.timeS >= this.#photoDueS) {
      this.photos++;
      this.#photoDueS = craft.timeS + this.intervalS;
      onPhoto();
    }
  }
}
