import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { connect } from "mqtt";
import { suite } from "uvu";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { joinBroker, makeConfigText, makeFolder, makeShot, PASSWORD, publishShot, until } from "./testing.ts";

const tocsin = fileURLToPath(new URL("../bin/tocsin", import.meta.url));

interface World {
  folder: string;
  config: string;
  processes: ChildProcess[];
  remove: () => void;
}
const test = suite<World>("gateway process", {} as World);

test.before.each(async (world) => {
  const { folder, remove } = makeFolder();
  Object.assign(world, { folder, remove, processes: [], config: join(folder, "gateway.yaml") });
  writeFileSync(world.config, await makeConfigText("data"));
});
test.after.each(async (world) => {
  for (const child of world.processes) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  world.remove();
});

interface Started {
  child: ChildProcess;
  mqtt: number;
  http: number;
  errors: string[];
}

/** The real command, once it listens. */
async function start(world: World): Promise<Started> {
  const child = spawn(tocsin, ["gateway", "--config", world.config, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  world.processes.push(child);
  const errors: string[] = [];
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => errors.push(line));
  const listening = new Promise<{ mqtt: number; http: number }>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", (code) => reject(new Error(`gateway ended with ${code}: ${errors.join("\n")}`)));
  });
  return { child, errors, ...(await listening) };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function detailOf(http: number, incident: string): Promise<IncidentDetail | undefined> {
  const base = `http://127.0.0.1:${http}`;
  const login = await fetch(`${base}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: "ann", password: PASSWORD }),
  });
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const answer = await fetch(`${base}/api/incidents/${incident}`, { headers: { cookie } });
  return answer.ok ? ((await answer.json()) as IncidentDetail) : undefined;
}

const burst = Array.from({ length: 40 }, (_, i) => makeShot({ id: `s${i}`, incident: "burst" }));

test("killed in the middle of a burst and started again: every round that was acknowledged or repeated stands once", async (world) => {
  const first = await start(world);
  const tri = await joinBroker(first.mqtt, "tri", { clean: false });
  tri.on("error", () => {});
  const acknowledged = new Set<string>();
  // The twentieth acknowledgement pulls the trigger while others are on their way.
  const pulled = new Promise<void>((resolve) => {
    for (const shot of burst) {
      publishShot(tri, shot).then(
        () => {
          acknowledged.add(shot.id);
          if (acknowledged.size === 20) first.child.kill("SIGKILL");
        },
        () => {},
      );
    }
    first.child.once("exit", () => resolve());
  });
  await pulled;
  await tri.endAsync(true);
  assert.ok(acknowledged.size >= 20);

  const second = await start(world);
  // Before anything is sent again: what was acknowledged is there.
  const kept = await until("the incident", () => detailOf(second.http, "burst"));
  const rounds = new Set(kept.incident.rounds.map((round) => round.shot));
  for (const id of acknowledged) assert.ok(rounds.has(id), `${id} was acknowledged and is lost`);

  // As an outbox does, the node sends again what was not acknowledged, and one that was.
  const again = await joinBroker(second.mqtt, "tri");
  for (const shot of burst) if (!acknowledged.has(shot.id) || shot.id === "s0") await publishShot(again, shot);
  await again.endAsync();
  const whole = await until("all rounds", async () => {
    const detail = await detailOf(second.http, "burst");
    return detail?.incident.rounds.length === burst.length ? detail : undefined;
  });
  assert.equal(whole.incident.version, burst.length);
  assert.equal(whole.timeline.filter((entry) => entry.kind === "opened" || entry.kind === "shot").length, burst.length);
  assert.equal(whole.chain.ok, true);
});

test("a message for an absent subscriber survives a kill right after its acknowledgement", async (world) => {
  const first = await start(world);
  const filter = "tocsin/testville/+/shot/fixed";
  const n01 = await joinBroker(first.mqtt, "n01", { clean: false });
  await n01.subscribeAsync(filter, { qos: 1 });
  await n01.endAsync();
  const tri = await joinBroker(first.mqtt, "tri");
  tri.on("error", () => {});
  await publishShot(tri, makeShot());
  await killed(first.child);
  await tri.endAsync(true);
  const second = await start(world);
  const back = connect(`mqtt://127.0.0.1:${second.mqtt}`, {
    clientId: "n01",
    username: "n01",
    password: "secret of n01",
    clean: false,
    reconnectPeriod: 0,
  });
  const ids: string[] = [];
  back.on("message", (_, payload) => ids.push(JSON.parse(payload.toString()).id));
  await until("the shot", () => ids.length > 0);
  assert.equal(ids[0], "s1");
  await back.endAsync(true);
});

test("SIGTERM ends it within its grace, with status 0", async (world) => {
  const { child } = await start(world);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

test("a second gateway on the same data says so in one line and ends with status 1; the first goes on", async (world) => {
  const first = await start(world);
  const second = spawn(tocsin, ["gateway", "--config", world.config], { stdio: ["ignore", "ignore", "pipe"] });
  world.processes.push(second);
  let said = "";
  second.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = await once(second, "close");
  assert.equal(code, 1);
  assert.match(said, /^tocsin gateway: .* is in use: another gateway runs on this data directory\n$/);
  assert.equal((await fetch(`http://127.0.0.1:${first.http}/healthz`)).status, 200);
});

test("'gateway verify' finds the records whole beside a running gateway, and says where they are not", async (world) => {
  const { mqtt, http } = await start(world);
  const tri = await joinBroker(mqtt, "tri");
  for (const id of ["s1", "s2"]) await publishShot(tri, makeShot({ id }));
  await tri.endAsync();
  await until("both rounds", async () => (await detailOf(http, "i1"))?.incident.rounds.length === 2);
  const verify = () => {
    const done = spawnSync(tocsin, ["gateway", "verify", "--config", world.config], { encoding: "utf8" });
    return { status: done.status, ...JSON.parse(done.stdout) };
  };
  const whole = verify();
  assert.deepEqual([whole.status, whole.ok], [0, true]);
  const db = new DatabaseSync(join(world.folder, "data", "incidents.sqlite"));
  db.exec("DROP TRIGGER entry_no_update; UPDATE entry SET by = 'nobody' WHERE seq = 2");
  db.close();
  const altered = verify();
  assert.deepEqual([altered.status, altered.ok, altered.broken.why], [1, false, "entry 2 was altered"]);
});

test("a configuration with three faults ends with status 78 and three lines", async (world) => {
  const text = await makeConfigText("data");
  writeFileSync(
    world.config,
    text
      .replace("site: testville", "site: Test Ville")
      .replace("America/New_York", "Nowhere")
      .replace("id: n02", "id: 'n 2'"),
  );
  const child = spawn(tocsin, ["gateway", "--config", world.config], { stdio: ["ignore", "ignore", "pipe"] });
  world.processes.push(child);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  const [code] = await once(child, "close");
  assert.equal(code, 78);
  const lines = said.trim().split("\n");
  assert.equal(lines.length, 3, said);
  for (const path of ["site", "timeZone", "nodes.1.id"])
    assert.ok(
      lines.some((line) => line.includes(`: ${path}: `)),
      path,
    );
});

test("a broken message and an unknown node get one clear line each, and the next shot is taken in", async (world) => {
  const { mqtt, http, errors } = await start(world);
  await assert.rejects(joinBroker(mqtt, "n99"));
  const tri = await joinBroker(mqtt, "tri");
  await tri.publishAsync("tocsin/testville/tri/shot/fixed", "\u0000{", { qos: 1 });
  await publishShot(tri, makeShot({ incident: "after" }));
  await tri.endAsync();
  await until("the incident", () => detailOf(http, "after"));
  assert.equal(errors.filter((line) => line.includes("n99")).length, 1);
  assert.equal(errors.filter((line) => line.includes("refused (broken): not JSON")).length, 1);
});

test.run();
