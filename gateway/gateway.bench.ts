/**
 * The hub as nodes and consoles feel it: messages through the broker (checked, journalled to disk) against mosquitto
 * (neither checks nor disk) with the same client in the same run, and how long an incident takes to a console.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectAsync, type MqttClient } from "mqtt";
import type { LiveEvent } from "#contract/ops-api.ts";
import { shotHeard } from "#contract/shot.ts";
import { topicOf } from "#contract/topics.ts";
import { envelope, makeConfigText, makeFolder, makeShot, PASSWORD, publishShot, SITE, secretOf } from "./testing.ts";

const MESSAGES = 5_000;
const IN_FLIGHT = 100;
const INCIDENTS = 100;
const tocsin = fileURLToPath(new URL("../bin/tocsin", import.meta.url));

const print = (figure: object) => process.stdout.write(`${JSON.stringify({ bench: "gateway", ...figure })}\n`);

/** Messages a second from one publisher to one subscriber at QoS 1, counted at the subscriber. */
async function throughput(publisher: MqttClient, subscriber: MqttClient): Promise<number> {
  const topic = topicOf(shotHeard, SITE, "n01");
  await subscriber.subscribeAsync(topic, { qos: 1 });
  const payloads = Array.from({ length: MESSAGES }, () =>
    JSON.stringify({
      ...envelope("n01"),
      toa: "2026-11-22T18:04:12.400000000Z",
      toaSigmaS: 0.0002,
      probability: 0.97,
      scores: { gunshot: 0.97, firework: 0.01, vehicle: 0.01, impact: 0.01, glass: 0, other: 0 },
      peakDbFs: -10,
      snrDb: 20,
      onsetSigmaS: 0.0001,
      clockSigmaS: 0.0001,
    }),
  );
  let got = 0;
  const all = new Promise<void>((resolve) => {
    subscriber.on("message", () => {
      if (++got === MESSAGES) resolve();
    });
  });
  const startedMs = performance.now();
  let next = 0;
  const pump = async () => {
    for (let i = next++; i < MESSAGES; i = next++)
      await publisher.publishAsync(topic, payloads[i] as string, { qos: 1 });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, pump));
  await all;
  return MESSAGES / ((performance.now() - startedMs) / 1000);
}

async function gateway(folder: string): Promise<{ child: ChildProcess; mqtt: number; http: number }> {
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, await makeConfigText("data"));
  const child = spawn(tocsin, ["gateway", "--config", config, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { child, ...JSON.parse(line as string) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Undefined where mosquitto is not installed. */
async function mosquitto(folder: string): Promise<{ child: ChildProcess; mqtt: number } | undefined> {
  const mqtt = await freePort();
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `listener ${mqtt} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`);
  const child = spawn("mosquitto", ["-c", file], { stdio: "ignore", env: { PATH: "/usr/sbin:/usr/bin:/bin" } });
  const missing = await Promise.race([
    once(child, "error").then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500)),
  ]);
  return missing ? undefined : { child, mqtt };
}

const enter = (port: number, node: string) =>
  connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: node, username: node, password: secretOf(node) });

async function bus(port: number): Promise<number> {
  const [publisher, subscriber] = [await enter(port, "n01"), await enter(port, "tri")];
  const rate = await throughput(publisher, subscriber);
  await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
  return rate;
}

/** Milliseconds from handing a shot to the publisher's socket to the incident at a console, one after the other. */
async function latencies(mqtt: number, http: number): Promise<number[]> {
  const login = await fetch(`http://127.0.0.1:${http}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: "ann", password: PASSWORD }),
  });
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const socket = new WebSocket(`ws://127.0.0.1:${http}/api/live`, { headers: { cookie } } as never);
  const waiting = new Map<string, () => void>();
  socket.addEventListener("message", ({ data }) => {
    const event = JSON.parse(String(data)) as LiveEvent;
    if (event.type === "incident") waiting.get(event.incident.incident)?.();
  });
  await once(socket as never, "open");
  const tri = await enter(mqtt, "tri");
  const took: number[] = [];
  for (let i = 0; i < INCIDENTS; i++) {
    const incident = `latency-${i}`;
    const startedMs = performance.now();
    const seen = new Promise<void>((resolve) => waiting.set(incident, resolve));
    publishShot(tri, makeShot({ id: `${incident}-s`, incident }));
    await seen;
    took.push(performance.now() - startedMs);
  }
  socket.close();
  await tri.endAsync();
  return took.sort((a, b) => a - b);
}

const { folder, remove } = makeFolder();
const ours = await gateway(folder);
const peer = await mosquitto(folder);
try {
  const rate = await bus(ours.mqtt);
  const other = peer && (await bus(peer.mqtt));
  print({
    figure: "shot/heard through the broker, each checked and on disk before it is acknowledged",
    value: Math.round(rate),
    unit: "messages/s",
    ...(other && { peer: { name: "mosquitto without checks or disk", value: Math.round(other), ratio: rate / other } }),
  });
  const took = await latencies(ours.mqtt, ours.http);
  const at = (share: number) => Math.round(10 * (took[Math.floor(share * took.length)] as number)) / 10;
  print({ figure: "a fix published to its incident at a console, median", value: at(0.5), unit: "ms" });
  print({ figure: "a fix published to its incident at a console, 99 %", value: at(0.99), unit: "ms", bound: 100 });
} finally {
  for (const child of [ours.child, peer?.child]) {
    if (!child) continue;
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  }
  remove();
}
