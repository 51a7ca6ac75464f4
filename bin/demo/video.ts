/** The demo's cameras: a lamppost's, the drone's and the robot's, rendered from the city; and an operator who looks. */
import { spawnSync } from "node:child_process";
import type { IncidentVideo, StreamView } from "#contract/video.ts";
import { type StartedCameras, startCameras } from "#sim/camera/start-cameras.ts";
import type { City } from "#sim/city.ts";
import type { SimulatedDrone } from "#sim/drone.ts";
import { DRONE } from "./drone.ts";
import type { OpsClient } from "./ops-client.ts";
import { type PatrolWorld, ROBOT } from "./robot.ts";
import { firstFrame } from "./viewer.ts";

const LAMP_CAMERA = "front";
const DRONE_CAMERA = "gimbal";
const ROBOT_CAMERA = "mast";
const MOVES_EVERY_MS = 100;
/** Small and slow enough for two cores that also hear, fly and serve; a real camera encodes by itself. */
const picture = { widthPx: 480, heightPx: 270, framesPerS: 15, bitrateBps: 600_000, keyframeS: 1 };

export const ffmpegThere = () => spawnSync("ffmpeg", ["-version"]).status === 0;

export interface DemoVideo {
  /** Lamppost with a camera. */
  readonly lamp: string;
  /** `roles.stream` of a node; undefined where it has no camera. */
  roleOf(node: string, gatewayUrl: string): object | undefined;
  /** From now on the robot's camera goes where the robot goes. */
  ride(patrol: PatrolWorld): void;
  close(): Promise<void>;
}

/** `video` of the gateway: every camera of the demo is near enough to every incident. */
export const videoConfig: object = { incidents: { radiusM: 1500, forS: 120, preRollS: 5 } };

export async function filmCity(city: City, drone: SimulatedDrone | undefined, robot: boolean): Promise<DemoVideo> {
  const lamp = city.site.nodes
    .map((node) => ({ node, ...city.plane.enu(node) }))
    .sort((a, b) => Math.hypot(a.eastM, a.northM) - Math.hypot(b.eastM, b.northM))[0]!;
  const cameras: StartedCameras = await startCameras({
    buildings: city.buildings.all,
    cameras: [
      {
        name: LAMP_CAMERA,
        pose: { eastM: lamp.eastM, northM: lamp.northM, upM: 6, yawDeg: 60, pitchDeg: -12, fovDeg: 80 },
        lines: [lamp.node.id.toUpperCase()],
        ...picture,
      },
      ...(drone ? [{ name: DRONE_CAMERA, ...droneView(city, drone), ...picture }] : []),
      ...(robot ? [{ name: ROBOT_CAMERA, ...robotView(undefined), ...picture }] : []),
    ],
  });
  let patrol: PatrolWorld | undefined;
  const timer = setInterval(() => {
    if (patrol) {
      const { pose, lines } = robotView(patrol);
      cameras.move(ROBOT_CAMERA, pose, lines);
    }
    if (!drone) return;
    const { pose, lines } = droneView(city, drone);
    cameras.move(DRONE_CAMERA, pose, lines);
  }, MOVES_EVERY_MS);
  const roleOf = (name: string, label: string, gatewayUrl: string, preRollS: number) => ({
    gatewayUrl,
    cameras: [{ kind: "rtsp", name, label, url: cameras.urls[name]!.url, preRollS }],
  });
  return {
    lamp: lamp.node.id,
    roleOf(node, gatewayUrl) {
      if (node === lamp.node.id) return roleOf(LAMP_CAMERA, lamp.node.label, gatewayUrl, 10);
      if (node === DRONE && drone) return roleOf(DRONE_CAMERA, "under the drone", gatewayUrl, 0);
      if (node === ROBOT && robot) return roleOf(ROBOT_CAMERA, "on the robot's mast", gatewayUrl, 0);
      return undefined;
    },
    ride(world) {
      patrol = world;
    },
    async close() {
      clearInterval(timer);
      await cameras.close();
    },
  };
}

function droneView(city: City, { vehicle }: SimulatedDrone) {
  const { lat, lon, heightM, mode, gimbal } = vehicle.truth;
  const { eastM, northM } = city.plane.enu({ lat, lon, altM: 0 });
  return {
    pose: {
      eastM,
      northM,
      upM: Math.max(1, heightM),
      yawDeg: gimbal.yawDeg,
      pitchDeg: Math.max(-89, gimbal.pitchDeg),
      fovDeg: 75,
    },
    lines: [`${DRONE.toUpperCase()} ${mode.toUpperCase()}`, `${heightM.toFixed(0)} M`],
  };
}

function robotView(patrol: PatrolWorld | undefined) {
  const { eastM, northM, yawRad, speedMps } = patrol?.robot.truth ?? { eastM: 0, northM: 0, yawRad: 0, speedMps: 0 };
  const yawDeg = (((90 - (yawRad * 180) / Math.PI) % 360) + 360) % 360;
  return {
    pose: { eastM, northM, upM: 1.6, yawDeg, pitchDeg: -5, fovDeg: 80 },
    lines: [ROBOT.toUpperCase(), `${speedMps.toFixed(1)} M/S`],
  };
}

export interface VideoSummary {
  /** From the operator's press to the lamppost's first whole keyframe, its camera streaming already or not. */
  firstFrameMs: number | null;
  /** The same of the drone's camera, on scene. */
  droneFirstFrameMs?: number | null;
  /** And of the robot's. */
  robotFirstFrameMs?: number | null;
  /** Pieces of recordings on the incident's record, each with its hash. */
  recordedSegments: number;
  /** The seconds before the incident came from the node's encrypted memory. */
  preRoll: boolean;
}

/** Watches the lamppost's camera for an incident, then says what was recorded. Never throws: what was not seen is null. */
export async function lookAt(
  ops: OpsClient,
  stream: string,
  incident: string,
  limitMs: number,
): Promise<number | null> {
  const endMs = Date.now() + limitMs;
  while (Date.now() < endMs) {
    const { streams } = await ops.get<{ streams: StreamView[] }>("/video/streams");
    if (streams.some((each) => each.stream === stream)) {
      const ms = await firstFrame(ops, stream, incident, Math.max(1000, endMs - Date.now())).catch(() => undefined);
      if (ms !== undefined) return ms;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return null;
}

export const lampStream = (video: DemoVideo) => `${video.lamp}.${LAMP_CAMERA}`;
export const robotStream = `${ROBOT}.${ROBOT_CAMERA}`;
export const droneStream = `${DRONE}.${DRONE_CAMERA}`;

/** What the record holds once the node has sent its pre-roll, or when `limitMs` are over. */
export async function recorded(
  ops: OpsClient,
  incident: string,
  limitMs: number,
): Promise<Pick<VideoSummary, "recordedSegments" | "preRoll">> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const { recordings } = await ops.get<IncidentVideo>(`/incidents/${encodeURIComponent(incident)}/video`);
    const preRoll = recordings.some((each) => each.preRoll);
    const recordedSegments = recordings.reduce((sum, { segments }) => sum + segments.length, 0);
    if ((preRoll && recordedSegments > 0) || Date.now() > endMs) return { recordedSegments, preRoll };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
