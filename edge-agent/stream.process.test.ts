/**
 * An agent with the role `stream` and a whole gateway: somebody asks to watch, the node is told over MQTT, its camera comes to the viewer over WebRTC;
 * the gateway is stopped and started again, and the node sends by itself; an incident asks for the last seconds and gets them.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncidentVideo, StreamView, WatchGrant } from "#contract/video.ts";
import { type Gateway, startGateway } from "#gateway/main.ts";
import { closeClients, watch } from "#gateway/relay/clients.testing.ts";
import {
  joinBroker,
  makeConfig,
  makeFolder,
  makeLog,
  makeShot,
  PASSWORD,
  publishShot,
  SITE,
  secretOf,
  until,
} from "#gateway/testing.ts";
import { parseConfig } from "./config.ts";
import { runAgent } from "./main.ts";
import type { Log } from "./ports.ts";
import { roleTable } from "./role-table.ts";

const WAIT_MS = 60_000;
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Site {
  gateway: Gateway;
  base: string;
  ask(method: string, path: string, body?: unknown): Promise<Response>;
}

async function open(folder: string, ports: { mqtt: number; http: number }): Promise<Site> {
  const video = "video: { relay: { addresses: [127.0.0.1] }, record: { segmentS: 1 } }";
  const config = await makeConfig(folder, `flows: { enabled: false }\n${video}`);
  Object.assign(config.listen.mqtt ?? {}, { port: ports.mqtt });
  Object.assign(config.listen.http ?? {}, { port: ports.http });
  const { log, lines } = makeLog();
  const gateway = await startGateway(config, log);
  await until("the relay", () => lines.some((line) => line.includes("the relay listens")), WAIT_MS);
  const base = `http://127.0.0.1:${gateway.ports.http}`;
  const json = { "content-type": "application/json" };
  const session = await fetch(`${base}/api/session`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ user: "ann", password: PASSWORD }),
  });
  const cookie = (session.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return {
    gateway,
    base,
    ask: (method, path, body) =>
      fetch(base + path, {
        method,
        headers: { cookie, ...json },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  };
}

const picturesOf = (packets: readonly { header: { marker: boolean } }[]) =>
  packets.filter(({ header }) => header.marker).length;

const agentYaml = (folder: string, { mqtt, http }: { mqtt: number; http: number }) => `
site: ${SITE}
node: n01
position: { lat: 40.44, lon: -79.99, altM: 250 }
broker: { url: "mqtt://127.0.0.1:${mqtt}", secret: "${secretOf("n01")}" }
dataDir: ${join(folder, "n01")}
clock: { source: system }
heartbeatS: 1
logLevel: error
roles:
  stream:
    gatewayUrl: http://127.0.0.1:${http}
    cameras:
      - { kind: sim, name: front, label: "towards the market", widthPx: 320, heightPx: 180, framesPerS: 10, preRollS: 20, encoder: { bitrateBps: 200000, leastBitrateBps: 100000 } }
`;

if (spawnSync("ffmpeg", ["-version"]).error) {
  test("skipped: no ffmpeg here", () => {});
} else {
  test("asked for, watched, recorded with what was before, and back by itself after the gateway was away", async () => {
    const { folder, remove } = makeFolder();
    const stop = new AbortController();
    let site = await open(join(folder, "gateway"), { mqtt: 0, http: 0 });
    const { ports } = site.gateway;
    let running: Promise<void> | undefined;
    try {
      const config = await parseConfig(
        agentYaml(folder, ports),
        join(folder, "n01.yaml"),
        async (role) => (await roleTable[role]!()).schema,
      );
      running = runAgent(config, silent, stop.signal);
      running.catch(() => undefined);
      const view = async () => {
        const { streams } = (await (await site.ask("GET", "/api/video/streams")).json()) as { streams: StreamView[] };
        return streams.find(({ stream }) => stream === "n01.front");
      };
      const idle = await until("the camera's name", view, WAIT_MS);
      assert.equal([idle.label, idle.live], ["towards the market", false], "nothing is sent unasked");

      const grant = (await (await site.ask("POST", "/api/video/watch", { stream: "n01.front" })).json()) as WatchGrant;
      const viewer = await watch(site.base, "n01.front", grant.token);
      await until("five seconds of pictures at the viewer", () => picturesOf(viewer.packets) > 50, WAIT_MS);
      assert.ok(viewer.packets.every(({ kind }) => kind === "video"));
      await until(
        "the node's word",
        async () => (await view())?.phase === "live" && (await view())?.codec === "H264",
        WAIT_MS,
      );

      // An incident beside the camera asks for it, and for what was before.
      const tri = await joinBroker(ports.mqtt, "tri");
      await publishShot(tri, makeShot({ id: "s1", incident: "i-1" }));
      const kept = await until(
        "the recordings",
        async () => {
          const answer = await site.ask("GET", "/api/incidents/i-1/video");
          const { recordings } = (answer.ok ? await answer.json() : { recordings: [] }) as IncidentVideo;
          return recordings.some(({ preRoll, endedAt }) => preRoll && endedAt) &&
            recordings.some(({ preRoll, segments }) => !preRoll && segments.length > 0)
            ? recordings
            : undefined;
        },
        WAIT_MS,
      );
      const before = kept.find(({ preRoll }) => preRoll)!;
      const seconds = before.segments.reduce((sum, { durationS }) => sum + durationS, 0);
      assert.ok(seconds > 1.5 && seconds <= 25, `${seconds} s`);
      await tri.endAsync();
      await viewer.close();

      await site.gateway.close();
      site = await open(join(folder, "gateway"), ports);
      await until("live again by itself", async () => (await view())?.live, WAIT_MS);
    } finally {
      stop.abort();
      await running?.catch(() => undefined);
      await site.gateway.close();
      await closeClients();
      remove();
    }
  });
}

test.run();
