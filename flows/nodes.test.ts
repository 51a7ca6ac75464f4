import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as v from "valibot";
import { type BackupCall, backupAnswer } from "#contract/backup.ts";
import type { Channel } from "#contract/channel.ts";
import { type IncidentState, incidentAcknowledge, incidentNotice, incidentState } from "#contract/incident.ts";
import type { Link } from "./link.ts";
import acknowledge from "./nodes/tocsin-acknowledge.ts";
import backupAnswerNode from "./nodes/tocsin-backup-answer.ts";
import backupIn from "./nodes/tocsin-backup-in.ts";
import incidentIn from "./nodes/tocsin-incident-in.ts";
import notice from "./nodes/tocsin-notice.ts";
import routeNode from "./nodes/tocsin-route.ts";
import type { Message, RedNode } from "./red.ts";

const require = createRequire(import.meta.url);
const helper = require("node-red-node-test-helper");
const core = (file: string) => require(`@node-red/nodes/core/${file}`);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
const burst = read("./recorded/burst-of-three.json") as IncidentState[];
const [first] = burst as [IncidentState];

/** The broker's side of the link, in this process. */
class FakeLink implements Link {
  connected = true;
  timeZone = "America/New_York";
  webhookUrl: string | undefined;
  readonly said: { channel: string; body: Record<string, unknown> }[] = [];
  readonly #listeners = new Set<(state: IncidentState) => void>();
  async publish(channel: Channel, body: object): Promise<void> {
    this.said.push({ channel: channel.name, body: body as Record<string, unknown> });
  }
  onIncident(listener: (state: IncidentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  readonly #calls = new Set<(unit: string, call: BackupCall) => void>();
  onBackup(listener: (unit: string, call: BackupCall) => void): () => void {
    this.#calls.add(listener);
    return () => this.#calls.delete(listener);
  }
  call(unit: string, call: BackupCall): void {
    for (const listener of this.#calls) listener(unit, call);
  }
  onConnected(): () => void {
    return () => {};
  }
  bring(state: IncidentState): void {
    for (const listener of this.#listeners) listener(state);
  }
  get listeners(): number {
    return this.#listeners.size;
  }
}

interface World {
  link: FakeLink;
  loaded: boolean;
}
const test = suite<World>("nodes", {} as World);
const types = [incidentIn, routeNode, notice, acknowledge, backupIn, backupAnswerNode];

test.before(async () => {
  helper.init(require.resolve("node-red"));
  await new Promise((resolve) => helper.startServer(resolve));
});
test.after(() => new Promise<void>((resolve) => helper.stopServer(resolve)));
test.before.each((world) => {
  world.link = new FakeLink();
  helper.settings({ tocsin: world.link });
});
// The helper never comes back from unloading twice.
async function unload(world: World): Promise<void> {
  if (!world.loaded) return;
  world.loaded = false;
  await helper.unload();
}
test.after.each(unload);

/** Loads a flow and gives its nodes by id. */
async function load(
  world: World,
  flow: object[],
  also: unknown[] = [],
): Promise<(id: string) => RedNode & NodeJS.EventEmitter> {
  await helper.load([...types, ...also], flow);
  world.loaded = true;
  return (id) => helper.getNode(id);
}

async function until(what: string, probe: () => unknown): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (!probe()) {
    if (Date.now() > deadline) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The next message into a node; Node-RED's nodes do not take `once`. */
function next(node: RedNode): Promise<Message> {
  return new Promise((resolve) => node.on("input", (message) => resolve(message)));
}

/** The default flow with a short wait between tries; its tab is left out, as the helper knows none. */
function defaultFlow(): { id: string; type: string }[] {
  const flow = read("./default-flows.json") as { id: string; type: string }[];
  return flow
    .filter((node) => node.type !== "tab")
    .map(({ ...node }) => ("timeout" in node ? { ...node, timeout: "20", timeoutUnits: "milliseconds" } : node));
}
const coreNodes = [
  core("common/21-debug.js"),
  core("common/25-catch.js"),
  core("network/21-httprequest.js"),
  core("function/89-delay.js"),
];
const notices = (world: World) =>
  world.link.said
    .filter(({ channel }) => channel === incidentNotice.name)
    .map(({ body }) => `${body.to}: ${body.text}`);

test("a recorded burst of three versions, brought twice, is one message of 'new'", async (world) => {
  const node = await load(world, [
    { id: "in", type: "tocsin-incident-in", moment: "new", wires: [["out"]] },
    { id: "out", type: "helper" },
  ]);
  const got: Message[] = [];
  node("out").on("input", ((message: Message) => void got.push(message)) as never);
  for (const state of [...burst, ...burst]) world.link.bring(state);
  await until("the message", () => got.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(got.length, 1);
  assert.equal(got[0]?.incident, first.incident);
  assert.equal(got[0]?.words, "1 round, 94 %, within 4 m of 40.43850, -79.99720, unreviewed");
});

test("a node that is taken out of the flow listens no more", async (world) => {
  await load(world, [{ id: "in", type: "tocsin-incident-in", moment: "every", wires: [[]] }]);
  assert.equal(world.link.listeners, 1);
  await unload(world);
  assert.equal(world.link.listeners, 0);
});

test("route sends what fits out of the first output with its text, all else out of the second with the reason", async (world) => {
  const node = await load(world, [
    {
      id: "r",
      type: "tocsin-route",
      route: "desk",
      to: "desk",
      text: "{words}!",
      minProbability: 0.95,
      wires: [["yes"], ["no"]],
    },
    { id: "yes", type: "helper" },
    { id: "no", type: "helper" },
  ]);
  const no = next(node("no"));
  (node("r") as unknown as { receive(message: Message): void }).receive({ payload: first });
  assert.equal((await no).why, "94 % is less than 95 %");
  const yes = next(node("yes"));
  (node("r") as unknown as { receive(message: Message): void }).receive({ payload: burst[2] });
  const message = await yes;
  assert.deepEqual(
    [message.route, message.to, message.incidentVersion, message.text],
    ["desk", "desk", 3, "3 rounds, 97 %, within 4 m of 40.43850, -79.99720, unreviewed!"],
  );
});

test("a message that is no incident is an error that says what to connect", async (world) => {
  const node = await load(world, [{ id: "r", type: "tocsin-route", route: "desk", to: "desk", wires: [[], []] }]);
  const called = once(node("r"), "call:error");
  (node("r") as unknown as { receive(message: Message): void }).receive({ payload: "hello" });
  const [call] = (await called) as [{ firstArg: Error }];
  assert.match(String(call.firstArg), /is no incident .*connect a 'tocsin incident' node before this one/);
});

test("acknowledge says who, and refuses to say nobody", async (world) => {
  const node = await load(world, [{ id: "a", type: "tocsin-acknowledge", by: "", text: "on my way", wires: [[]] }]);
  const receive = (message: Message) => (node("a") as unknown as { receive(message: Message): void }).receive(message);
  const called = once(node("a"), "call:error");
  receive({ incident: "i1" });
  await called;
  receive({ incident: "i1", by: "unit-7" });
  await until("the acknowledgement", () => world.link.said.length > 0);
  assert.deepEqual(world.link.said, [
    { channel: incidentAcknowledge.name, body: { incident: "i1", by: "unit-7", text: "on my way" } },
  ]);
});

test("the default flow tells the desk, and without a webhook nobody else", async (world) => {
  await load(world, defaultFlow(), coreNodes);
  world.link.bring(first);
  await until("the notice", () => notices(world).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(notices(world), ["dispatch desk: 1 round, 94 %, within 4 m of 40.43850, -79.99720, unreviewed"]);
});

async function webhook(answers: number[]): Promise<{ url: string; bodies: unknown[]; close: () => void }> {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      bodies.push(JSON.parse(text));
      response.writeHead(answers[bodies.length - 1] ?? 200).end("ok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alert`;
  return { url, bodies, close: () => server.close() };
}

test("the default flow posts the incident to the webhook, again after a failure, and the record says it was told", async (world) => {
  const hook = await webhook([500, 200]);
  world.link.webhookUrl = hook.url;
  await load(world, defaultFlow(), coreNodes);
  world.link.bring(first);
  await until("the second notice", () => notices(world).some((text) => text.startsWith("outside system")));
  hook.close();
  assert.equal(hook.bodies.length, 2);
  for (const body of hook.bodies) assert.ok(v.safeParse(incidentState.schema, body).success);
  assert.match(notices(world).find((text) => text.startsWith("outside")) ?? "", /^outside system: 1 round/);
});

test("a webhook that never takes it is tried three times, and the record says that it was NOT told", async (world) => {
  const hook = await webhook([500, 500, 500]);
  world.link.webhookUrl = hook.url;
  await load(world, defaultFlow(), coreNodes);
  world.link.bring(first);
  await until("the notice", () => notices(world).some((text) => text.startsWith("outside system")));
  hook.close();
  assert.equal(hook.bodies.length, 3);
  assert.match(
    notices(world).find((text) => text.startsWith("outside")) ?? "",
    /NOT told after 3 tries \(answer 500\)/,
  );
});

test("every node has a page with help for technicians and an entry in the package", () => {
  const { "node-red": red } = read("./nodes/package.json") as { "node-red": { nodes: Record<string, string> } };
  const folder = fileURLToPath(new URL("./nodes/", import.meta.url));
  assert.equal(Object.keys(red.nodes).length, types.length);
  for (const [type, file] of Object.entries(red.nodes)) {
    // As @node-red/registry's loader.js finds it.
    const page = readFileSync(folder + file.replace(/\.c?js$/, ".html"), "utf8");
    assert.ok(page.includes(`data-template-name="${type}"`) && page.includes(`data-help-name="${type}"`), type);
  }
});

test("a call for a unit that flows tell, said twice, is one message; the answer goes back in the unit's name", async (world) => {
  const node = await load(world, [
    { id: "in", type: "tocsin-backup-in", unit: "ward", wires: [["out", "answer"]] },
    { id: "out", type: "helper" },
    { id: "answer", type: "tocsin-backup-answer", answer: "accepted", wires: [[]] },
  ]);
  const got: Message[] = [];
  node("out").on("input", ((message: Message) => void got.push(message)) as never);
  const at = "2026-11-22T18:04:13.000000000Z";
  const call: BackupCall = {
    v: 1,
    id: "m1",
    node: "gateway",
    at,
    call: "b1",
    incident: "i1",
    place: { lat: 40, lon: -80, ellipse95: { semiMajorM: 3, semiMinorM: 2, azimuthDeg: 0 } },
    why: "somebody lies still",
    calledBy: { how: "person", by: "ann", at, why: "seen" },
    task: { kind: "assist" },
    etaS: 60,
    etaSpreadS: 5,
    chosen: "60 s away, give or take 5 s",
    ring: 1,
    answerBy: at,
  };
  world.link.call("other", call);
  world.link.call("ward", call);
  world.link.call("ward", { ...call, id: "m2" });
  await until("the answer", () => world.link.said.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(got.length, 1);
  assert.equal(got[0]?.words, "ward is asked to come: somebody lies still (60 s away, give or take 5 s)");
  assert.deepEqual(world.link.said, [
    { channel: backupAnswer.name, body: { call: "b1", unit: "ward", answer: "accepted" } },
  ]);
});

test.run();
