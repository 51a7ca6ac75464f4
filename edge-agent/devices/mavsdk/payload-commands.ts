/** Gimbal and camera. A vehicle that has none says so at once, without a message sent. */
import type { CommandResult, GeoPoint } from "#edge-agent/vehicle-port.ts";
import type { Calls, PluginResult } from "./api.ts";
import type { Context } from "./context.ts";
import { refused, resultOf } from "./refusals.ts";
import type { Rpc } from "./rpc.ts";

type CameraCall = "camera.TakePhoto" | "camera.StartVideo" | "camera.StopVideo";

export class PayloadCommands {
  readonly #context: Context;
  /** The connection on which the gimbal was taken: another server has to take it again. */
  #takenOn: Rpc | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  async point(aim: { pitchDeg: number; yawDeg: number; frame?: "body" | "north" }): Promise<CommandResult> {
    if (!(aim.pitchDeg >= -90 && aim.pitchDeg <= 45))
      return refused("input", `pitch ${aim.pitchDeg} must be -90 to 45 degrees`);
    if (!(Math.abs(aim.yawDeg) <= 360)) return refused("input", `yaw ${aim.yawDeg} must be -360 to 360 degrees`);
    const yaw = ((((aim.yawDeg + 180) % 360) + 360) % 360) - 180;
    return this.#gimbal("pointGimbal", (rpc, gimbal_id) =>
      rpc.call("gimbal.SetAngles", {
        gimbal_id,
        roll_deg: 0,
        pitch_deg: aim.pitchDeg,
        yaw_deg: yaw,
        gimbal_mode: aim.frame === "north" ? "GIMBAL_MODE_YAW_LOCK" : "GIMBAL_MODE_YAW_FOLLOW",
        send_mode: "SEND_MODE_ONCE",
      }),
    );
  }

  async lookAt(target: GeoPoint & { absAltM: number }): Promise<CommandResult> {
    return this.#gimbal("lookAt", (rpc, gimbal_id) =>
      rpc.call("gimbal.SetRoiLocation", {
        gimbal_id,
        latitude_deg: target.lat,
        longitude_deg: target.lon,
        altitude_m: target.absAltM,
      }),
    );
  }

  async #gimbal(
    name: string,
    act: (rpc: Rpc, id: number) => Promise<{ gimbal_result: PluginResult }>,
  ): Promise<CommandResult> {
    return this.#context.run(name, async (rpc) => {
      const id = this.#context.payloads.gimbalId;
      if (id === undefined) return refused("unsupported", "the vehicle has no gimbal");
      if (this.#takenOn !== rpc) {
        const request = { gimbal_id: id, control_mode: "CONTROL_MODE_PRIMARY" };
        const taken = resultOf((await rpc.call("gimbal.TakeControl", request)).gimbal_result);
        if (!taken.ok && taken.why !== "unsupported") return taken;
        this.#takenOn = rpc;
      }
      return resultOf((await act(rpc, id)).gimbal_result);
    });
  }

  async takePhoto(): Promise<CommandResult> {
    const result = await this.#camera("takePhoto", "camera.TakePhoto");
    const { camera } = this.#context.store.draft;
    if (result.ok && camera) this.#context.store.set({ camera: { ...camera, photos: camera.photos + 1 } });
    return result;
  }

  async startVideo(): Promise<CommandResult> {
    return this.#recording(await this.#camera("startVideo", "camera.StartVideo"), true);
  }

  async stopVideo(): Promise<CommandResult> {
    return this.#recording(await this.#camera("stopVideo", "camera.StopVideo"), false);
  }

  #recording(result: CommandResult, recording: boolean): CommandResult {
    const { camera } = this.#context.store.draft;
    if (result.ok && camera) this.#context.store.set({ camera: { ...camera, recording } });
    return result;
  }

  async zoom(percent: number): Promise<CommandResult> {
    if (!(percent >= 0 && percent <= 100)) return refused("input", `zoom ${percent} must be 0 to 100`);
    return this.#context.run("zoom", async (rpc) => {
      const component_id = this.#context.payloads.cameraId;
      if (component_id === undefined) return refused("unsupported", "the vehicle has no camera");
      return resultOf((await rpc.call("camera.ZoomRange", { component_id, range: percent })).camera_result);
    });
  }

  async #camera(name: string, call: CameraCall): Promise<CommandResult> {
    return this.#context.run(name, async (rpc) => {
      const component_id = this.#context.payloads.cameraId;
      if (component_id === undefined) return refused("unsupported", "the vehicle has no camera");
      const request: Calls[CameraCall][0] = { component_id };
      return resultOf((await rpc.call(call, request)).camera_result);
    });
  }
}
