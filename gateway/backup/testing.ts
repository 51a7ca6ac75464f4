/** What tests of the call for backup share: a gateway with two cars and a robot, their terminals, an operator. */
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { type BackupCall, type BackupState, backupCall, backupUnit, type UnitView } from "#contract/backup.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import type { RobotEvent } from "#contract/robot.ts";
import { topicOf } from "#contract/topics.ts";
import { parseGatewayConfig } from "../config.ts";
import { hashSecret } from "../credentials.ts";
import { type Gateway, startGateway } from "../main.ts";
import {
  envelope,
  joinBroker,
  makeConfigText,
  makeFolder,
  makeLog,
  PASSWORD,
  SITE,
  secretOf,
  until,
} from "../testing.ts";

export const WITHIN_MS = 30_000;
/** One degree of latitude is 111 km: 0.009 of it a kilometre. */
export const HERE = { lat: 40.44, lon: -79.99 };

export interface World {
  /** Of ann, once she has logged in. */
  cookie: string;
  folder: string;
  gateway: Gateway;
  clients: MqttClient[];
  remove: () => void;
}
export async function configText(more: string): Promise<string> {
  const text = await makeConfigText("data", `flows: { enabled: false }\n${more}`);
  const entry = async (id: string, party: string) =>
    `  - { id: ${id}, parties: [node, ${party}], secretHash: "${await hashSecret(secretOf(id), 10)}" }`;
  const nodes = [await entry("car-1", "unit"), await entry("car-2", "unit"), await entry("r1", "robot")];
  return text.replace("users:", `${nodes.join("\n")}\nusers:`);
}

export const backup = (more = "", units = "") => `
backup:
  units:
    - { name: car-1, label: Car 1, contact: { kind: mqtt } }
    - { name: car-2, contact: { kind: mqtt } }
${units}
  rings: [{ withinS: 200, most: 1, answerS: 1 }, { withinS: 900, most: 4, answerS: 1 }]
  district: { answerS: 1, times: 1 }
  automaticRules: [fallen-person]
${more}
`;

export async function start(world: World, text: string): Promise<void> {
  const config = parseGatewayConfig(await configText(text), join(world.folder, "gateway.yaml"));
  world.gateway = await startGateway(config, makeLog().log);
}

export function setUp(world: World): void {
  const { folder, remove } = makeFolder();
  Object.assign(world, { folder, remove, clients: [], cookie: "" });
}

export async function tearDown(world: World): Promise<void> {
  for (const client of world.clients) await client.endAsync(true).catch(() => undefined);
  await world.gateway?.close();
  world.remove();
}

/** A terminal in a car: where it is, what it was asked. */
export async function car(
  world: World,
  name: string,
  northM: number | undefined,
): Promise<{ client: MqttClient; calls: BackupCall[] }> {
  const client = await joinBroker(world.gateway.ports.mqtt, name);
  world.clients.push(client);
  const calls: BackupCall[] = [];
  client.on("message", (_topic, payload) => calls.push(JSON.parse(payload.toString()) as BackupCall));
  await client.subscribeAsync(topicOf(backupCall, SITE, name), { qos: 1 });
  if (northM !== undefined) {
    const at = { ...HERE, lat: HERE.lat + northM / 111_035 };
    const here = { ...envelope(name), ...at, posSigmaM: 8, status: "available" };
    await client.publishAsync(topicOf(backupUnit, SITE, name), JSON.stringify(here), { qos: 1, retain: true });
  }
  return { client, calls };
}

export async function robot(world: World): Promise<MqttClient> {
  const client = await joinBroker(world.gateway.ports.mqtt, "r1");
  world.clients.push(client);
  return client;
}

export const fallen = (event: string): RobotEvent => ({
  ...envelope("r1"),
  event,
  rule: "fallen-person",
  text: "Somebody seems to lie on the ground, for 6 s",
  reasons: [{ fact: "lying for", value: 6, limit: 5, unit: "s" }],
  place: { ...HERE, ellipse95: { semiMajorM: 2, semiMinorM: 1, azimuthDeg: 0 } },
  probability: 1,
  probabilityKnown: false,
  tracks: ["t1"],
  since: "2026-11-22T18:04:12.000000000Z",
});

export async function ask(world: World, method: string, path: string, body?: unknown, user = "ann"): Promise<Response> {
  const base = `http://127.0.0.1:${world.gateway.ports.http}`;
  const headers = { "content-type": "application/json" };
  const logIn = async (name: string) => {
    const answer = await fetch(`${base}/api/session`, {
      method: "POST",
      headers,
      body: JSON.stringify({ user: name, password: PASSWORD }),
    });
    return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  };
  if (user === "ann") world.cookie ||= await logIn("ann");
  const mine = user === "ann" ? world.cookie : await logIn(user);
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(base + path, { method, headers: { ...headers, cookie: mine }, ...init });
}
export async function listed(world: World): Promise<{ calls: BackupState[]; units: UnitView[] }> {
  return (await (await ask(world, "GET", "/api/backup")).json()) as { calls: BackupState[]; units: UnitView[] };
}
export async function detail(world: World, incident: string): Promise<IncidentDetail> {
  return (await (await ask(world, "GET", `/api/incidents/${incident}`)).json()) as IncidentDetail;
}
export const units = (world: World, count: number) =>
  until(
    "the units' places",
    async () => (await listed(world)).units.filter(({ place }) => place).length >= count,
    WITHIN_MS,
  );
export const statusOf = (world: World, status: BackupState["status"]) =>
  until(
    `a call that is ${status}`,
    async () => (await listed(world)).calls.find((call) => call.status === status),
    WITHIN_MS,
  );
