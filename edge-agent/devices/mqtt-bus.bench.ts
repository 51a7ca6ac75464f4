/**
 * Messages per second through Aedes and through mosquitto, each a process of its own, with the same client and the same 200 bytes; then
 * what the bus makes of it: schema, disk outbox with an fsync a commit, QoS 1, against the disk's own fsyncs per second.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { shotHeard } from "#contract/shot.ts";
import type { Log } from "../ports.ts";
import { heard, state } from "./bus-suite.ts";
import { MqttBus } from "./mqtt-bus.ts";
import { defaultOutboxLimits } from "./outbox.ts";

const MESSAGES = { 0: 20_000, 1: 10_000, bus: 3_000 };
const ROUNDS = 3;
const payload = Buffer.alloc(200, "x");
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const print = (figure: object) => process.stdout.write(`${JSON.stringify({ bench: "bus", ...figure })}\n`);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const aedesScript = (port: number) => `
  import { Aedes } from "aedes";
  import { createServer } from "node:net";
  const broker = await Aedes.createBroker();
  createServer((socket) => broker.handle(socket)).listen(${port}, "127.0.0.1");`;

interface Broker {
  name: string;
  url: string;
  child: ChildProcess;
}

async function start(name: "aedes" | "mosquitto"): Promise<Broker | undefined> {
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  // Limits off, so that none of the burst is thrown away.
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n`,
  );
  const [program, args] =
    name === "aedes"
      ? [process.execPath, ["--input-type=module", "-e", aedesScript(port)]]
      : ["mosquitto", ["-c", config]];
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn(program, args, { stdio: "ignore", env });
  const failed = new Promise<boolean>((resolve) => child.once("error", () => resolve(false)));
  const url = `mqtt://127.0.0.1:${port}`;
  const up = (async () => {
    for (let i = 0; i < 100; i++) {
      try {
        await (await connectAsync(url, { reconnectPeriod: 0 })).endAsync();
        return true;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    return false;
  })();
  return (await Promise.race([failed, up])) ? { name, url, child } : undefined;
}

/** One publisher, one subscriber, counted where they arrive. */
async function perSecond(publisher: MqttClient, subscriber: MqttClient, qos: 0 | 1): Promise<number> {
  const total = MESSAGES[qos];
  let got = 0;
  const all = new Promise<void>((resolve) => {
    subscriber.removeAllListeners("message");
    subscriber.on("message", () => {
      if (++got === total) resolve();
    });
  });
  const startMs = performance.now();
  let next = 0;
  const pump = async () => {
    while (next++ < total) await publisher.publishAsync(`bench/${qos}`, payload, { qos });
  };
  await Promise.all(Array.from({ length: 100 }, pump));
  await all;
  return total / ((performance.now() - startMs) / 1000);
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function brokers(): Promise<void> {
  const pair = [await start("aedes"), await start("mosquitto")].filter((each) => each !== undefined);
  const clients = await Promise.all(
    pair.map(async ({ url, name }) => ({
      name,
      publisher: await connectAsync(url),
      subscriber: await connectAsync(url),
    })),
  );
  for (const qos of [0, 1] as const) {
    const rates: Record<string, number[]> = {};
    for (const { subscriber } of clients) await subscriber.subscribeAsync(`bench/${qos}`, { qos });
    for (let round = 0; round < ROUNDS; round++) {
      // Turn about, so that a busy moment of the machine hits both.
      for (const { name, publisher, subscriber } of clients)
        (rates[name] ??= []).push(await perSecond(publisher, subscriber, qos));
    }
    const value = Math.round(median(rates.aedes!));
    const peer = rates.mosquitto && { name: "mosquitto", value: Math.round(median(rates.mosquitto)) };
    print({
      figure: `messages per second through Aedes, QoS ${qos}, 200 bytes`,
      value,
      unit: "1/s",
      ...(peer ? { peer, ratio: Number((value / peer.value).toFixed(2)) } : {}),
    });
  }
  for (const { publisher, subscriber } of clients) await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
  for (const { child } of pair) {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}

/** Commits per second that the disk itself allows: 4 kB appended and forced, one after the other. */
function fsyncsPerSecond(): number {
  const file = openSync(join(folder, "fsync"), "a");
  const page = Buffer.alloc(4096, 1);
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < 1000) {
    writeSync(file, page);
    fsyncSync(file);
    count += 1;
  }
  closeSync(file);
  return count / ((performance.now() - startMs) / 1000);
}

async function bus(): Promise<void> {
  const broker = await start("aedes");
  if (!broker) throw new Error("Aedes did not start");
  const make = (node: string) =>
    new MqttBus({
      site: "bench",
      node,
      broker: { url: broker.url, username: node, secret: "x", keepaliveS: 60 },
      outboxFile: join(folder, node, "outbox.sqlite"),
      outboxLimits: defaultOutboxLimits,
      will: () => state(node, "lost"),
      log: silent,
    });
  const [lamp, hub] = [make("n1"), make("hub")];
  let got = 0;
  let all = () => {};
  await hub.subscribe(shotHeard, () => {
    if (++got === MESSAGES.bus) all();
  });
  const arrived = new Promise<void>((resolve) => {
    all = resolve;
  });
  const startMs = performance.now();
  let next = 0;
  const pump = async () => {
    for (let i = next++; i < MESSAGES.bus; i = next++) await lamp.publish(shotHeard, heard("n1", `a${i}`));
  };
  await Promise.all(Array.from({ length: 50 }, pump));
  await arrived;
  const value = MESSAGES.bus / ((performance.now() - startMs) / 1000);
  print({
    figure: "shot/heard per second from publish to handler: schema, outbox on disk, QoS 1, 50 at once",
    value: Math.round(value),
    unit: "1/s",
  });
  const alone = 200;
  const aloneMs = performance.now();
  for (let i = 0; i < alone; i++) await lamp.publish(shotHeard, heard("n1", `b${i}`));
  const commits = alone / ((performance.now() - aloneMs) / 1000);
  const bound = fsyncsPerSecond();
  print({
    figure: "shot/heard per second safe on disk, one at a time",
    value: Math.round(commits),
    unit: "1/s",
    bound: { name: "4 kB appended and forced to this disk", value: Math.round(bound) },
    ratio: Number((commits / bound).toFixed(2)),
  });
  await Promise.all([lamp.close(), hub.close()]);
  broker.child.kill();
  await once(broker.child, "exit");
}

try {
  await brokers();
  await bus();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
