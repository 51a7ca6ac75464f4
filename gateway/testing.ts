/** What tests of the gateway share: a configuration with real hashes, shots, clients, a gateway in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { pino } from "pino";
import type { Channel, MessageOf } from "#contract/channel.ts";
import { type ShotFixed, shotFixed } from "#contract/shot.ts";
import { topicOf } from "#contract/topics.ts";
import { utcOfNs } from "#contract/units.ts";
import { type GatewayConfig, parseGatewayConfig } from "./config.ts";
import { hashSecret } from "./credentials.ts";

export const SITE = "testville";
export const PASSWORD = "correct horse battery";
export const secretOf = (node: string) => `secret of ${node}`;

/** Cheap to check: tests prove rights, not the strength of scrypt. */
const LOG2_N = 10;

export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-gateway-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** YAML of a gateway on random free ports with lampposts n01 to n03, `tri`, drone d1, and a user of every role. */
export async function makeConfigText(dataDir: string, more = "flows: { enabled: false }"): Promise<string> {
  const entry = async (id: string, parties: string, position = "") =>
    `  - { id: ${id}, parties: [${parties}], ${position} secretHash: "${await hashSecret(secretOf(id), LOG2_N)}" }`;
  const at = (lat: number, lon: number) => `position: { lat: ${lat}, lon: ${lon}, altM: 250 },`;
  const password = await hashSecret(PASSWORD, LOG2_N);
  const user = (name: string, role: string) => `  - { name: ${name}, roles: [${role}], passwordHash: "${password}" }`;
  return [
    `site: ${SITE}`,
    "title: Testville",
    "timeZone: America/New_York",
    `dataDir: ${dataDir}`,
    "logLevel: warn",
    "listen: { mqtt: { port: 0 }, http: { port: 0 } }",
    "alerts: { holdS: 0, holdUnverifiedS: 0 }",
    "nodes:",
    await entry("n01", "node", at(40.44, -79.99)),
    await entry("n02", "node", at(40.441, -79.99)),
    await entry("n03", "node", at(40.44, -79.991)),
    await entry("tri", "node, triangulator"),
    await entry("d1", "node, drone"),
    "users:",
    user("ann", "dispatch"),
    user("bob", "reviewer"),
    user("pam", "pilot"),
    user("tom", "technician"),
    // The relay is a process of its own: only tests of video need one.
    ...(more.includes("video:") ? [] : ["video: { enabled: false }"]),
    more,
    "",
  ].join("\n");
}

export async function makeConfig(dataDir: string, more?: string): Promise<GatewayConfig> {
  return parseGatewayConfig(await makeConfigText(dataDir, more), join(dataDir, "gateway.yaml"));
}

/** A logger that keeps its lines. */
export function makeLog(): { log: pino.Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: pino({ level: "debug", base: null }, { write: (line: string) => void lines.push(line) }), lines };
}

export const now = () => utcOfNs(BigInt(Date.now()) * 1_000_000n);

let made = 0;
export const envelope = (node: string) => ({ v: 1 as const, id: `m${process.pid}-${++made}`, node, at: now() });

/** A round heard by n01, n02 and n03 with n03's second arrival rejected as an echo. */
export function makeShot(over: Partial<ShotFixed> = {}): ShotFixed {
  const time = over.time ?? "2026-11-22T18:04:12.100000000Z";
  const arrivals = ["n01", "n02", "n03"].map((node) => ({
    id: `${over.id ?? "s1"}-${node}`,
    node,
    lat: 40.44,
    lon: -79.99,
    altM: 250,
    toa: "2026-11-22T18:04:12.400000000Z",
    toaSigmaS: 0.0002,
    residualS: 0.0001,
    weight: 1,
  }));
  return {
    ...envelope("tri"),
    id: "s1",
    time,
    lat: 40.4405,
    lon: -79.9905,
    ellipse95: { semiMajorM: 3, semiMinorM: 2, azimuthDeg: 30 },
    probability: 0.97,
    nodesUsed: ["n01", "n02", "n03"],
    rejected: [{ id: `${over.id ?? "s1"}-echo`, node: "n03", why: "echo", residualS: 0.084 }],
    incident: "i1",
    version: 1,
    rmsResidualS: 0.0001,
    solvedMs: 2,
    arrivals,
    airTempC: 12,
    speedOfSoundMps: 338.6,
    ...over,
  } as ShotFixed;
}

/** A client of the broker with the right credential, unless told otherwise. */
export function joinBroker(port: number, node: string, options: IClientOptions = {}): Promise<MqttClient> {
  return connectAsync(
    `mqtt://127.0.0.1:${port}`,
    { clientId: node, username: node, password: secretOf(node), reconnectPeriod: 0, connectTimeout: 5_000, ...options },
    false,
  );
}

export function publish<C extends Channel>(client: MqttClient, channel: C, node: string, message: MessageOf<C>) {
  return client.publishAsync(topicOf(channel, SITE, node), JSON.stringify(message), { qos: 1 });
}

export const publishShot = (client: MqttClient, shot: ShotFixed) => publish(client, shotFixed, "tri", shot);

/** Polls until `probe` gives something. @throws after `withinMs`, naming what was waited for. */
export async function until<T>(what: string, probe: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
