/** Simulated cameras in a process of their own, told over the pipe what to be and what to suffer. */
import type { Building } from "../buildings.ts";
import type { CameraAccount } from "./rtsp-auth.ts";
import { RtspServer } from "./rtsp-server.ts";
import { type CameraPose, SceneRenderer } from "./scene.ts";
import { type SimCamera, startSimCamera } from "./sim-camera.ts";

/** Somebody who walks to and fro over a straight line. */
export interface Walker {
  from: readonly [number, number];
  to: readonly [number, number];
  speedMps: number;
}

export interface CameraPlace {
  name: string;
  pose: CameraPose;
  lines?: readonly string[];
  widthPx?: number;
  heightPx?: number;
  framesPerS?: number;
  bitrateBps?: number;
  grain?: number;
  keyframeS?: number;
  subBitrateBps?: number;
  codec?: "h264" | "hevc";
  soundFile?: string;
  gstreamer?: boolean;
}

export type ToCameras =
  | {
      type: "start";
      port: number;
      account?: CameraAccount;
      buildings: readonly Building[];
      walkers: readonly Walker[];
      cameras: readonly CameraPlace[];
    }
  /** A vehicle has moved. */
  | { type: "pose"; camera: string; pose: CameraPose; lines: readonly string[] }
  | { type: "unplug" | "plug" | "freeze" | "thaw"; camera: string }
  | { type: "figures" };

export type FromCameras =
  | { type: "ready"; urls: Record<string, { url: string; subUrl?: string }> }
  | { type: "fault"; text: string }
  | { type: "figures"; server: Record<string, number>; cameras: Record<string, { painted: number; skipped: number }> };

let server: RtspServer | undefined;
const cameras: SimCamera[] = [];
const poses = new Map<string, { pose: CameraPose; lines: readonly string[] }>();

const say = (message: FromCameras) => {
  if (process.connected) process.send?.(message);
};

async function start(order: Extract<ToCameras, { type: "start" }>): Promise<void> {
  server = new RtspServer({ account: order.account });
  await server.listen(order.port);
  const scene = new SceneRenderer(order.buildings);
  const actors = (utcMs: number) => order.walkers.map((walker) => walkerAt(walker, utcMs / 1000));
  for (const { pose, lines, ...options } of order.cameras) {
    poses.set(options.name, { pose, lines: lines ?? [options.name] });
    cameras.push(
      startSimCamera({
        ...options,
        server,
        scene,
        actors,
        pose: () => poses.get(options.name)!.pose,
        lines: () => poses.get(options.name)!.lines,
      }),
    );
  }
  await Promise.all(cameras.map((camera) => camera.ready()));
  const urls = cameras.map(
    ({ name, url, subUrl }) => [name, { url, ...(subUrl !== undefined && { subUrl }) }] as const,
  );
  say({ type: "ready", urls: Object.fromEntries(urls) });
}

function walkerAt({ from, to, speedMps }: Walker, s: number) {
  const lengthM = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const phase = ((s * speedMps) / Math.max(lengthM, 0.1)) % 2;
  const share = phase < 1 ? phase : 2 - phase;
  return {
    eastM: from[0] + share * (to[0] - from[0]),
    northM: from[1] + share * (to[1] - from[1]),
    widthM: 0.6,
    heightM: 1.75,
    yuv: [170, 110, 160] as const,
  };
}

async function stop(): Promise<void> {
  await Promise.all(cameras.map((camera) => camera.close()));
  await server?.close();
  process.exit(0);
}

process.on("message", (message: ToCameras) => {
  switch (message.type) {
    case "start":
      start(message).catch((error: Error) => say({ type: "fault", text: error.message }));
      break;
    case "pose":
      poses.set(message.camera, { pose: message.pose, lines: message.lines });
      break;
    case "figures":
      say({
        type: "figures",
        server: { ...server?.counters },
        cameras: Object.fromEntries(cameras.map(({ name, counters }) => [name, counters])),
      });
      break;
    default:
      server?.[message.type](message.camera);
  }
});
process.on("disconnect", () => void stop());
process.on("SIGTERM", () => void stop());
process.on("SIGINT", () => undefined);
