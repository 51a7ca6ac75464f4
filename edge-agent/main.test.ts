/** Real processes: `bin/tocsin agent` against a real broker. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { nsOfUtc } from "#contract/units.ts";
import { until } from "./devices/bus-suite.ts";
import { agentSuite, brokerDown, brokerUp, START, start, tocsin, type World } from "./testing-agents.ts";

const test = agentSuite("agent processes");

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
  assert.not.match(agent.stderr, /Warning/);
}

test("a recording goes in, shot/heard comes out with the blast's time; SIGTERM says stopping and ends with 0", (world) =>
  hearsAndStops(world, tocsin));

test("packed for a lamppost it does the same, from another folder with the packages that it names beside it", async (world) => {
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

test.run();
