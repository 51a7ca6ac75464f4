import assert from "node:assert/strict";
import { suite } from "uvu";
import * as v from "valibot";
import { EvidenceBundle } from "#contract/evidence.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail, LiveEvent } from "#contract/ops-api.ts";
import { clipCut, clipWant } from "#contract/shot.ts";
import { filterOf } from "#contract/topics.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { type Gateway, startGateway } from "../main.ts";
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

interface World {
  gateway: Gateway;
  base: string;
  stop: () => Promise<void>;
}
const test = suite<World>("api", {} as World);

test.before(async (world) => {
  const { folder, remove } = makeFolder();
  world.gateway = await startGateway(await makeConfig(folder), makeLog().log);
  world.base = `http://127.0.0.1:${world.gateway.ports.http}`;
  world.stop = async () => {
    await world.gateway.close();
    remove();
  };
});
test.after((world) => world.stop());

const json = { "content-type": "application/json" };

async function logIn(world: World, user: string, password = PASSWORD): Promise<{ status: number; cookie: string }> {
  const answer = await fetch(`${world.base}/api/session`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ user, password }),
  });
  return { status: answer.status, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

/** Cookies of the users, got once: log-ins are limited. */
const cookies = new Map<string, string>();
async function as(world: World, user: string): Promise<Record<string, string>> {
  if (!cookies.has(user)) cookies.set(user, (await logIn(world, user)).cookie);
  return { cookie: cookies.get(user) ?? "" };
}

async function post(world: World, user: string, path: string, body: unknown, headers = {}): Promise<Response> {
  return fetch(world.base + path, {
    method: "POST",
    headers: { ...json, ...(await as(world, user)), ...headers },
    body: JSON.stringify(body),
  });
}

async function fire(world: World, incident: string): Promise<void> {
  const tri = await joinBroker(world.gateway.ports.mqtt, "tri");
  await publishShot(tri, makeShot({ id: `${incident}-s`, incident }));
  await tri.endAsync();
  await until("the incident", async () => {
    const answer = await fetch(`${world.base}/api/incidents/${incident}`, { headers: await as(world, "ann") });
    return answer.status === 200;
  });
}

test("nothing below /api is told to a stranger, and the error says what to do", async (world) => {
  for (const path of [
    "/api/session",
    "/api/site",
    "/api/incidents",
    "/api/incidents/i1",
    "/api/live",
    "/api/streets.geojson",
  ]) {
    const answer = await fetch(world.base + path);
    assert.equal(answer.status, 401, path);
    assert.equal(((await answer.json()) as { error: string }).error, "not logged in");
  }
});

test("a wrong password and an unknown user get the same answer", async (world) => {
  assert.equal((await logIn(world, "ann", "wrong password")).status, 401);
  assert.equal((await logIn(world, "zoe")).status, 401);
});

test("the session cookie cannot be read by scripts nor sent by other sites, and ends with the log-out", async (world) => {
  const answer = await fetch(`${world.base}/api/session`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ user: "ann", password: PASSWORD }),
  });
  const cookie = answer.headers.get("set-cookie") ?? "";
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Strict/);
  const headers = { cookie: cookie.split(";")[0] ?? "" };
  assert.equal((await fetch(`${world.base}/api/session`, { headers })).status, 200);
  assert.equal((await fetch(`${world.base}/api/session`, { method: "DELETE", headers })).status, 204);
  assert.equal((await fetch(`${world.base}/api/session`, { headers })).status, 401);
});

test("a request that another site's page sends is refused, also with a good cookie", async (world) => {
  await fire(world, "csrf");
  const answer = await post(world, "ann", "/api/incidents/csrf/take", {}, { origin: "https://evil.example" });
  assert.equal(answer.status, 403);
  const plain = await fetch(`${world.base}/api/incidents/csrf/note`, {
    method: "POST",
    headers: { ...(await as(world, "ann")), "content-type": "text/plain" },
    body: '{"text":"x"}',
  });
  assert.equal(plain.status, 400);
});

test("a verdict needs a reason, a person whose job it is, and the version they looked at", async (world) => {
  await fire(world, "v1");
  const path = "/api/incidents/v1/verdict";
  const ask = { status: "confirmed", reason: "casings found", version: 1 };
  const noReason = await post(world, "ann", path, { ...ask, reason: " " });
  assert.deepEqual([noReason.status, await noReason.json()], [400, { error: "a reason is needed", field: "reason" }]);
  assert.equal((await post(world, "tom", path, ask)).status, 403);
  assert.equal((await post(world, "ann", path, { ...ask, version: 9 })).status, 422);
  const done = (await (await post(world, "ann", path, ask)).json()) as IncidentState;
  assert.deepEqual([done.status, done.verdict?.by, done.version], ["confirmed", "ann", 2]);
  const late = await post(world, "bob", path, { ...ask, status: "dismissed" });
  assert.equal(late.status, 409);
  const undone = await post(world, "bob", path, { status: "unreviewed", reason: "wrong key", version: 2 });
  assert.equal(((await undone.json()) as IncidentState).status, "unreviewed");
  assert.equal((await post(world, "ann", "/api/incidents/none/verdict", ask)).status, 404);
});

test("who took, decided, noted and looked stands on a timeline whose chain holds", async (world) => {
  await fire(world, "t1");
  await post(world, "ann", "/api/incidents/t1/take", {});
  await post(world, "ann", "/api/incidents/t1/take", {});
  await post(world, "ann", "/api/incidents/t1/note", { text: "caller on line 2" });
  const answer = await fetch(`${world.base}/api/incidents/t1`, { headers: await as(world, "bob") });
  const detail = (await answer.json()) as IncidentDetail;
  assert.deepEqual(
    detail.timeline.map((entry) => `${entry.kind} ${entry.by}`),
    ["opened tri", "viewed ann", "taken ann", "note ann", "viewed bob"],
  );
  const read = async (user: string) =>
    (await fetch(`${world.base}/api/incidents/t1`, { headers: await as(world, user) })).text();
  assert.deepEqual(
    [/caller on line 2/.test(await read("ann")), /caller on line 2/.test(await read("tom"))],
    [true, false],
    "what was typed is not for the technician",
  );
  assert.deepEqual(detail.chain, { ok: true, length: 5 });
  assert.equal(detail.incident.takenBy?.by, "ann");
  assert.equal(detail.shots.length, 1);
});

test("the live connection starts with a snapshot, numbers its events without gaps, and brings an incident at once", async (world) => {
  const headers = await as(world, "ann");
  const socket = new WebSocket(`${world.base.replace("http", "ws")}/api/live`, { headers } as never);
  const events: LiveEvent[] = [];
  socket.addEventListener("message", ({ data }) => events.push(JSON.parse(String(data)) as LiveEvent));
  await until("the snapshot", () => events.length > 0);
  await fire(world, "live1");
  const event = await until("the incident", () =>
    events.find((e) => e.type === "incident" && e.incident.incident === "live1"),
  );
  assert.ok(event);
  await until("a health event", () => events.find((e) => e.type === "health"));
  socket.close();
  assert.equal(events[0]?.type, "snapshot");
  assert.deepEqual(
    events.map((e) => e.seq),
    events.map((_, i) => i + 1),
  );
});

test("the live connection is refused to strangers and to other sites' pages", async (world) => {
  const refused = (headers: Record<string, string>) =>
    new Promise<boolean>((resolve) => {
      const socket = new WebSocket(`${world.base.replace("http", "ws")}/api/live`, { headers } as never);
      socket.addEventListener("open", () => resolve(false));
      socket.addEventListener("error", () => resolve(true));
    });
  assert.equal(await refused({}), true);
  assert.equal(await refused({ ...(await as(world, "ann")), origin: "https://evil.example" }), true);
});

test("an incident's nodes are asked for their sounds, and a dispatcher hears them as WAV; a technician does not", async (world) => {
  const n01 = await joinBroker(world.gateway.ports.mqtt, "n01");
  const wants: { arrivals: string[] }[] = [];
  n01.on("message", (_, payload) => wants.push(JSON.parse(payload.toString())));
  await n01.subscribeAsync(filterOf(clipWant, SITE, "n01"), { qos: 1 });
  await fire(world, "c1");
  const want = await until("the wish", () => wants.find(({ arrivals }) => arrivals.includes("c1-s-n01")));
  const pcm = Buffer.alloc(16_000, 3);
  await publish(n01, clipCut, "n01", {
    ...envelope("n01"),
    arrival: want.arrivals[0] ?? "",
    incident: "c1",
    start: "2026-11-22T18:04:12Z",
    sampleRateHz: 16_000,
    onsetS: 0.2,
    pcm16: pcm.toString("base64"),
    pcmSha256: sha256Hex(pcm),
    voice: { speechProbability: 0, action: "passed" },
  });
  await n01.endAsync();
  const path = `${world.base}/api/incidents/c1/clips/c1-s-n01`;
  const answer = await until("the sound", async () => {
    const got = await fetch(path, { headers: await as(world, "ann") });
    return got.status === 200 ? got : undefined;
  });
  const wav = Buffer.from(await answer.arrayBuffer());
  assert.equal(wav.toString("latin1", 0, 4) + wav.toString("latin1", 8, 12), "RIFFWAVE");
  assert.equal(wav.readUInt32LE(24), 16_000);
  assert.ok(wav.subarray(44).equals(pcm));
  assert.equal((await fetch(path, { headers: await as(world, "tom") })).status, 403);
  const detail = (await (
    await fetch(`${world.base}/api/incidents/c1`, { headers: await as(world, "ann") })
  ).json()) as IncidentDetail;
  assert.ok(detail.timeline.some((entry) => entry.kind === "viewed" && entry.text === "was given the sound of n01"));
});

test("a reviewer takes the evidence away under the key that the gateway publishes; a technician and a pilot do not", async (world) => {
  await fire(world, "e1");
  const path = `${world.base}/api/incidents/e1/evidence`;
  const answer = await fetch(path, { headers: await as(world, "bob") });
  assert.match(answer.headers.get("content-disposition") ?? "", /filename="evidence-e1\.json"/);
  const bundle = v.parse(EvidenceBundle, await answer.json());
  const { keys } = (await (await fetch(`${world.base}/api/keys`)).json()) as { keys: { x: string }[] };
  assert.equal(bundle.key.x, keys[0]?.x);
  for (const user of ["tom", "pam"]) assert.equal((await fetch(path, { headers: await as(world, user) })).status, 403);
});

test("health and metrics need no log-in on this machine and say how things are; a proxy's visitors get no metrics", async (world) => {
  const health = await fetch(`${world.base}/healthz`);
  assert.deepEqual([health.status, ((await health.json()) as { bus: string }).bus], [200, "ok"]);
  const text = await (await fetch(`${world.base}/metrics`)).text();
  assert.match(text, /^tocsin_mqtt_refused\{why="rights"\} 0$/m);
  assert.match(text, /^tocsin_shots \d+$/m);
  const proxied = await fetch(`${world.base}/metrics`, { headers: { "x-forwarded-for": "203.0.113.9" } });
  assert.equal(proxied.status, 403);
});

test("every page carries a policy that runs no foreign script", async (world) => {
  const policy = (await fetch(`${world.base}/`)).headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
});

test("an unknown path, a foreign method and a huge body get a clear refusal, and the gateway goes on", async (world) => {
  const headers = await as(world, "ann");
  assert.equal((await fetch(`${world.base}/api/nothing`, { headers })).status, 404);
  assert.equal((await fetch(`${world.base}/api/incidents?limit=0`, { headers })).status, 400);
  assert.equal((await post(world, "ann", "/api/incidents/t1/note", { text: "x".repeat(70_000) })).status, 413);
  assert.equal((await fetch(`${world.base}/healthz`)).status, 200);
});

test("the eleventh log-in of a minute is refused", async (world) => {
  const statuses = [];
  for (let i = 0; i < 11; i++) statuses.push((await logIn(world, "ann", "wrong password")).status);
  assert.ok(statuses.includes(429), statuses.join());
});

test.run();
