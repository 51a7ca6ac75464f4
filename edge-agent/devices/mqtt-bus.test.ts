import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nodeState } from "#contract/node.ts";
import { shotHeard } from "#contract/shot.ts";
import type { Bus } from "../ports.ts";
import { busBehaves, heard, keepingLog, state, until } from "./bus-suite.ts";
import { MqttBus } from "./mqtt-bus.ts";
import { defaultOutboxLimits } from "./outbox.ts";

/** A real broker whose listening socket can be taken away and put back at the same port. */
class Broker {
  readonly aedes: Aedes;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(aedes: Aedes) {
    this.aedes = aedes;
  }

  async up(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      this.aedes.handle(socket);
    });
    await new Promise<void>((resolve) => this.#server!.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const server = this.#server!;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function makeWorld(rights?: (aedes: Aedes) => void) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-bus-"));
  const broker = new Broker(await Aedes.createBroker());
  broker.aedes.authenticate = (_client, username, password, done) =>
    done(null, password?.toString() === `secret of ${username}`);
  rights?.(broker.aedes);
  await broker.up();
  const buses = new Set<Bus>();
  const warnings: string[] = [];
  const linkLines: string[] = [];
  return {
    broker,
    linkLines,
    folder,
    warnings,
    makeBus(node: string, secret = `secret of ${node}`, keepaliveS = 10): MqttBus {
      const log = keepingLog(warnings);
      const bus = new MqttBus({
        site: "test",
        node,
        broker: { url: `mqtt://127.0.0.1:${broker.port}`, username: node, secret, keepaliveS },
        outboxFile: join(folder, node, "outbox.sqlite"),
        outboxLimits: defaultOutboxLimits,
        will: () => state(node, "lost"),
        // A link that is down is not what these tests count.
        log: {
          ...log,
          warn(facts, text) {
            if (text.startsWith("no link")) linkLines.push(JSON.stringify(facts));
            else log.warn(facts, text);
          },
        },
      });
      buses.add(bus);
      return bus;
    },
    linkDown: () => broker.down(),
    linkUp: () => broker.up(),
    async say(topic: string, payload: string) {
      const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { username: "x", password: "secret of x" });
      await client.publishAsync(topic, payload, { qos: 1 });
      await client.endAsync();
    },
    async close() {
      for (const bus of buses) await bus.close();
      await broker.down().catch(() => undefined);
      await new Promise<void>((resolve) => broker.aedes.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

busBehaves("mqtt bus", makeWorld).run();

const test = suite<{ world: Awaited<ReturnType<typeof makeWorld>> }>("mqtt bus, its own");
test.before.each(async (context) => {
  context.world = await makeWorld();
});
test.after.each(async ({ world }) => world.close());

test("what waits in memory for a full disk is on it once there is room, though nobody says anything more; its state tells both", async ({
  world,
}) => {
  const disk = join(world.folder, "n1");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    return console.log("skipped: mounting a small disk needs root");
  }
  try {
    await world.linkDown();
    const bus = world.makeBus("n1");
    assert.throws(() => writeFileSync(join(disk, "hog"), new Uint8Array(2 ** 20)), /ENOSPC/);
    for (let n = 0; n < 200; n++) await bus.publish(shotHeard, heard("n1", `a${n}`, "2026-11-22T03:00:00Z"));
    await until("the full disk", () => bus.counters.outboxDiskFailed === 1);
    assert.ok(bus.counters.outboxInMemory > 0);
    rmSync(join(disk, "hog"));
    await until("the disk", () => bus.counters.outboxInMemory === 0);
    assert.is(bus.counters.outboxDiskFailed, 0);
    assert.is(bus.counters.queued, 200);
    assert.is(world.warnings.length, 1);
    await bus.close();
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("an agent started without a broker, stopped and started again: what it said is delivered once the broker is there", async ({
  world,
}) => {
  const hub = world.makeBus("hub");
  const got: [string, string][] = [];
  await hub.subscribe(shotHeard, ({ id, at }) => void got.push([id, at]));
  await world.linkDown();
  await until("down", () => !hub.connected);
  const first = world.makeBus("n1");
  await first.publish(shotHeard, heard("n1", "a1", "2026-11-22T03:00:00Z"));
  await first.close();
  const second = world.makeBus("n1");
  await second.publish(shotHeard, heard("n1", "a2", "2026-11-22T03:00:01Z"));
  assert.is(second.counters.queued, 2);
  await world.linkUp();
  await until("both", () => got.length === 2);
  assert.equal(got, [
    ["a1", "2026-11-22T03:00:00Z"],
    ["a2", "2026-11-22T03:00:01Z"],
  ]);
});

test("what the hub missed while it was away waits for it at the broker", async ({ world }) => {
  const lamp = world.makeBus("n1");
  const before = world.makeBus("hub");
  await before.subscribe(shotHeard, () => {});
  await before.close();
  await lamp.publish(shotHeard, heard("n1", "a1"));
  await until("the broker to have it", () => lamp.counters.queued === 0);
  const after = world.makeBus("hub");
  await until("connected", () => after.connected);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const got: string[] = [];
  await after.subscribe(shotHeard, ({ id }) => void got.push(id));
  await until("a1", () => got.length === 1);
  assert.equal(got, ["a1"]);
});

test("the will: a node whose connection dies is said to be lost, one that leaves is not", async ({ world }) => {
  const hub = world.makeBus("hub");
  const seen: string[] = [];
  await hub.subscribe(nodeState, ({ node, status }) => void seen.push(`${node} ${status}`));
  const [polite, victim] = [world.makeBus("n1"), world.makeBus("n2")];
  await polite.publish(nodeState, state("n1", "online"));
  await victim.publish(nodeState, state("n2", "online"));
  await until("both online", () => seen.length === 2);
  await polite.publish(nodeState, state("n1", "stopping"));
  await polite.close();
  await until("n1 stopping", () => seen.includes("n1 stopping"));
  // The broker loses sight of n2 without a DISCONNECT.
  for (const client of Object.values(
    (world.broker.aedes as unknown as { clients: Record<string, { id: string; conn: Socket }> }).clients,
  )) {
    if (client.id === "n2") client.conn.destroy();
  }
  await until("n2 lost", () => seen.includes("n2 lost"));
  assert.not.ok(seen.includes("n1 lost"));
});

test("a wrong secret: told in one line with what to do, and nothing is lost", async ({ world }) => {
  const bus = world.makeBus("n1", "wrong");
  await bus.publish(shotHeard, heard("n1", "a1"));
  // Connection attempts follow 250 ms, 500 ms ... apart: a second sees several.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.is(bus.connected, false);
  assert.is(bus.counters.queued, 1);
  assert.is(world.linkLines.length, 1);
  assert.match(world.linkLines[0]!, "check broker.username and broker.secret");
});

test.run();

const refusals = suite("mqtt bus, refusals");

refusals(
  "a message that the broker refuses holds up no other; a channel it refuses fails the subscription",
  async () => {
    const world = await makeWorld((aedes) => {
      aedes.authorizePublish = (client, packet, done) =>
        done(client?.id === "n1" && String(packet.payload).includes("forbidden") ? new Error("no right") : null);
      aedes.authorizeSubscribe = (client, subscription, done) =>
        done(null, client?.id === "n1" && subscription.topic.includes("shot/heard") ? null : subscription);
    });
    try {
      const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
      const got: string[] = [];
      await hub.subscribe(shotHeard, ({ id }) => void got.push(id));
      for (const id of ["a1", "forbidden", "a2", "a3"]) await lamp.publish(shotHeard, heard("n1", id));
      await until("the others", () => got.includes("a3"), 20_000);
      assert.equal(got.sort(), ["a1", "a2", "a3"]);
      assert.is(lamp.counters.refused, 1);
      assert.is(lamp.counters.queued, 1, "it stays in the outbox");
      try {
        await lamp.subscribe(shotHeard, () => {});
        assert.unreachable();
      } catch (error) {
        assert.match((error as Error).message, "does not let this node listen");
      }
    } finally {
      await world.close();
    }
  },
);

refusals.run();
