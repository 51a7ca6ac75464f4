/** A whole district on one machine: the simulated city's sound, a gateway, an agent for each lamppost, one that triangulates. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { Fault } from "#contract/errors.ts";
import type { City } from "#sim/city.ts";
import type { SimulatedDrone } from "#sim/drone.ts";
import { startWorld, type WorldServer } from "#sim/sound-server.ts";
import { Crew } from "./crew.ts";
import { demoCity } from "./demo-city.ts";
import { DRONE, flyPretendDrone } from "./drone.ts";
import { type OpsClient, openConsole } from "./ops-client.ts";
import { Processes, type StartedProcess } from "./processes.ts";
import { buildRobotFirmware, CREW, crewAt, type PatrolWorld, ROBOT, startPatrolWorld } from "./robot.ts";
import { agentConfig, HUB, type Listening, OPERATOR, writeGatewayConfig } from "./stage-config.ts";
import { type DemoVideo, filmCity } from "./video.ts";

/**
 * In a city every lamppost, drone and hub is a computer of its own. Here two dozen of them share one: twenty that listen step back for those who
 * act on what they heard.
 */
const LAMPPOST_NICENESS = 5;
/** As a car with its lights on goes through a town. */
const CREW_SPEED_MPS = 20;

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
  /** A camera on a lamppost and one under the drone; needs ffmpeg. */
  video?: boolean;
  /** A patrol robot and a crew that may be called; the robot is brought out by `patrol()`. Needs gcc-avr. */
  robot?: boolean;
  /** Keeps configuration, logs and data here; a temporary folder, removed at the end, by default. */
  folder?: string;
  /** Stops it, also while it is being set. */
  signal?: AbortSignal;
  say?: (text: string) => void;
}

export interface Stage {
  readonly city: City;
  readonly world: WorldServer;
  readonly drone: SimulatedDrone | undefined;
  readonly video: DemoVideo | undefined;
  /** Is there one to bring out? */
  readonly robot: boolean;
  readonly folder: string;
  readonly url: string;
  /** The flows' editor; the operator's password opens it. */
  readonly editorUrl: string | undefined;
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
  /** Brings the robot out, once: its chip is emulated and takes half a core, which the lampposts need while they hear. */
  patrol(): Promise<PatrolWorld>;
  close(): Promise<void>;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const say = options.say ?? (() => {});
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "tocsin-demo-"));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const processes = new Processes(folder);
  const undo: (() => Promise<void> | void)[] = [() => processes.stop()];
  let closing = Promise.resolve();
  // Once more takes away what was started meanwhile.
  const close = () => {
    const closeNow = async () => {
      for (const step of undo.splice(0).reverse()) await step();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    return (closing = closing.catch(() => {}).then(closeNow));
  };
  const stopped = () => void close().catch(() => {});
  if (options.signal?.aborted) stopped();
  else options.signal?.addEventListener("abort", stopped, { once: true });
  try {
    const city = demoCity(options.seed, options.nodes);
    say(`the city: ${city.lampposts.length} lampposts, ${city.streets.length} streets`);
    const world = await startWorld({ city, seed: options.seed });
    undo.push(() => world.close());
    const password = randomBytes(9).toString("base64url");
    const drone = options.drone ? await flyPretendDrone(city, options.seed) : undefined;
    if (drone) undo.push(() => drone.close());
    const video = options.video ? await filmCity(city, drone, options.robot === true) : undefined;
    if (video) undo.push(() => video.close());
    const names = [
      ...city.lampposts.map(({ id }) => id),
      HUB,
      ...(drone ? [DRONE] : []),
      ...(options.robot ? [ROBOT, CREW] : []),
    ];
    const secrets = new Map(names.map((id) => [id, randomBytes(18).toString("base64url")]));

    const gatewayFile = join(folder, "gateway.yaml");
    const facts = { file: gatewayFile, folder, city, secrets, password, options };
    await writeGatewayConfig(facts);
    say("the gateway: broker, incident store, console, Node-RED, video relay ...");
    let gateway = processes.start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
    const editor = gateway.line<{ port: number }>(({ type }) => type === "editor");
    editor.catch(() => {});
    const listening = await gateway.line<Listening>(({ type }) => type === "listening");

    say(`${city.lampposts.length} lamppost agents and the one that triangulates ...`);
    const agents = new Map<string, StartedProcess>();
    const startAgent = (id: string, patrol?: PatrolWorld) => {
      const file = join(folder, `${id}.yaml`);
      const around = { folder, city, drone, video, patrol, worldPort: world.port, ports: listening };
      writeFileSync(file, stringify(agentConfig(id, secrets.get(id)!, around)), { mode: 0o600 });
      const lamppost = city.site.nodes.some((node) => node.id === id);
      const niceness = lamppost ? LAMPPOST_NICENESS : 0;
      const agent = processes.start(id, ["agent", "--config", file, "--json"], niceness);
      agents.set(id, agent);
      return agent;
    };
    for (const id of names) if (id !== ROBOT && id !== CREW) startAgent(id);
    const expected = agents.size;
    const url = `http://127.0.0.1:${listening.http}`;
    const ops = await openConsole(url, OPERATOR, password);
    undo.push(() => ops.close());
    const deaths = [...agents.values()].map((agent) => agent.ended.then((how) => agent.diedWith(how)));
    const dead = Promise.race(deaths).then((fault) => Promise.reject(fault));
    dead.catch(() => {});
    const allOnline = ops.until("every agent to be online", 60_000, () => {
      const online = [...ops.nodes.values()].filter(({ status }) => status === "online");
      return online.length >= expected ? true : undefined;
    });
    await Promise.race([allOnline, dead]);
    if (options.flows !== false)
      await ops.until("Node-RED to run", 60_000, () => ops.health?.flows === "ok" || undefined);
    const editorUrl = options.flows === false ? undefined : `http://127.0.0.1:${(await editor).port}`;
    let patrolling: Promise<PatrolWorld> | undefined;
    const bringOut = async (): Promise<PatrolWorld> => {
      const firmware = buildRobotFirmware(folder);
      if ("why" in firmware) throw new Fault("failed", firmware.why);
      const patrol = await startPatrolWorld(city, options.seed, firmware.hexPath);
      undo.push(() => patrol.close());
      video?.ride(patrol);
      const { mqtt: mqttPort } = listening;
      const { site } = city.site;
      const at = crewAt(city);
      const secret = secrets.get(CREW)!;
      const crew = await Crew.start({ mqttPort, site, name: CREW, secret, at, speedMps: CREW_SPEED_MPS });
      undo.push(() => crew.close());
      await startAgent(ROBOT, patrol).line(({ type }) => type === "ready");
      return patrol;
    };
    const stage: Stage = {
      city,
      world,
      drone,
      video,
      robot: options.robot === true,
      folder,
      url,
      editorUrl,
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
        await writeGatewayConfig({ ...facts, ports: listening });
        gateway = processes.start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
        await gateway.line(({ type }) => type === "listening");
        return gateway;
      },
      patrol: () => (patrolling ??= bringOut()),
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
