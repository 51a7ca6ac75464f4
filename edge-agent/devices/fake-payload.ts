/** Gimbal and camera of the fake vehicle: they are where they are told to be. */
import type { CommandResult, GeoPoint, Refused, Vehicle, VehicleState } from "#edge-agent/vehicle-port.ts";

type Payload = Pick<Vehicle, "pointGimbal" | "lookAt" | "takePhoto" | "startVideo" | "stopVideo" | "zoom">;
type Run = (name: keyof Payload, act: () => CommandResult) => Promise<CommandResult>;

export function fakePayload(
  part: Pick<VehicleState, "gimbal" | "camera">,
  run: Run,
  directionTo: (to: GeoPoint & { absAltM: number }) => { n: number; e: number; u: number },
): Payload {
  const yes = { ok: true } as const;
  const no = (why: Refused["why"], detail: string): Refused => ({ ok: false, why, detail });
  const filmed = (camera: Partial<NonNullable<VehicleState["camera"]>>): CommandResult => {
    part.camera = { ...{ recording: false, photos: 0 }, ...part.camera, ...camera };
    return yes;
  };
  return {
    pointGimbal: (aim) =>
      run("pointGimbal", () => {
        if (!(aim.pitchDeg >= -90 && aim.pitchDeg <= 45)) return no("input", "pitch must be -90 to 45");
        part.gimbal = { pitchDeg: aim.pitchDeg, yawDeg: (aim.yawDeg + 360) % 360 };
        return yes;
      }),
    lookAt: (to) =>
      run("lookAt", () => {
        const d = directionTo(to);
        const pitchDeg = (Math.atan2(d.u, Math.hypot(d.n, d.e)) * 180) / Math.PI;
        part.gimbal = { pitchDeg, yawDeg: ((Math.atan2(d.e, d.n) * 180) / Math.PI + 360) % 360 };
        return yes;
      }),
    takePhoto: () => run("takePhoto", () => filmed({ photos: (part.camera?.photos ?? 0) + 1 })),
    startVideo: () => run("startVideo", () => filmed({ recording: true })),
    stopVideo: () => run("stopVideo", () => filmed({ recording: false })),
    zoom: (percent) => run("zoom", () => (percent >= 0 && percent <= 100 ? yes : no("input", "0 to 100"))),
  };
}
