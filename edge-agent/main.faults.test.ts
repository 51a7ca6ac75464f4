/** What an agent cannot start with: a word that names it, and an end. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { until } from "./devices/bus-suite.ts";
import { Agent, agentSuite, start, tocsin } from "./testing-agents.ts";

const test = agentSuite("agents that cannot start");

test("faults of the configuration, one of them of its data folder: a line each, exit 78, no stack", async (world) => {
  const file = join(world.folder, "bad.yaml");
  writeFileSync(
    file,
    "site: Test Site\nnode: n1\nbroker: { url: 'http://x', secret: x }\ndataDir: bad.yaml\nroles: { listen: {}, dance: {} }\n",
  );
  const agent = new Agent(file);
  await until("its end", () => agent.ended !== undefined);
  assert.equal(agent.ended, { code: 78, signal: null });
  const lines = agent.stderr.trim().split("\n");
  assert.ok(lines.some((line) => line.includes("site: must be 1 to 48")));
  assert.ok(lines.some((line) => line.includes("broker.url: must be mqtt://")));
  assert.ok(lines.some((line) => line.includes("roles: no role is named dance")));
  const folder = `${file}: dataDir: ${file}: ${file} is a file, not a folder; name a folder that this account can write`;
  assert.ok(lines.includes(`tocsin agent: ${folder}`), agent.stderr);
  assert.not.match(agent.stderr, /^ +at /m);
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
