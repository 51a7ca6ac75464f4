/** Real processes: `bin/tocsin agent` against a real broker. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Aedes } from "aedes";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NodeState } from "#contract/node.ts";
import type { ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { until } from "./devices/bus-suite.ts";

const tocsin = fileURLToPath(new URL("../bin/tocsin", import.meta.url));
const START = "2026-11-22T18:00:00Z";

interface World {
  folder: string;
  broker: Aedes;
  server: Server | undefined;
  port: number;
  states: NodeState[];
  heard: ShotHeard[];
  agents: Agent[];
}

class Agent {
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

const test = suite<World>("agent processes");

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

async function brokerUp(world: World): Promise<void> {
  world.server = createServer((socket) => world.broker.handle(socket));
  await new Promise<void>((resolve) => world.server!.listen(world.port, "127.0.0.1", resolve));
  world.port = (world.server.address() as AddressInfo).port;
}

async function brokerDown(world: World): Promise<void> {
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
  const samples = 5 * 16_000;
  const bytes = Buffer.alloc(44 + samples * 2);
  bytes.write("RIFF\0\0\0\0WAVEfmt ", 0, "latin1");
  bytes.writeUInt32LE(36 + samples * 2, 4);
  for (const [at, value] of [
    [16, 16],
    [24, 16_000],
    [28, 32_000],
    [40, samples * 2],
  ] as const)
    bytes.writeUInt32LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    bytes.writeUInt16LE(value, at);
  bytes.write("data", 36, "latin1");
  let state = 7;
  for (let i = 0; i < samples; i++) {
    state = (state * 48_271) % 2_147_483_647;
    const u = (i - 32_000) / 48;
    const blast = u >= 0 && u < 10 ? peak * (1 - u) * Math.exp(-u) : 0;
    bytes.writeInt16LE(Math.round(32_000 * (blast + 0.002 * (state / 2_147_483_647 - 0.5))), 44 + 2 * i);
  }
  writeFileSync(path, bytes);
}

function start(
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

const statusOf = (world: World, node: string) => world.states.filter((state) => state.node === node).at(-1)?.status;

async function hearsAndStops(world: World, program: string): Promise<void> {
  const agent = start(world, { program });
  await agent.until("a shot", () => world.heard.length > 0);
  const message = world.heard[0]!;
  assert.is(message.node, "n1");
  const afterS = Number(nsOfUtc(message.toa) - nsOfUtc(START)) / 1e9;
  assert.ok(Math.abs(afterS - 2) < 2e-4, `${afterS}`);
  assert.match(message.model!.sha256, /^[0-9a-f]{64}$/);
  await agent.until("ready", () => agent.stdout.includes('"type":"ready"'));
  await agent.until("its state", () => (world.states.at(-1)?.counters?.["listen.published"] ?? 0) > 0);
  const { counters } = world.states.at(-1)!;
  // Types are stripped in this process on its first start, which takes 30 MB more than later ones.
  assert.ok(counters!["process.rssMegabytes"]! < 200, `${counters!["process.rssMegabytes"]} MB`);
  agent.process.kill("SIGTERM");
  await until("the end", () => agent.ended !== undefined);
  assert.equal(agent.ended, { code: 0, signal: null });
  assert.is(statusOf(world, "n1"), "stopping");
}

test("a recording goes in, shot/heard comes out with the blast's time; SIGTERM says stopping and ends with 0", (world) =>
  hearsAndStops(world, tocsin));

test("packed for a lamppost it does the same, from another folder and with four packages beside it", async (world) => {
  const pack = join(world.folder, "pack");
  const made = spawnSync(tocsin, ["pack", "agent", "--out", pack, "--json"], { encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  const { packages } = JSON.parse(made.stdout) as { packages: Record<string, string> };
  const installed = join(dirname(tocsin), "..", "node_modules");
  for (const name of [...Object.keys(packages), "node"]) {
    mkdirSync(dirname(join(pack, "node_modules", name)), { recursive: true });
    if (existsSync(join(installed, name))) symlinkSync(join(installed, name), join(pack, "node_modules", name));
  }
  for (const name of ["node-red", "fastify", "preact", "maplibre-gl"]) assert.not(name in packages, name);
  const maps = readdirSync(join(pack, "bin")).filter((name) => name.endsWith(".map"));
  const bundled = maps.flatMap(
    (name) => (JSON.parse(readFileSync(join(pack, "bin", name), "utf8")) as { sources: string[] }).sources,
  );
  assert.ok(bundled.some((file) => file.endsWith("edge-agent/roles/listen.ts")));
  const foreign = bundled.filter((file) =>
    /(node-red|fastify|preact|maplibre-gl)\/|\.\/(gateway|flows|sim)\//.test(file),
  );
  assert.equal(foreign, []);
  await hearsAndStops(world, join(pack, "bin/tocsin"));
});

test("kill -9: the node is lost; one that hangs is lost within 1.5 times its keep-alive; the other stays online", async (world) => {
  const [killed, hung, well] = [
    start(world, { node: "killed" }),
    start(world, { node: "hung", keepaliveS: 2 }),
    start(world, { node: "well", keepaliveS: 2 }),
  ];
  for (const [agent, node] of [
    [killed, "killed"],
    [hung, "hung"],
    [well, "well"],
  ] as const) {
    await agent.until(`${node} online`, () => statusOf(world, node) === "online" && agent.stdout.includes("ready"));
  }
  killed.process.kill("SIGKILL");
  hung.process.kill("SIGSTOP");
  const stoppedMs = performance.now();
  await until("killed lost", () => statusOf(world, "killed") === "lost");
  await until("hung lost", () => statusOf(world, "hung") === "lost", 30_000);
  console.log(`hung: lost after ${((performance.now() - stoppedMs) / 1000).toFixed(1)} s with a keep-alive of 2 s`);
  assert.is(statusOf(world, "well"), "online");
  hung.process.kill("SIGCONT");
  await until("hung online again", () => statusOf(world, "hung") === "online", 30_000);
});

test("heard while there is no broker, then kill -9, then started again with the broker: it arrives once, with its first time", async (world) => {
  await brokerDown(world);
  const first = start(world);
  await first.until("the shot to be in the outbox", () => first.stderr.includes('"msg":"heard"'));
  first.process.kill("SIGKILL");
  await until("its end", () => first.ended !== undefined);
  await brokerUp(world);
  const second = start(world, { peak: 0 });
  await second.until("the shot", () => world.heard.length > 0);
  await second.until("the second to have ended its sound", () => second.stderr.includes("the sound source has ended"));
  const loud = world.heard.filter(({ peakDbFs }) => peakDbFs > -20);
  assert.is(loud.length, 1);
  assert.ok(Math.abs(Number(nsOfUtc(loud[0]!.toa) - nsOfUtc(START)) / 1e9 - 2) < 2e-4);
});

test("SIGTERM while there is no broker: the agent ends with 0, and what it heard is still there", async (world) => {
  await brokerDown(world);
  const first = start(world);
  await first.until("the shot to be in the outbox", () => first.stderr.includes('"msg":"heard"'));
  first.process.kill("SIGTERM");
  await until("its end", () => first.ended !== undefined);
  assert.equal(first.ended, { code: 0, signal: null });
  assert.not.ok(first.stdout.includes("ready"));
  await brokerUp(world);
  const second = start(world, { peak: 0 });
  await second.until("the shot", () => world.heard.some(({ peakDbFs }) => peakDbFs > -20));
});

test("three faults in the configuration: three lines, exit 78, no stack", async (world) => {
  const file = join(world.folder, "bad.yaml");
  writeFileSync(
    file,
    "site: Test Site\nnode: n1\nbroker: { url: 'http://x', secret: x }\ndataDir: data\nroles: { listen: {}, dance: {} }\n",
  );
  const agent = new Agent(file);
  await until("its end", () => agent.ended !== undefined);
  assert.equal(agent.ended, { code: 78, signal: null });
  const lines = agent.stderr.trim().split("\n");
  assert.ok(lines.some((line) => line.includes("site: must be 1 to 48")));
  assert.ok(lines.some((line) => line.includes("broker.url: must be mqtt://")));
  assert.ok(lines.some((line) => line.includes("roles: no role is named dance")));
  assert.not.match(agent.stderr, "at ");
});

test("what it cannot start with ends it: a file for its folder, a certificate that is missing, a folder of another agent", async (world) => {
  const ends = async (name: string, change: (text: string) => string) => {
    const file = join(world.folder, "n1", name);
    writeFileSync(file, change(good));
    const agent = new Agent(file);
    world.agents.push(agent);
    await until("its end", () => agent.ended !== undefined, 40_000);
    assert.equal(agent.ended, { code: 78, signal: null }, agent.stderr);
    const lines = agent.stderr.trim().split("\n");
    assert.is(lines.length, 1, agent.stderr);
    return lines[0]!;
  };
  const first = start(world);
  const good = readFileSync(join(world.folder, "n1", "node.yaml"), "utf8");
  await first.until("ready", () => first.stdout.includes('"type":"ready"'));
  const [file, certificate, shared] = await Promise.all([
    ends("file.yaml", (text) => text.replace("dataDir: data", "dataDir: node.yaml")),
    ends("certificate.yaml", (text) => text.replace("secret: hush", "secret: hush, caFile: ca.pem")),
    ends("shared.yaml", (text) => text),
  ]);
  assert.match(file, "dataDir: ");
  assert.match(file, "node.yaml is a file, not a folder");
  assert.match(certificate, "broker.caFile: ");
  assert.match(shared, "another agent uses this data directory");
  // A timer that nobody clears stands for whatever a later fault may leave behind.
  const held = new Agent(
    join(world.folder, "n1", "file.yaml"),
    tocsin,
    "--import data:text/javascript,setInterval(()=>{},1000)",
  );
  world.agents.push(held);
  await until("the end of the one that is kept alive", () => held.ended !== undefined, 40_000);
  assert.equal(held.ended, { code: 78, signal: null });
  assert.match(held.stderr, "something keeps the process alive after its end: ended by force");
  const check = ["agent", "--check", "--config", join(world.folder, "n1", "file.yaml")];
  const checked = spawnSync(tocsin, check, { encoding: "utf8" });
  assert.equal([checked.status, checked.stderr.trim()], [78, file]);
});

test.run();
