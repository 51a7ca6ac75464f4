/** What the demo's gateway and agents are configured with: files as a technician would write them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { hashSecret, SECRET_LOG2_N } from "#gateway/credentials.ts";
import type { City } from "#sim/city.ts";
import type { SimulatedDrone } from "#sim/drone.ts";
import { DRONE, dispatchConfig, dockPosition, flyConfig } from "./drone.ts";
import { backupConfig, type PatrolWorld, ROBOT, robotNodes, robotRoles } from "./robot.ts";
import type { StageOptions } from "./stage.ts";
import { type DemoVideo, videoConfig } from "./video.ts";

export const OPERATOR = "operator";
export const HUB = "hub";

export interface Listening {
  mqtt: number;
  http: number;
}

export interface GatewayFacts {
  file: string;
  folder: string;
  city: City;
  secrets: ReadonlyMap<string, string>;
  password: string;
  options: StageOptions;
  /** Ports that it had before: a gateway that is started again keeps them. */
  ports?: Listening | undefined;
}

export async function writeGatewayConfig(facts: GatewayFacts): Promise<void> {
  const { file, folder, city, secrets, password, options, ports } = facts;
  const streets = join(folder, "streets.geojson");
  writeFileSync(streets, JSON.stringify(city.streetsGeoJson));
  const nodes = await Promise.all(
    [...secrets].map(async ([id, secret]) => ({
      ...credentialOf(id, city),
      secretHash: await hashSecret(secret, SECRET_LOG2_N),
    })),
  );
  const config = {
    site: city.site.site,
    title: city.site.title,
    timeZone: city.site.timeZone,
    dataDir: join(folder, "gateway"),
    streets,
    listen: { mqtt: { port: ports?.mqtt ?? 0 }, http: { port: ports?.http ?? options.httpPort ?? 0 } },
    nodes,
    users: [
      {
        name: OPERATOR,
        roles: ["dispatch", "pilot", "technician", "reviewer"],
        passwordHash: await hashSecret(password, SECRET_LOG2_N),
      },
    ],
    flows: { enabled: options.flows !== false, port: options.flowsPort ?? 0 },
    video: options.video ? videoConfig : { enabled: false },
    ...(options.drone && { dispatch: dispatchConfig(city) }),
    ...(options.robot && { backup: backupConfig }),
    // Links open on this machine; text messages go into a file beside the records.
    callers: {
      agency: `${city.site.title} 911`,
      emergencyNumber: "911",
      sms: { kind: "file", path: "texts.jsonl" },
    },
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
}

function credentialOf(id: string, city: City): object {
  const post = city.site.nodes.find((node) => node.id === id);
  if (post) {
    const { lat, lon, altM, posSigmaM, label } = post;
    return { id, parties: ["node"], position: { lat, lon, altM, posSigmaM }, label };
  }
  if (id === DRONE) return { id, parties: ["node", "drone"], position: dockPosition(city), label: "precinct box" };
  return robotNodes.find((node) => node.id === id) ?? { id, parties: ["node", "triangulator"] };
}

export interface Surroundings {
  folder: string;
  city: City;
  drone: SimulatedDrone | undefined;
  video: DemoVideo | undefined;
  patrol: PatrolWorld | undefined;
  worldPort: number;
  ports: Listening;
}

export function agentConfig(id: string, secret: string, around: Surroundings): object {
  const { folder, city, drone, video, patrol, worldPort, ports } = around;
  const { site, airTempC, windFromDeg, windMps, nodes } = city.site;
  const stream = video?.roleOf(id, `http://127.0.0.1:${ports.http}`);
  const common = {
    site,
    node: id,
    broker: { url: `mqtt://127.0.0.1:${ports.mqtt}`, secret, keepaliveS: 5 },
    dataDir: join(folder, id),
    heartbeatS: 5,
    clock: { source: "system" },
  };
  if (id === DRONE)
    return {
      ...common,
      position: dockPosition(city),
      roles: { fly: flyConfig(city, drone!), ...(stream && { stream }) },
    };
  if (id === ROBOT) return { ...common, roles: { ...robotRoles(patrol!), ...(stream && { stream }) } };
  const post = nodes.find((node) => node.id === id);
  if (!post) return { ...common, roles: { triangulate: { airTempC, windFromDeg, windMps } } };
  const { lat, lon, altM, posSigmaM } = post;
  return {
    ...common,
    position: { lat, lon, altM, posSigmaM },
    clock: { source: "sim" },
    microphone: { kind: "pcm-stream", port: worldPort },
    roles: { listen: { airTempC }, ...(stream && { stream }) },
  };
}
