import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connectAsync } from "mqtt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { deriveKey } from "#contract/secret-hash.ts";
import { type ShotHeard, shotHeard } from "#contract/shot.ts";
import type { Log } from "../ports.ts";
import { heard } from "./bus-suite.ts";
import { type LocalBroker, startLocalBroker } from "./local-broker.ts";
import { NeighbourBus } from "./neighbour-bus.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
const SITE = "brownsville";
const secretOf = (node: string) => `secret of ${node}`;

async function hashOf(node: string): Promise<string> {
  const salt = Buffer.from("0123456789abcdef");
  const key = await deriveKey(secretOf(node), salt, 10, 8, 1);
  return ["scrypt", 10, 8, 1, salt.toString("base64url"), key.toString("base64url")].join("$");
}

async function broker(port = 0): Promise<LocalBroker> {
  const nodes = await Promise.all(["n1", "n2"].map(async (node) => ({ node, secretHash: await hashOf(node) })));
  return startLocalBroker({ site: SITE, host: "127.0.0.1", port, nodes, log: quiet });
}

const client = (port: number, node: string, options = {}) =>
  connectAsync(
    `mqtt://127.0.0.1:${port}`,
    { clientId: node, username: node, password: secretOf(node), reconnectPeriod: 0, connectTimeout: 5000, ...options },
    false,
  );

async function rejects(work: Promise<unknown>, what: string): Promise<void> {
  const outcome = await work.then(
    () => "accepted",
    () => "refused",
  );
  assert.is(outcome, "refused", what);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited for too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("no credential, a wrong secret, an unknown name, another's name, a will and a kept session are turned away", async () => {
  const { port, counters, close } = await broker();
  try {
    await rejects(connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 }, false), "anonymous");
    await rejects(client(port, "n1", { password: "guess" }), "wrong secret");
    await rejects(client(port, "n9"), "unknown name");
    await rejects(client(port, "n1", { clientId: "n2" }), "another's client id");
    assert.is(counters.logins, 4);
    await rejects(
      client(port, "n1", { will: { topic: "a", payload: Buffer.from("b"), qos: 0, retain: true } }),
      "will",
    );
    await rejects(client(port, "n1", { clean: false }), "kept session");
    await (await client(port, "n1")).endAsync();
  } finally {
    await close();
  }
});

test("a neighbour speaks as itself only, on the three channels of triangulating only, and hears no other", async () => {
  const { port, counters, close } = await broker();
  try {
    const n2 = await client(port, "n2");
    const got: string[] = [];
    n2.on("message", (topic) => got.push(topic));
    const [granted] = await n2.subscribeAsync(`tocsin/${SITE}/+/shot/heard`, { qos: 1 });
    assert.is(granted?.qos, 1);
    for (const filter of ["#", `tocsin/${SITE}/#`, `tocsin/${SITE}/+/flight/command`, "tocsin/elsewhere/+/shot/heard"])
      await rejects(n2.subscribeAsync(filter), filter);
    assert.is(counters.rights, 4);
    const bad = [
      `tocsin/${SITE}/n2/shot/heard`,
      `tocsin/${SITE}/n1/flight/command`,
      `tocsin/${SITE}/n1/incident/state`,
    ];
    for (const topic of bad) {
      const n1 = await client(port, "n1");
      n1.on("error", () => {});
      const closed = new Promise((resolve) => n1.once("close", () => resolve(undefined)));
      n1.publish(topic, "{}", { qos: 1 });
      await closed;
      n1.end(true);
    }
    const n1 = await client(port, "n1");
    await n1.publishAsync(`tocsin/${SITE}/n1/shot/heard`, "{}", { qos: 1, retain: true });
    await until(() => got.length > 0, "the one permitted message");
    assert.equal(got, [`tocsin/${SITE}/n1/shot/heard`]);
    const late = await client(port, "n2");
    let retained = 0;
    late.on("message", () => retained++);
    await late.subscribeAsync(`tocsin/${SITE}/+/shot/heard`, { qos: 1 });
    await n1.publishAsync(`tocsin/${SITE}/n1/shot/heard`, "{}", { qos: 1 });
    await until(() => retained > 0, "the second message");
    assert.is(retained, 1, "nothing is kept by the broker");
    for (const each of [n1, n2, late]) await each.endAsync(true);
  } finally {
    await close();
  }
});

test("a packet of 1 MB is cut off when it is announced", async () => {
  const { port, close } = await broker();
  const socket = connectTcp(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    const ended = once(socket, "close");
    socket.on("error", () => {});
    socket.write(Buffer.from([0x10, 0x80, 0x80, 0x40, 0, 4]));
    await ended;
  } finally {
    socket.destroy();
    await close();
  }
});

test("neighbours understand each other through any broker they share; what came over two arrives once", async () => {
  const [first, second] = [await broker(), await broker()];
  const urls = [first.port, second.port].map((port) => `mqtt://127.0.0.1:${port}`);
  const bus = (node: string, brokers: string[]) =>
    new NeighbourBus({ site: SITE, node, secret: secretOf(node), brokers, log: quiet });
  const n1 = bus("n1", urls);
  const n2 = bus("n2", urls);
  try {
    const got: ShotHeard[] = [];
    await n2.subscribe(shotHeard, (message) => void got.push(message));
    // Who is connected where is known to each side at its own time: what comes twice shows that both ways are open.
    let said = 0;
    const say = () => n1.publish(shotHeard, heard("n1", `arrival-${++said}`));
    await until(() => n1.connected && n2.connected, "a broker within reach of each");
    for (let open = false; !open; ) {
      const repeats = n2.counters.repeats;
      await say();
      for (let wait = 0; wait < 200 && !open; wait++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        open = n2.counters.repeats > repeats;
      }
      assert.ok(said < 20, "both ways open");
    }
    assert.is(new Set(got.map(({ id }) => id)).size, got.length, "none arrives twice");
    await first.close();
    await until(() => second.counters.clients === 2, "the other broker");
    const before = said;
    await say();
    await until(() => got.some(({ id }) => id === `arrival-${before + 1}`), "a message over the broker that is left");
  } finally {
    await Promise.all([n1.close(), n2.close()]);
    await Promise.all([first.close(), second.close()]);
  }
});

test.run();
