/**
 * Real processes: the gateway is killed, a burst is fired, the neighbours place it among themselves; the one that did is killed, another
 * takes over; the gateway comes back, then the killed node with what it had not handed over.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import type { IncidentState } from "#contract/incident.ts";
import { nsOfUtc } from "#contract/units.ts";
import { hashSecret } from "#gateway/credentials.ts";
import { makeCity } from "#sim/city.ts";
import { burstAmongDistractors } from "#sim/scenarios.ts";
import { startWorld } from "#sim/sound-server.ts";

const tocsin = fileURLToPath(new URL("../../bin/tocsin", import.meta.url));
const LOG2_N = 10;
const PASSWORD = "correct horse battery";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until<T>(what: string, withinMs: number, probe: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("gateway and then the elected node killed: another places the burst again under the same names; both back: one incident, each round once, fired when it was fired", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-alone-"));
  const children: ChildProcess[] = [];
  const logOf = (name: string) => readFileSync(join(folder, `${name}.log`), "utf8").split("\n");
  const start = (name: string, args: string[]) => {
    const child = spawn(tocsin, args, { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    createInterface({ input: child.stderr! }).on("line", (line) =>
      writeFileSync(join(folder, `${name}.log`), `${line}\n`, { flag: "a" }),
    );
    return child;
  };
  const city = makeCity(3, { nodes: 6, density: 0 });
  const world = await startWorld({ city, seed: 3 });
  try {
    const [mqtt, http, carried] = [await freePort(), await freePort(), await freePort()];
    const posts = city.site.nodes;
    const ids = [...posts.map(({ id }) => id), "hub"];
    const hash = (secret: string) => hashSecret(secret, LOG2_N);
    const gatewayFile = join(folder, "gateway.yaml");
    const { site, airTempC, windFromDeg, windMps } = city.site;
    writeFileSync(
      gatewayFile,
      stringify({
        site,
        title: "Town",
        timeZone: "America/New_York",
        dataDir: join(folder, "gateway"),
        listen: { mqtt: { port: mqtt }, http: { port: http } },
        nodes: await Promise.all(
          ids.map(async (id) => ({ id, parties: ["node", "triangulator"], secretHash: await hash(`${id} gateway`) })),
        ),
        users: [{ name: "ann", roles: ["dispatch"], passwordHash: await hash(PASSWORD) }],
        flows: { enabled: false },
      }),
    );
    const startGateway = async () => {
      const child = start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
      await once(createInterface({ input: child.stdout! }), "line");
      return child;
    };
    const gateway = await startGateway();

    const nodes = await Promise.all(ids.map(async (node) => ({ node, secretHash: await hash(`${node} neighbours`) })));
    const agents = new Map<string, ChildProcess>();
    const startAgent = async (id: string) => {
      const child = start(id, ["agent", "--config", join(folder, `${id}.yaml`), "--json"]);
      agents.set(id, child);
      await once(createInterface({ input: child.stdout! }), "line");
    };
    const ready = ids.map(async (id) => {
      const post = posts.find((each) => each.id === id);
      const air = { airTempC, windFromDeg, windMps };
      const config = {
        site,
        node: id,
        broker: { url: `mqtt://127.0.0.1:${mqtt}`, secret: `${id} gateway`, keepaliveS: 2 },
        dataDir: join(folder, id),
        clock: { source: post ? "sim" : "system" },
        ...(post && {
          position: { lat: post.lat, lon: post.lon, altM: post.altM, posSigmaM: post.posSigmaM },
          microphone: { kind: "pcm-stream", port: world.port },
          neighbours: {
            secret: `${id} neighbours`,
            brokers: [`mqtt://127.0.0.1:${carried}`],
            ...(id === posts[1]!.id && { listen: { host: "127.0.0.1", port: carried, nodes } }),
          },
        }),
        roles: post
          ? {
              listen: { airTempC, clips: { keepHours: 0 } },
              triangulate: { ...air, standby: { graceS: 1, sayEveryS: 1 } },
            }
          : { triangulate: air },
      };
      writeFileSync(join(folder, `${id}.yaml`), stringify(config));
      await startAgent(id);
    });
    await Promise.race([
      Promise.all(ready),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error("the agents were not ready in 40 s")), 40_000).unref(),
      ),
    ]);

    const dead = once(gateway, "exit");
    gateway.kill("SIGKILL");
    await dead;
    const leaders = () =>
      posts.filter(({ id }) => logOf(id).some((line) => line.includes("this node triangulates for its neighbours")));
    await until("an election", 20_000, () => leaders().length > 0);
    const incident = await world.fire(burstAmongDistractors(city, 1, { rounds: 3, distractors: [], quietS: 0 }), {
      inS: 1,
    });
    const alarms = (id: string, text: string) => logOf(id).filter((line) => line.includes(text));
    await until("the local alarm", 20_000, () => posts.some(({ id }) => alarms(id, "LOCAL ALARM").length >= 3));
    const solvers = posts.filter(({ id }) => alarms(id, "LOCAL ALARM").length > 0).map(({ id }) => id);
    assert.equal(solvers, [posts[0]!.id], "the first by name, and nobody else");
    await until("a neighbour that heard the alarm", 5000, () => alarms(posts[2]!.id, "local alarm of a neighbour")[0]);

    const [first, second] = [posts[0]!.id, posts[1]!.id];
    const elected = agents.get(first)!;
    const gone = once(elected, "exit");
    elected.kill("SIGKILL");
    await gone;
    await until("another election", 20_000, () => leaders().some(({ id }) => id === second));
    await until("its local alarm", 20_000, () => alarms(second, "LOCAL ALARM").length >= 3);
    const shots = (id: string) => new Set(alarms(id, "LOCAL ALARM").map((line) => JSON.parse(line).shot));
    assert.equal(shots(second), shots(first), "the same rounds under the same names");
    assert.is(leaders().length, 2, "nobody else led");
    const aloneUntilMs = Date.now();

    await startGateway();
    const base = `http://127.0.0.1:${http}/api`;
    const login = await fetch(`${base}/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: "ann", password: PASSWORD }),
    });
    const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0]!;
    const list = async () => {
      const answer = await fetch(`${base}/incidents`, { headers: { cookie } });
      return ((await answer.json()) as { incidents: IncidentState[] }).incidents;
    };
    await until("the incident at the gateway", 20_000, async () => (await list())[0]);
    await until("the hand-over", 20_000, () => alarms(second, "hands the triangulating over")[0]);
    await startAgent(first);
    // Until the hub has solved all of it again: every arrival is with it, and nothing changes any more.
    await until("rest", 20_000, async () => {
      const [before] = await list();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const [after] = await list();
      return before!.version === after!.version && after!.rounds.length >= 3;
    });
    const found = await list();
    assert.is(found.length, 1, JSON.stringify(found));
    assert.is(found[0]!.rounds.length, 3, JSON.stringify(found[0]!.rounds));
    const lateMs = Math.abs(Number(nsOfUtc(found[0]!.firedAt) - incident.shots[0]!.utcNs)) / 1e6;
    assert.ok(lateMs < 20, `fired ${lateMs} ms off`);
    assert.ok(Date.parse(found[0]!.alertedAt) > aloneUntilMs, "the gateway knew of it only afterwards");
  } catch (error) {
    for (const id of [...city.site.nodes.map((post) => post.id), "gateway"])
      process.stderr.write(
        `${id}: ${logOf(id)
          .filter((line) => /"level":[456]0/.test(line))
          .slice(-4)
          .join("\n")}\n`,
      );
    throw error;
  } finally {
    for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await world.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

test.run();
