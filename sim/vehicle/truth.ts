/** The pretend vehicle as it truly is, whatever its receiver and its radio say. */
import type { Sources } from "./message.ts";
import type { Mode } from "./modes.ts";
import { toWgs84 } from "./place.ts";

export interface VehicleTruth {
  timeS: number;
  lat: number;
  lon: number;
  absAltM: number;
  heightM: number;
  northMS: number;
  eastMS: number;
  upMS: number;
  headingDeg: number;
  mode: Mode;
  armed: boolean;
  landed: "ground" | "takingOff" | "air" | "landing";
  batteryFraction: number;
  failsafe?: { cause: string; action: string; acting: boolean };
  mission: { current: number; total: number };
  fenceItems: number;
  gimbal: { pitchDeg: number; yawDeg: number };
  camera: { photos: number; recording: boolean; zoomPercent: number };
  /** Seconds since the ground station's last heartbeat. */
  groundSilentS: number;
  /** Times it was armed since start. */
  armings: number;
  messages: { sent: number; received: number; cut: number };
}

export function truthOf(
  { craft, payload }: Sources,
  counted: Pick<VehicleTruth, "fenceItems" | "armings" | "messages">,
): VehicleTruth {
  const at = toWgs84(craft.origin, craft.body.position);
  const { velocity } = craft.body;
  const deg = (radians: number) => (radians * 180) / Math.PI;
  return {
    timeS: craft.timeS,
    lat: at.lat,
    lon: at.lon,
    absAltM: at.altM,
    heightM: craft.body.position.u,
    northMS: velocity.n,
    eastMS: velocity.e,
    upMS: velocity.u,
    headingDeg: deg(craft.body.yaw),
    mode: craft.mode,
    armed: craft.armed,
    landed: craft.landed,
    batteryFraction: craft.battery.fraction,
    ...(craft.failsafe ? { failsafe: { ...craft.failsafe } } : {}),
    mission: { current: craft.mission.current, total: craft.mission.total },
    fenceItems: counted.fenceItems,
    gimbal: { pitchDeg: deg(payload.pitch), yawDeg: (deg(payload.yaw) + 360) % 360 },
    camera: { photos: payload.photos, recording: payload.recording, zoomPercent: payload.zoomPercent },
    groundSilentS: craft.timeS - craft.groundHeardAtS,
    armings: counted.armings,
    messages: { ...counted.messages },
  };
}
