/** The video part in a whole gateway: a node is asked, publishes through the gateway's HTTP, is watched and recorded, and comes back. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { suite } from "uvu";
import { type Channel, type MessageOf, parseMessage } from "#contract/channel.ts";
import type { IncidentDetail, LiveEvent } from "#contract/ops-api.ts";
import { filterOf } from "#contract/topics.ts";
import {
  type IncidentVideo,
  type StreamView,
  type VideoWant,
  videoState,
  videoWant,
  type WatchGrant,
} from "#contract/video.ts";
import { type Gateway, startGateway } from "../main.ts";
import { type Camera, hasFfmpeg, startCamera } from "../relay/camera.testing.ts";
import { closeClients, publish as publishVideo, send, watch } from "../relay/clients.testing.ts";
import {
  envelope,
  joinBroker,
  makeConfig,
  makeFolder,
  makeLog,
  makeShot,
  PASSWORD,
  publish,
  publishShot,
  SITE,
  until,
} from "../testing.ts";
import { openVideoStore } from "./store.ts";

const WAIT_MS = 30_000;
const VIDEO = "flows: { enabled: false }\nvideo: { relay: { addresses: [127.0.0.1] }, record: { segmentS: 1 } }";
const json = { "content-type": "application/json" };

interface World {
  gateway: Gateway;
  base: string;
  folder: string;
  remove: () => void;
  node: MqttClient;
  wants: VideoWant[];
}
const test = suite<World>("video", {} as World);

async function start(world: World): Promise<void> {
  const { log, lines } = makeLog();
  world.gateway = await startGateway(await makeConfig(world.folder, VIDEO), log);
  world.base = `http://127.0.0.1:${world.gateway.ports.http}`;
  world.node = await joinBroker(world.gateway.ports.mqtt, "n01");
  world.wants = [];
  world.node.on("message", (_, payload) => {
    const parsed = parseMessage(videoWant, payload);
    if (parsed.ok) world.wants.push(parsed.message);
  });
  await world.node.subscribeAsync(filterOf(videoWant, SITE, "n01"), { qos: 1 });
  await say(world.node, videoState, {
    ...envelope("n01"),
    cameras: [{ camera: "front", stream: "n01.front", phase: "idle", cameraOk: true, label: "towards the market" }],
  });
  await until("the relay", () => lines.some((line) => line.includes("the relay listens")), WAIT_MS);
}

const say = <C extends Channel>(client: MqttClient, channel: C, message: MessageOf<C>) =>
  publish(client, channel, "n01", message);

const cookies = new Map<string, string>();
async function ask(world: World, user: string, method: string, path: string, body?: unknown): Promise<Response> {
  if (!cookies.has(user)) {
    const answer = await fetch(`${world.base}/api/session`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ user, password: PASSWORD }),
    });
    cookies.set(user, (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "");
  }
  const headers = { cookie: cookies.get(user) as string, ...(body !== undefined && json) };
  return fetch(world.base + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

const incidentVideo = async (world: World, id: string) =>
  (await (await ask(world, "ann", "GET", `/api/incidents/${id}/video`)).json()) as IncidentVideo;
const timeline = async (world: World, id: string) =>
  (await (await ask(world, "bob", "GET", `/api/incidents/${id}`)).json()) as IncidentDetail;

async function fire(world: World, incident: string): Promise<void> {
  const tri = await joinBroker(world.gateway.ports.mqtt, "tri");
  await publishShot(tri, makeShot({ id: `${incident}-s`, incident, lat: 40.4401, lon: -79.9901 }));
  await tri.endAsync();
}

const wantFor = (world: World, incident: string) =>
  until("the want", () => world.wants.find((want) => want.incident === incident), WAIT_MS);

test.before(async (world) => {
  Object.assign(world, makeFolder());
  await start(world);
});
test.after.each(closeClients);
test.after(async (world) => {
  await world.node.endAsync(true);
  await world.gateway.close();
  world.remove();
});

test("an incident asks the nearest camera for its picture and for what it saw before, and who watches is on its record", async (world) => {
  await fire(world, "w1");
  const want = await wantFor(world, "w1");
  assert.deepEqual(
    [want.camera, want.stream, want.whipUrl, want.preRollS, want.lookAt?.lat],
    ["front", "n01.front", "/video/whip/n01.front", 30, 40.4401],
  );
  const publisher = await publishVideo(world.base, want.stream, want.token);
  await publisher.connected;
  const grant = (await (
    await ask(world, "ann", "POST", "/api/video/watch", { stream: "n01.front", incident: "w1" })
  ).json()) as WatchGrant;
  const viewer = await watch(world.base, grant.stream, grant.token);
  await viewer.connected;
  publisher.picture(true);
  await until("the picture", () => viewer.packets.length > 0, WAIT_MS);
  const view = await until(
    "one viewer",
    async () => {
      const { streams } = (await (await ask(world, "ann", "GET", "/api/video/streams")).json()) as {
        streams: StreamView[];
      };
      return streams.find(({ stream, viewers, live }) => stream === "n01.front" && viewers === 1 && live);
    },
    WAIT_MS,
  );
  assert.deepEqual(
    [view.live, view.watchedBy, view.label, view.recordingFor],
    [true, ["ann"], "towards the market", ["w1"]],
  );
  await send("DELETE", viewer.location, grant.token);
  const texts = async () => (await timeline(world, "w1")).timeline.map(({ by, text }) => `${by}: ${text}`);
  await until("the end of the look", async () => (await texts()).includes("ann: stopped watching n01.front"), WAIT_MS);
  assert.ok((await texts()).includes("ann: watches n01.front"));
  assert.ok((await timeline(world, "w1")).chain.ok);
});

test("nobody watches without a log-in, a technician not at all, and a token for one stream opens no other", async (world) => {
  const body = { stream: "n01.front" };
  assert.equal(
    (await fetch(`${world.base}/api/video/watch`, { method: "POST", headers: json, body: JSON.stringify(body) }))
      .status,
    401,
  );
  assert.equal((await ask(world, "tom", "POST", "/api/video/watch", body)).status, 403);
  assert.equal((await ask(world, "ann", "POST", "/api/video/watch", { stream: "n99.front" })).status, 404);
  const grant = (await (await ask(world, "ann", "POST", "/api/video/watch", body)).json()) as WatchGrant;
  assert.equal((await send("POST", `${world.base}/video/whep/n01.back`, grant.token, "v=0")).status, 403);
  assert.equal((await send("POST", `${world.base}/video/whip/n01.front`, grant.token, "v=0")).status, 403);
  assert.equal((await send("POST", `${world.base}/video/whep/n01.front`, undefined, "v=0")).status, 401);
});

test("a dismissed incident's recording ends, though another incident and a viewer want the same camera", async (world) => {
  await fire(world, "d1");
  await wantFor(world, "d1");
  for (const [id, left] of [
    ["w1", ["d1"]],
    ["d1", []],
  ] as const) {
    await ask(world, "ann", "GET", `/api/incidents/${id}`);
    const { incident } = await timeline(world, id);
    const verdict = { status: "dismissed", reason: "a test", version: incident.version };
    assert.equal((await ask(world, "ann", "POST", `/api/incidents/${id}/verdict`, verdict)).status, 200);
    const view = await until(
      `recorded for [${left}]`,
      async () => {
        const { streams } = (await (await ask(world, "ann", "GET", "/api/video/streams")).json()) as {
          streams: StreamView[];
        };
        const camera = streams.find(({ stream }) => stream === "n01.front");
        return camera?.recordingFor.join() === left.join() ? camera : undefined;
      },
      WAIT_MS,
    );
    // Ann's own look, for w1, holds the picture and not the recording.
    assert.ok(Date.parse(view.wantedUntil ?? "") > Date.now());
  }
});

if (!hasFfmpeg) console.error("skipped: ffmpeg is not installed");
else
  test("a recording goes on over a killed relay: every part plays, hashes are on the record, the gap is too", async (world) => {
    await fire(world, "r1");
    const want = await wantFor(world, "r1");
    let current = await publishVideo(world.base, want.stream, want.token, { codec: "H264" });
    await current.connected;
    let camera: Camera | undefined;
    try {
      camera = await startCamera({ codec: "H264", group: 15 }, (packet) => current.write(packet));
      const segments = async () => (await incidentVideo(world, "r1")).recordings.flatMap((each) => each.segments);
      await until("two segments", async () => (await segments()).length >= 2, WAIT_MS);
      const pid = relayPid(world);
      process.kill(pid, "SIGKILL");
      const killedMs = Date.now();
      // As a node does: again and again, until somebody takes it.
      const again = await until(
        "a new session",
        () => publishVideo(world.base, want.stream, want.token, { codec: "H264" }).catch(() => undefined),
        WAIT_MS,
      );
      current = again;
      await again.connected;
      const found = await until(
        "a closed gap",
        async () => {
          const video = await incidentVideo(world, "r1");
          return video.gaps.some(({ to }) => to !== undefined) &&
            video.recordings.filter(({ segments: all }) => all.length > 0).length >= 2
            ? video
            : undefined;
        },
        WAIT_MS,
      );
      const [gap] = found.gaps;
      const gapMs = Date.parse(gap?.to ?? "") - Date.parse(gap?.from ?? "");
      assert.ok(gapMs > 0 && gapMs < 15_000, `gap of ${gapMs} ms, ${Date.now() - killedMs} ms since the kill`);
      for (const { recording, format } of found.recordings) {
        const answer = await ask(world, "bob", "GET", `/api/video/recordings/${recording}/video`);
        assert.equal(answer.headers.get("content-type"), "video/mp4");
        const file = join(world.folder, `${recording}.${format}`);
        writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
        const { stderr, stdout } = spawnSync(
          "ffprobe",
          ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file],
          { encoding: "utf8" },
        );
        assert.equal(stderr, "", recording);
        assert.ok(Number(stdout) > 10, `${stdout} pictures`);
      }
      const { timeline: entries, chain } = await timeline(world, "r1");
      assert.ok(chain.ok);
      const hashes = entries.flatMap(({ data }) => (data as { sha256?: string }).sha256 ?? []);
      for (const { sha256 } of await segments()) assert.ok(hashes.includes(sha256));
      assert.ok(entries.some(({ text }) => text.startsWith("no picture of n01.front")));
      assert.ok(entries.some(({ text }) => text.startsWith("the picture of n01.front is back after")));
      const still = await ask(world, "ann", "GET", "/api/video/still/n01.front");
      assert.deepEqual([still.status, still.headers.get("content-type")], [200, "image/jpeg"]);
    } finally {
      await camera?.stop();
    }
  });

test("a gateway that comes back goes on with its wants and its recordings, and ends what ran out meanwhile", async (world) => {
  for (const id of ["g0", "g1"]) {
    await fire(world, id);
    await wantFor(world, id);
  }
  await world.node.endAsync(true);
  await world.gateway.close();
  const db = openVideoStore(join(world.folder, "video"));
  db.prepare("UPDATE want SET until_ms = ? WHERE key = 'incident:g0'").run(Date.now() - 1);
  db.close();
  await start(world);
  const want = await wantFor(world, "g1");
  assert.ok(Date.parse(want.until) > Date.now());
  const { streams } = await incidentVideo(world, "g1");
  const [camera] = streams;
  assert.deepEqual([camera?.recordingFor.includes("g0"), camera?.recordingFor.includes("g1")], [false, true]);
  const texts = (await timeline(world, "g0")).timeline.map(({ text }) => text);
  assert.ok(texts.includes("recording of n01.front ended"), texts.join("\n"));
});

test("live consoles hear of streams as they change", async (world) => {
  const socket = new WebSocket(`${world.base.replace("http", "ws")}/api/live`, {
    headers: { cookie: cookies.get("ann") },
  } as never);
  const events: LiveEvent[] = [];
  socket.addEventListener("message", ({ data }) => events.push(JSON.parse(String(data)) as LiveEvent));
  try {
    await until("the snapshot", () => events.length > 0, WAIT_MS);
    await say(world.node, videoState, {
      ...envelope("n01"),
      cameras: [{ camera: "front", stream: "n01.front", phase: "failed", why: "camera unplugged" }],
    });
    const event = await until("the event", () => events.find((each) => each.type === "video"), WAIT_MS);
    assert.equal(event.type === "video" && event.streams[0]?.why, "camera unplugged");
  } finally {
    socket.close();
  }
});

/** The child of this very process that runs the relay. */
function relayPid(world: World): number {
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const line = stdout.split("\n").find((each) => each.includes("gateway/relay/main.ts"));
  if (!line) throw new Error(`no relay among the children of ${world.folder}`);
  return Number(line.trim().split(" ")[0]);
}

test.run();
