import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { FlowsProcess } from "./flows-process.ts";
import { type Gateway, startGateway } from "./main.ts";
import { joinBroker, makeConfig, makeFolder, makeLog, makeShot, PASSWORD, publishShot, until } from "./testing.ts";

interface World {
  gateway: Gateway;
  folder: string;
  lines: string[];
  editor: string;
  stop: () => Promise<void>;
}
const test = suite<World>("flows' process", {} as World);
const SLOW_MS = 60_000;

test.before(async (world) => {
  const { folder, remove } = makeFolder();
  const { log, lines } = makeLog();
  const config = await makeConfig(folder, "flows: { port: 0, probeTimeoutS: 2 }");
  world.gateway = await startGateway(config, log);
  world.folder = folder;
  world.lines = lines;
  world.stop = async () => {
    await world.gateway.close();
    remove();
  };
  await running(world);
  world.editor = `http://127.0.0.1:${await flowsOf(world).editor}`;
});
test.after((world) => world.stop());

const flowsOf = (world: World) => world.gateway.flows as NonNullable<Gateway["flows"]>;
const running = (world: World) => until("running flows", () => flowsOf(world).state.state === "ok", SLOW_MS);

async function tokenOf(world: World, user: string, password = PASSWORD): Promise<string | undefined> {
  const body = new URLSearchParams({
    client_id: "node-red-editor",
    grant_type: "password",
    scope: "*",
    username: user,
    password,
  });
  const answer = await fetch(`${world.editor}/auth/token`, { method: "POST", body });
  return answer.ok ? ((await answer.json()) as { access_token: string }).access_token : undefined;
}

async function deploy(world: World, flow: object[]): Promise<void> {
  const token = await tokenOf(world, "tom");
  const answer = await fetch(`${world.editor}/flows`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(flow),
  });
  assert.equal(answer.status, 204);
  await running(world);
}

async function fire(world: World, incident: string): Promise<void> {
  const tri = await joinBroker(world.gateway.ports.mqtt, "tri");
  await publishShot(tri, makeShot({ id: `${incident}-s`, incident }));
  await tri.endAsync();
}

/** As the console asks for it. */
async function detailOf(world: World, incident: string): Promise<IncidentDetail | undefined> {
  const base = `http://127.0.0.1:${world.gateway.ports.http}`;
  if (!cookie) {
    const answer = await fetch(`${base}/api/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: "ann", password: PASSWORD }),
    });
    cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  }
  const answer = await fetch(`${base}/api/incidents/${incident}`, { headers: { cookie } });
  return answer.ok ? ((await answer.json()) as IncidentDetail) : undefined;
}
let cookie = "";

const tab = { id: "t1", type: "tab", label: "Test" };
const noticesOf = (detail: IncidentDetail | undefined) =>
  detail?.timeline.filter((entry) => entry.kind === "notice") ?? [];

test("the default flow's alert of an incident lands on its timeline", async (world) => {
  await fire(world, "f1");
  const [notice] = await until("the notice", async () => {
    const notices = noticesOf(await detailOf(world, "f1"));
    return notices.length > 0 ? notices : undefined;
  });
  assert.equal(notice?.by, "flows");
  assert.match(notice?.text ?? "", /^dispatch desk was told: 1 round \(1 to 3\), 97 %, within 3 m/);
});

test("the editor is closed to strangers, wrong passwords and people who are no technicians", async (world) => {
  assert.equal((await fetch(`${world.editor}/flows`)).status, 401);
  assert.equal(await tokenOf(world, "tom", "wrong password"), undefined);
  assert.equal(await tokenOf(world, "ann"), undefined);
  assert.equal(await tokenOf(world, "nobody"), undefined);
  assert.ok(await tokenOf(world, "tom"));
});

test("the editor gets our nodes' pages: what stands in the palette, the forms and the help", async (world) => {
  const headers = { authorization: `Bearer ${await tokenOf(world, "tom")}`, accept: "text/html" };
  const pages = await (await fetch(`${world.editor}/nodes`, { headers })).text();
  for (const type of ["incident-in", "route", "notice", "acknowledge", "backup-in", "backup-answer"])
    for (const part of [`registerType("tocsin-${type}", {`, `data-template-name="tocsin-${type}"`])
      assert.ok(pages.includes(part), part);
});

test("a flow reads no key and no record, and writes nothing outside its own folder", async (world) => {
  const key = join(world.folder, "evidence-key.jwk");
  assert.ok(readFileSync(key, "utf8").includes("Ed25519"));
  const writer = { type: "file", z: "t1", filenameType: "str", overwriteFile: "true", encoding: "none" };
  const reader = { type: "file in", z: "t1", filenameType: "str", format: "utf8", sendError: false, wires: [["w"]] };
  await deploy(world, [
    tab,
    {
      id: "go",
      type: "inject",
      z: "t1",
      once: true,
      onceDelay: 0.1,
      props: [{ p: "payload" }],
      payload: "x",
      wires: [["own", "foreign", "out"]],
    },
    { ...reader, id: "own", filename: join(world.folder, "flows", "flows.json") },
    { ...reader, id: "foreign", filename: key },
    { ...writer, id: "out", filename: join(world.folder, "planted"), wires: [[]] },
    { id: "w", type: "debug", z: "t1", name: "read", active: true, console: true, complete: "payload", wires: [] },
  ]);
  const said = (text: RegExp) => world.lines.some((line) => text.test(line));
  await until("the own file", () => said(/debug: read.*tocsin|tab/));
  await until("the refusal to read", () => said(/\[file in\].*access to this API has been restricted.*evidence-key/i));
  await until("the refusal to write", () =>
    said(/\[file\] failed to write.*Access to this API has been restricted.*fs-write/),
  );
  assert.equal(said(/Ed25519/), false);
  assert.throws(() => readFileSync(join(world.folder, "planted")), /ENOENT/);
});

test("while a flow runs 'while(true){}' the next incident reaches the console; then the flows stand still, the culprit named", async (world) => {
  await deploy(world, [
    tab,
    { id: "in", type: "tocsin-incident-in", z: "t1", moment: "new", wires: [["spin"]] },
    { id: "spin", type: "function", z: "t1", name: "spin for ever", func: "while(true){}", outputs: 1, wires: [[]] },
  ]);
  const { pid, counters } = flowsOf(world);
  await fire(world, "w1");
  await until("the spinning node", () =>
    readFileSync(join(world.folder, "flows", "running-node"), "utf8").includes("spin for ever"),
  );
  await fire(world, "w2");
  await until("the next incident", () => detailOf(world, "w2"));
  assert.equal(counters.stuck, 0, "it came while the flow still had its process");
  assert.equal(flowsOf(world).pid, pid);
  await until("the end of the stuck process", () => counters.stuck === 1, SLOW_MS);
  await until("a new process", () => flowsOf(world).state.state === "down", SLOW_MS);
  assert.notEqual(flowsOf(world).pid, pid);
  assert.match(
    flowsOf(world).state.note ?? "",
    /^node 'spin for ever' \(function, id spin, flow t1\) did not give control back/,
  );
});

test("the technician mends the flow and deploys: flows run again, and what happened meanwhile is told", async (world) => {
  await deploy(world, [
    tab,
    { id: "in2", type: "tocsin-incident-in", z: "t1", moment: "new", wires: [["r"]] },
    {
      id: "r",
      type: "tocsin-route",
      z: "t1",
      route: "desk",
      to: "desk",
      text: "{words}",
      unverified: true,
      wires: [["n"], []],
    },
    { id: "n", type: "tocsin-notice", z: "t1", tries: 1, wires: [[], []] },
  ]);
  assert.equal(flowsOf(world).state.note, undefined);
  await fire(world, "w3");
  await until("the notice", async () => noticesOf(await detailOf(world, "w3")).length > 0);
});

test("a process that is killed is started again", async (world) => {
  const { pid } = flowsOf(world);
  process.kill(pid as number, "SIGKILL");
  await until("another process", () => flowsOf(world).pid !== pid && flowsOf(world).state.state === "ok", SLOW_MS);
});

test("a spinning process that a killed gateway left behind is ended by the next one", async () => {
  const { folder, remove } = makeFolder();
  const host = fileURLToPath(new URL("../flows/host.ts", import.meta.url));
  // As the killed gateway's child would look: our host's name and folder on its command line, deaf to its pipe.
  const orphan = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", host, `${folder}/*`], {
    stdio: "ignore",
  });
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const ended = once(orphan, "exit");
  const start = { site: "s", timeZone: "UTC", mqtt: { host: "127.0.0.1", port: 1, user: "flows", secret: "x" } };
  const make = () =>
    new FlowsProcess({
      start: { ...start, folder, port: 0, editors: [] },
      probeTimeoutS: 5,
      log: makeLog().log,
      login: async () => false,
    });
  writeFileSync(join(folder, "host.pid"), String(orphan.pid));
  const flows = make();
  flows.start();
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  await flows.stop();
  writeFileSync(join(folder, "host.pid"), String(stranger.pid));
  const others = make();
  others.start();
  await others.stop();
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  stranger.kill();
  remove();
});

test.run();
