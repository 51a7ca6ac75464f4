/** Real agents in processes of their own, and a real broker that can go and come back: what the tests of `bin/tocsin agent` share. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Aedes } from "aedes";
import { suite } from "uvu";
import type { NodeState } from "#contract/node.ts";
import type { ShotHeard } from "#contract/shot.ts";
import { pcm16Of, wavOf } from "#core/acoustics/wav-file.ts";
import { until } from "./devices/bus-suite.ts";

export const tocsin = fileURLToPath(new URL("../bin/tocsin", import.meta.url));
export const START = "2026-11-22T18:00:00Z";

export interface World {
  folder: string;
  broker: Aedes;
  server: Server | undefined;
  port: number;
  states: NodeState[];
  heard: ShotHeard[];
  agents: Agent[];
}

export class Agent {
  readonly process: ChildProcess;
  stdout = "";
  stderr = "";
  ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;

  constructor(config: string, program = tocsin, nodeOptions = "") {
    this.process = spawn(program, ["agent", "--config", config, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: nodeOptions },
    });
    this.process.stdout!.on("data", (chunk) => (this.stdout += chunk));
    this.process.stderr!.on("data", (chunk) => (this.stderr += chunk));
    this.process.once("close", (code, signal) => (this.ended = { code, signal }));
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    await until(what, () => holds() || this.ended !== undefined, 40_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.stderr}`);
    });
    if (!holds()) throw new Error(`the agent ended before ${what}:\n${this.stderr}`);
  }
}

/** A suite whose every test has a folder and a broker of its own, and leaves no process behind. */
export function agentSuite(name: string) {
  const test = suite<World>(name);
  test.before.each(async (world) => {
    world.folder = mkdtempSync(join(tmpdir(), "tocsin-agent-"));
    world.states = [];
    world.heard = [];
    world.agents = [];
    world.broker = await Aedes.createBroker();
    world.broker.on("publish", ({ topic, payload }) => {
      if (topic.endsWith("/node/state")) world.states.push(JSON.parse(String(payload)));
      if (topic.endsWith("/shot/heard")) world.heard.push(JSON.parse(String(payload)));
    });
    world.port = 0;
    await brokerUp(world);
  });

  test.after.each(async (world) => {
    for (const { process, ended } of world.agents) if (!ended) process.kill("SIGKILL");
    await brokerDown(world);
    await new Promise<void>((resolve) => world.broker.close(() => resolve()));
    rmSync(world.folder, { recursive: true, force: true });
  });
  return test;
}

export async function brokerUp(world: World): Promise<void> {
  world.server = createServer((socket) => world.broker.handle(socket));
  await new Promise<void>((resolve) => world.server!.listen(world.port, "127.0.0.1", resolve));
  world.port = (world.server.address() as AddressInfo).port;
}

export async function brokerDown(world: World): Promise<void> {
  const server = world.server;
  world.server = undefined;
  if (!server) return;
  const closed = new Promise((resolve) => server.close(resolve));
  const { clients } = world.broker as unknown as { clients: Record<string, { conn: { destroy(): void } }> };
  for (const client of Object.values(clients)) client.conn.destroy();
  await closed;
}

/** 16-bit mono WAV at 16 kHz: quiet noise of five seconds, with a blast at 2 s. */
function wav(path: string, peak: number): void {
  const samples = new Float32Array(5 * 16_000);
  let state = 7;
  for (let i = 0; i < samples.length; i++) {
    state = (state * 48_271) % 2_147_483_647;
    const u = (i - 32_000) / 48;
    const blast = u >= 0 && u < 10 ? peak * (1 - u) * Math.exp(-u) : 0;
    samples[i] = 0.98 * (blast + 0.002 * (state / 2_147_483_647 - 0.5));
  }
  writeFileSync(path, wavOf(pcm16Of(samples), 16_000));
}

export function start(
  world: World,
  { node = "n1", peak = 0.6, realTime = false, keepaliveS = 10, program = tocsin } = {},
): Agent {
  const folder = join(world.folder, node);
  mkdirSync(folder, { recursive: true });
  wav(join(folder, "sound.wav"), peak);
  writeFileSync(
    join(folder, "node.yaml"),
    `
site: test
node: ${node}
position: { lat: 40.66, lon: -73.91, altM: 12 }
broker: { url: "mqtt://127.0.0.1:${world.port}", secret: hush, keepaliveS: ${keepaliveS} }
dataDir: data
clock: { source: sim }
microphone: { kind: file, path: sound.wav, realTime: ${realTime}, startUtc: "${START}" }
roles: { listen: { publishAbove: 0 } }
heartbeatS: 0.5
logLevel: debug
`,
  );
  const agent = new Agent(join(folder, "node.yaml"), program);
  world.agents.push(agent);
  return agent;
}
