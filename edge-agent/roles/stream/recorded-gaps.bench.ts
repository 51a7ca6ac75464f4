/**
 * What a fault costs a recording, with everything as it is installed: a camera's RTSP stream, an agent, a gateway with its relay, an incident that
 * records. Each part is killed in turn and started again at once, as systemd does; the incident's own record says how long there was no picture, and
 * every part of the recording is decoded at the end.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { IncidentDetail } from "#contract/ops-api.ts";
import type { IncidentVideo } from "#contract/video.ts";
import {
  joinBroker,
  makeConfigText,
  makeShot,
  now,
  PASSWORD,
  publishShot,
  SITE,
  secretOf,
  until,
} from "#gateway/testing.ts";
import { startCameras } from "#sim/camera/start-cameras.ts";

const WAIT_MS = 60_000;
const tocsin = join(import.meta.dirname, "..", "..", "..", "bin", "tocsin");
const folder = mkdtempSync(join(tmpdir(), "tocsin-gaps-"));
const print = (figure: object) =>
  process.stdout.write(
    `${JSON.stringify({ bench: "video recovery", ...figure, load: Number(loadavg()[0]!.toFixed(1)) })}\n`,
  );
const running = new Set<ChildProcess>();

function start(args: readonly string[]): ChildProcess {
  const child = spawn(tocsin, args, { stdio: ["ignore", "pipe", "ignore"] });
  running.add(child);
  return child;
}

/** Gone for certain, and nobody warned. */
async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  running.delete(child);
}

let ports = { mqtt: 0, http: 0 };
const gatewayFile = join(folder, "gateway.yaml");
const video =
  "flows: { enabled: false }\nvideo: { relay: { addresses: [127.0.0.1] }, record: { segmentS: 2 }, incidents: { radiusM: 500 } }";

async function startGateway(): Promise<ChildProcess> {
  const text = await makeConfigText(join(folder, "gateway"), video);
  const listen = `listen: { mqtt: { port: ${ports.mqtt} }, http: { port: ${ports.http} } }`;
  writeFileSync(gatewayFile, text.replace(/^listen: .*$/m, listen), { mode: 0o600 });
  const child = start(["gateway", "--config", gatewayFile, "--json"]);
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.startsWith("{")) continue;
    const { mqtt, http } = JSON.parse(line) as typeof ports;
    ports = { mqtt, http };
    break;
  }
  child.stdout!.resume();
  return child;
}

let cookie = "";
async function ask(path: string): Promise<Response> {
  const base = `http://127.0.0.1:${ports.http}`;
  const answer = await fetch(base + path, { headers: { cookie } });
  if (answer.status !== 401) return answer;
  const session = await fetch(`${base}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: "bob", password: PASSWORD }),
  });
  cookie = (session.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return fetch(base + path, { headers: { cookie } });
}
const recorded = async () => (await (await ask("/api/incidents/i1/video")).json()) as IncidentVideo;

const cameras = await startCameras({
  cameras: [
    {
      name: "front",
      pose: { eastM: 0, northM: 0, upM: 6, yawDeg: 0, pitchDeg: -10, fovDeg: 70 },
      bitrateBps: 1_000_000,
    },
  ],
});
try {
  let gateway = await startGateway();
  const agentFile = join(folder, "agent.json");
  const stream = {
    gatewayUrl: `http://127.0.0.1:${ports.http}`,
    cameras: [{ kind: "rtsp", name: "front", url: cameras.urls.front!.url, preRollS: 0 }],
  };
  writeFileSync(
    agentFile,
    JSON.stringify({
      site: SITE,
      node: "n01",
      broker: { url: `mqtt://127.0.0.1:${ports.mqtt}`, secret: secretOf("n01"), keepaliveS: 5 },
      dataDir: join(folder, "n01"),
      clock: { source: "system" },
      roles: { stream },
    }),
    { mode: 0o600 },
  );
  const startAgent = () => {
    const child = start(["agent", "--config", agentFile]);
    child.stdout!.resume();
    return child;
  };
  let agent = startAgent();
  await until(
    "the camera",
    async () => JSON.stringify(await (await ask("/api/video/streams")).json()).includes("n01.front"),
    WAIT_MS,
  );
  const tri = await joinBroker(ports.mqtt, "tri");
  await publishShot(tri, makeShot({ time: now(), lat: 40.4401, lon: -79.9901 }));
  await tri.endAsync();
  const segments = async () => (await recorded()).recordings.reduce((sum, each) => sum + each.segments.length, 0);

  const afterFault = async (figure: string, fault: () => Promise<unknown>, from: "fault" | "mended" = "fault") => {
    const before = await segments().catch(() => 0);
    await until("a recording that runs", async () => (await segments()) > before, WAIT_MS);
    const faultMs = Date.now();
    await fault();
    const mendedMs = Date.now();
    const gap = await until(
      "the picture on the record again",
      async () => {
        const { gaps } = await recorded().catch(() => ({ gaps: [] as IncidentVideo["gaps"] }));
        // It begins at the last picture, a moment before.
        return gaps.find(({ from: at, to }) => to !== undefined && Date.parse(at) > faultMs - 1_000);
      },
      WAIT_MS,
    );
    const beganMs = from === "fault" ? Date.parse(gap.from) : mendedMs;
    const value = (Date.parse(gap.to!) - beganMs) / 1000;
    print({ figure, value, unit: "s", wanted: "<= 5", why: gap.why });
  };

  const relayOf = () => {
    const children = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8").trim().split(" ");
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("relay/main.ts")));
  };
  await afterFault("gap in the recording: the relay killed", async () => process.kill(relayOf(), "SIGKILL"));
  await afterFault("gap in the recording: the agent killed, its start included", async () => {
    await kill(agent);
    agent = startAgent();
  });
  await afterFault("gap in the recording: the gateway killed, its start included", async () => {
    await kill(gateway);
    gateway = await startGateway();
  });
  await afterFault(
    "no picture on the record after the camera is plugged in again",
    async () => {
      cameras.unplug("front");
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      cameras.plug("front");
    },
    "mended",
  );

  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { recordings, gaps } = await recorded();
  let unplayable = 0;
  let pictures = 0;
  const probe = "-v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 -".split(" ");
  for (const { recording, segments } of recordings) {
    const input = Buffer.from(await (await ask(`/api/video/recordings/${recording}/video`)).arrayBuffer());
    const { stderr, stdout } = spawnSync("ffprobe", probe, { input, encoding: "utf8", maxBuffer: 1e8 });
    const whole = stderr === "" && Number.parseInt(stdout, 10) > 0;
    if (whole) pictures += Number.parseInt(stdout, 10);
    else {
      unplayable++;
      process.stderr.write(`${recording}: ${input.length} bytes, ${JSON.stringify({ segments, stdout, stderr })}\n`);
    }
  }
  const { timeline, chain } = (await (await ask("/api/incidents/i1")).json()) as IncidentDetail;
  const said = timeline.filter(({ text }) => text.startsWith("no picture of n01.front")).length;
  print({
    figure: "parts of the recording that do not decode to the end without a fault",
    value: unplayable,
    unit: "",
    wanted: "0",
    of: recordings.length,
    pictures,
    gaps: gaps.length,
    gapsOnTheTimeline: said,
    chainOk: chain.ok,
  });
} finally {
  for (const child of running) await kill(child);
  await cameras.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
