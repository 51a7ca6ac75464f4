/**
 * Starts simulated cameras in a process of their own: a lamppost's, a drone's, a robot's. Each is found as a real RTSP stream.
 *
 *     const cameras = await startCameras({ buildings: city.buildings.all, cameras: [{ name: "front", pose }] });
 *     cameras.urls.front.url                         // for the camera in a node's configuration
 *     cameras.move("front", pose, ["ROBOT-1 0.4 M/S"])  // as often as the vehicle moves
 */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { Building } from "../buildings.ts";
import type { CameraPlace, FromCameras, ToCameras, Walker } from "./main.ts";
import type { CameraAccount } from "./rtsp-auth.ts";
import type { CameraPose } from "./scene.ts";

export interface CamerasOptions {
  cameras: readonly CameraPlace[];
  buildings?: readonly Building[];
  walkers?: readonly Walker[];
  account?: CameraAccount;
  /** Default: a free one. */
  port?: number;
}

export interface StartedCameras {
  readonly urls: Readonly<Record<string, { url: string; subUrl?: string }>>;
  move(camera: string, pose: CameraPose, lines: readonly string[]): void;
  unplug(camera: string): void;
  plug(camera: string): void;
  freeze(camera: string): void;
  thaw(camera: string): void;
  figures(): Promise<Extract<FromCameras, { type: "figures" }>>;
  close(): Promise<void>;
}

export async function startCameras(options: CamerasOptions): Promise<StartedCameras> {
  const { cameras, buildings = [], walkers = [], account, port = 0 } = options;
  const child = fork(join(import.meta.dirname, "main.ts"), [], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const say = (message: ToCameras) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const heard = <T extends FromCameras["type"]>(type: T) =>
    new Promise<Extract<FromCameras, { type: T }>>((resolve, reject) => {
      const listener = (message: FromCameras) => {
        if (message.type !== type && message.type !== "fault") return;
        child.off("message", listener);
        if (message.type === "fault") reject(new Error(message.text));
        else resolve(message as Extract<FromCameras, { type: T }>);
      };
      child.on("message", listener);
      void exited.then(() => reject(new Error("the simulated cameras ended")));
    });
  const ready = heard("ready");
  say({ type: "start", port, ...(account && { account }), buildings, walkers, cameras });
  const { urls } = await ready.catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    urls,
    move: (camera, pose, lines) => say({ type: "pose", camera, pose, lines }),
    unplug: (camera) => say({ type: "unplug", camera }),
    plug: (camera) => say({ type: "plug", camera }),
    freeze: (camera) => say({ type: "freeze", camera }),
    thaw: (camera) => say({ type: "thaw", camera }),
    figures: () => {
      const figures = heard("figures");
      say({ type: "figures" });
      return figures;
    },
    async close() {
      child.kill("SIGTERM");
      const hurry = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(hurry);
    },
  };
}
