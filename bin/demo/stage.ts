/** A whole district on one machine: the simulated city's sound, a gateway, an agent for each lamppost, one that triangulates. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { Fault } from "#contract/errors.ts";
import { hashSecret, SECRET_LOG2_N } from "#gateway/credentials.ts";
import type { City } from "#sim/city.ts";
import type { SimulatedDrone } from "#sim/drone.ts";
import { startWorld, type WorldServer } from "#sim/sound-server.ts";
import { demoCity } from "./demo-city.ts";
import { DRONE, dispatchConfig, dockPosition, flyConfig, flyPretendDrone } from "./drone.ts";
import { type OpsClient, openConsole } from "./ops-client.ts";
import { Processes, type StartedProcess } from "./processes.ts";

export const OPERATOR = "operator";
const HUB = "hub";

export interface StageOptions {
  seed: number;
  /** Lampposts. */
  nodes?: number;
  /** Ports to listen on; free ones by default. */
  httpPort?: number;
  flowsPort?: number;
  flows?: boolean;
  /** A drone in its dock at the city's centre; needs mavsdk_server. */
  drone?: boolean;
  /** Keeps configuration, logs and data here; a temporary folder, removed at the end, by default. */
  folder?: string;
  say?: (text: string) => void;
}

export interface Stage {
  readonly city: City;
  readonly world: WorldServer;
  readonly drone: SimulatedDrone | undefined;
  readonly folder: string;
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly mqttPort: number;
  readonly processes: Processes;
  readonly gateway: StartedProcess;
  readonly agents: ReadonlyMap<string, StartedProcess>;
  /** Logged in as the operator, with the live connection open. */
  readonly ops: OpsClient;
  /** Starts the gateway again on the ports that it had, as its supervisor would. */
  restartGateway(): Promise<StartedProcess>;
  close(): Promise<void>;
}

interface Listening {
  mqtt: number;
  http: number;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const say = options.say ?? (() => {});
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "tocsin-demo-"));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const processes = new Processes(folder);
  const undo: (() => Promise<void> | void)[] = [() => processes.stop()];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const city = demoCity(options.seed, options.nodes);
    say(`the city: ${city.lampposts.length} lampposts, ${city.streets.length} streets`);
    const world = await startWorld({ city, seed: options.seed });
    undo.push(() => world.close());
    const password = randomBytes(9).toString("base64url");
    const drone = options.drone ? await flyPretendDrone(city, options.seed) : undefined;
    if (drone) undo.push(() => drone.close());
    const secrets = new Map(
      [...city.lampposts.map(({ id }) => id), HUB, ...(drone ? [DRONE] : [])].map((id) => [
        id,
        randomBytes(18).toString("base64url"),
      ]),
    );

    const gatewayFile = join(folder, "gateway.yaml");
    await writeGatewayConfig(gatewayFile, folder, city, secrets, password, options);
    say("the gateway: broker, incident store, console, Node-RED ...");
    let gateway = processes.start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
    const listening = await gateway.line<Listening>(({ type }) => type === "listening");

    say(`${city.lampposts.length} lamppost agents and the one that triangulates ...`);
    const agents = new Map<string, StartedProcess>();
    for (const id of secrets.keys()) {
      const file = join(folder, `${id}.yaml`);
      writeFileSync(
        file,
        stringify(
          agentConfig(id, secrets.get(id)!, { folder, city, drone, worldPort: world.port, mqttPort: listening.mqtt }),
        ),
        {
          mode: 0o600,
        },
      );
      agents.set(id, processes.start(id, ["agent", "--config", file]));
    }
    const url = `http://127.0.0.1:${listening.http}`;
    const ops = await openConsole(url, OPERATOR, password);
    undo.push(() => ops.close());
    const deaths = [...agents.values()].map((agent) => agent.ended.then((how) => agent.diedWith(how)));
    const dead = Promise.race(deaths).then((fault) => Promise.reject(fault));
    dead.catch(() => {});
    const allOnline = ops.until("every agent to be online", 60_000, () => {
      const online = [...ops.nodes.values()].filter(({ status }) => status === "online");
      return online.length >= secrets.size ? true : undefined;
    });
    await Promise.race([allOnline, dead]);
    if (options.flows !== false)
      await ops.until("Node-RED to run", 60_000, () => ops.health?.flows === "ok" || undefined);
    const stage: Stage = {
      city,
      world,
      drone,
      folder,
      url,
      user: OPERATOR,
      password,
      mqttPort: listening.mqtt,
      processes,
      get gateway() {
        return gateway;
      },
      agents,
      ops,
      async restartGateway() {
        await writeGatewayConfig(gatewayFile, folder, city, secrets, password, options, listening);
        gateway = processes.start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
        await gateway.line(({ type }) => type === "listening");
        return gateway;
      },
      close,
    };
    return stage;
  } catch (error) {
    await close();
    throw error instanceof Fault
      ? error
      : new Fault("failed", `the demo could not be set up: ${(error as Error).message}`, { cause: error });
  }
}

async function writeGatewayConfig(
  file: string,
  folder: string,
  city: City,
  secrets: ReadonlyMap<string, string>,
  password: string,
  options: StageOptions,
  ports?: Listening,
): Promise<void> {
  const streets = join(folder, "streets.geojson");
  writeFileSync(streets, JSON.stringify(city.streetsGeoJson));
  const nodes = await Promise.all(
    [...secrets].map(async ([id, secret]) => {
      const post = city.site.nodes.find((node) => node.id === id);
      return {
        id,
        parties: post ? ["node"] : id === DRONE ? ["node", "drone"] : ["node", "triangulator"],
        ...(id === DRONE && { position: dockPosition(city), label: "precinct box" }),
        ...(post && {
          position: { lat: post.lat, lon: post.lon, altM: post.altM, posSigmaM: post.posSigmaM },
          label: post.label,
        }),
        secretHash: await hashSecret(secret, SECRET_LOG2_N),
      };
    }),
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
    ...(options.drone && { dispatch: dispatchConfig(city) }),
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
}

interface Surroundings {
  folder: string;
  city: City;
  drone: SimulatedDrone | undefined;
  worldPort: number;
  mqttPort: number;
}

function agentConfig(id: string, secret: string, { folder, city, drone, worldPort, mqttPort }: Surroundings): object {
  const { site, airTempC, windFromDeg, windMps, nodes } = city.site;
  const common = {
    site,
    node: id,
    broker: { url: `mqtt://127.0.0.1:${mqttPort}`, secret, keepaliveS: 5 },
    dataDir: join(folder, id),
    heartbeatS: 5,
    clock: { source: "system" },
  };
  if (id === DRONE) return { ...common, position: dockPosition(city), roles: { fly: flyConfig(city, drone!) } };
  const post = nodes.find((node) => node.id === id);
  if (!post) return { ...common, roles: { triangulate: { airTempC, windFromDeg, windMps } } };
  return {
    ...common,
    position: { lat: post.lat, lon: post.lon, altM: post.altM, posSigmaM: post.posSigmaM },
    clock: { source: "sim" },
    microphone: { kind: "pcm-stream", port: worldPort },
    roles: { listen: { airTempC } },
  };
}
