/** The call for backup through a whole gateway: broker, disk, record, API. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import { type BackupCall, type BackupState, backupAnswer, backupCall } from "#contract/backup.ts";
import { robotCommand, robotEvent, robotPose, robotState } from "#contract/robot.ts";
import { topicOf } from "#contract/topics.ts";
import { parseGatewayConfig } from "../config.ts";
import { envelope, joinBroker, publish, SITE, until } from "../testing.ts";
import {
  ask,
  backup,
  car,
  configText,
  detail,
  fallen,
  HERE,
  listed,
  robot,
  setUp,
  start,
  statusOf,
  tearDown,
  units,
  WITHIN_MS,
  type World,
} from "./testing.ts";

const test = suite<World>("backup", {} as World);
test.before.each(setUp);
test.after.each(tearDown);

test("a robot's event opens an incident and, where its rule may, calls the nearest car; its yes stands on the record, chain whole", async (world) => {
  await start(world, backup("  detour: 1.3").replaceAll("answerS: 1 ", "answerS: 60 "));
  const near = await car(world, "car-1", 1000);
  const far = await car(world, "car-2", 4000);
  await units(world, 2);
  const r1 = await robot(world);
  await publish(r1, robotEvent, "r1", fallen("e1"));
  const call = await until("the call", () => near.calls[0], WITHIN_MS);
  // 1000 m x 1.3 at 9 m/s.
  assert.ok(Math.abs((call.etaS ?? 0) - 144) < 1, `${call.etaS}`);
  assert.deepEqual([call.incident, call.task.kind, call.calledBy.how, call.ring], ["e1", "assist", "policy", 1]);
  assert.match(call.why, /^r1 reports somebody on the ground; the site has backup called/);
  const yes = { call: call.call, unit: "car-1", answer: "accepted" as const, text: "on our way" };
  await publish(near.client, backupAnswer, "car-1", { ...envelope("car-1"), ...yes });
  const state = await statusOf(world, "acknowledged");
  assert.equal(state.asked[0]?.text, "on our way");
  assert.equal(far.calls.length, 0);

  // The same event again, and the same rule at the same place: one incident, one call.
  await publish(r1, robotEvent, "r1", fallen("e1"));
  await publish(r1, robotEvent, "r1", fallen("e2"));
  await until(
    "the second event",
    async () => (await detail(world, "e1")).timeline.some(({ kind }) => kind === "note"),
    WITHIN_MS,
  );
  const { incident, timeline, chain } = await detail(world, "e1");
  assert.deepEqual([incident.kind, incident.status, incident.place?.lat], ["event", "unreviewed", HERE.lat]);
  assert.equal(chain.ok, true);
  // Nobody has measured how often that rule is right: neither state nor record says that it is certain.
  assert.deepEqual([incident.probabilityKnown, incident.what], [false, "somebody on the ground"]);
  assert.match(timeline[0]?.text ?? "", /^r1 reports, probability not measured: /);
  const backups = timeline.filter(({ kind }) => kind === "backup").map(({ by, text }) => `${by}: ${text}`);
  assert.equal(backups.length, 2, backups.join("\n"));
  assert.match(backups[0] ?? "", /^r1: backup called by r1: .*ring 1, asked car-1 \(144 s away/);
  assert.match(backups[1] ?? "", /^car-1: car-1 comes: on our way/);
  assert.equal((await listed(world)).calls.length, 1);

  // Somebody who is on their way is not asked for another place, though their terminal still says that they are free.
  const second = (await (await ask(world, "POST", "/api/backup", { ...HERE, why: "another" })).json()) as BackupState;
  assert.deepEqual(
    [second.asked.map(({ unit }) => unit), second.passedOver.find(({ unit }) => unit === "car-1")?.why],
    [["car-2"], "it is busy"],
  );
});

test("an event whose rule may not call waits for a person: confirmed, it calls; dismissed, it would not have", async (world) => {
  await start(world, backup().replaceAll("answerS: 1 ", "answerS: 60 "));
  const near = await car(world, "car-1", 1000);
  await units(world, 1);
  const r1 = await robot(world);
  const far = { ...HERE, lat: HERE.lat + 0.01 };
  const place = { ...far, ellipse95: { semiMajorM: 2, semiMinorM: 1, azimuthDeg: 0 } };
  await publish(r1, robotEvent, "r1", { ...fallen("e1"), rule: "loitering" });
  await publish(r1, robotEvent, "r1", { ...fallen("e2"), rule: "loitering", place });
  await until("both incidents", async () => (await ask(world, "GET", "/api/incidents/e2")).status === 200, WITHIN_MS);
  const dismiss = { status: "dismissed", reason: "waits for the bus", version: 1 };
  assert.equal((await ask(world, "POST", "/api/incidents/e1/verdict", dismiss)).status, 200);
  assert.equal((await listed(world)).calls.length, 0);
  const confirm = { status: "confirmed", reason: "seen on the camera", version: 1 };
  assert.equal((await ask(world, "POST", "/api/incidents/e2/verdict", confirm)).status, 200);
  const call = await until("the call", () => near.calls[0], WITHIN_MS);
  assert.deepEqual([call.incident, call.calledBy.how, call.calledBy.by], ["e2", "person", "ann"]);
  assert.match(call.why, /event confirmed by ann: seen on the camera/);
});

test("nobody answers: the nearest, the next ring, the district, then unanswered, each step on the record", async (world) => {
  await start(world, backup());
  const near = await car(world, "car-1", 1000);
  const far = await car(world, "car-2", 4000);
  await units(world, 2);
  const pressed = await ask(world, "POST", "/api/backup", { ...HERE, why: "officer in need" });
  const opened = (await pressed.json()) as BackupState;
  assert.deepEqual([pressed.status, opened.status, opened.rings, opened.calledBy.by], [200, "calling", 3, "ann"]);
  const state = await statusOf(world, "unanswered");
  assert.match(state.text, /nobody comes: 2 asked/);
  await until("every asking heard", () => near.calls.length >= 2 && far.calls.length >= 2, WITHIN_MS);
  assert.deepEqual(
    near.calls.map(({ ring }) => ring),
    [1, 3],
  );
  assert.deepEqual(
    far.calls.map(({ ring }) => ring),
    [2, 3],
  );
  const { timeline, chain, incident } = await detail(world, opened.incident);
  assert.equal(incident.kind, "backup");
  assert.deepEqual(
    timeline.filter(({ kind }) => kind === "backup").map(({ by }) => by),
    ["ann", "gateway", "gateway", "gateway"],
  );
  assert.equal(chain.ok, true);
});

test("a gateway that is restarted in the middle goes on: asks again who had not answered, then the next ring; nothing twice on the record", async (world) => {
  const text = backup().replace("{ withinS: 200, most: 1, answerS: 1 }", "{ withinS: 200, most: 1, answerS: 4 }");
  await start(world, text.replace("district: { answerS: 1", "district: { answerS: 60"));
  const near = await car(world, "car-1", 1000);
  await car(world, "car-2", 4000);
  await units(world, 2);
  const opened = (await (await ask(world, "POST", "/api/backup", { ...HERE, why: "help" })).json()) as BackupState;
  await until("the first asking", () => near.calls.length === 1, WITHIN_MS);
  for (const client of world.clients.splice(0)) await client.endAsync(true);
  await world.gateway.close();
  world.cookie = "";

  await start(world, text.replace("district: { answerS: 1", "district: { answerS: 60"));
  const again = await car(world, "car-1", undefined);
  const other = await car(world, "car-2", undefined);
  const call = await until(
    "an asking after the restart",
    () => other.calls[0] ?? again.calls.find(({ ring }) => ring > 1),
    WITHIN_MS,
  );
  // 4000 m x 1.35 at 9 m/s, from where it said it was before the restart.
  assert.deepEqual([call.call, call.ring, Math.round((call.etaS ?? 0) / 10)], [opened.call, 2, 60]);
  await publish(other.client, backupAnswer, "car-2", {
    ...envelope("car-2"),
    call: opened.call,
    unit: "car-2",
    answer: "onScene",
  });
  await statusOf(world, "onScene");
  const { timeline, chain } = await detail(world, opened.incident);
  assert.equal(chain.ok, true);
  const texts = timeline.filter(({ kind }) => kind === "backup").map((entry) => entry.text);
  assert.equal(new Set(texts).size, texts.length, texts.join("\n"));
});

test("an answer in another's name is not taken; a unit may not say what the gateway says, nor order a robot", async (world) => {
  await start(world, backup().replaceAll("answerS: 1 ", "answerS: 60 "));
  const near = await car(world, "car-1", 1000);
  const far = await car(world, "car-2", 4000);
  await units(world, 2);
  const opened = (await (await ask(world, "POST", "/api/backup", { ...HERE, why: "help" })).json()) as BackupState;
  await until("the asking", () => near.calls.length === 1, WITHIN_MS);
  const yes = { call: opened.call, unit: "car-1", answer: "accepted" as const };
  await publish(far.client, backupAnswer, "car-2", { ...envelope("car-2"), ...yes });
  // Said after it by the one that was asked: when this is in, the other has been looked at.
  await publish(near.client, backupAnswer, "car-1", { ...envelope("car-1"), ...yes, answer: "declined" });
  await until("the no", async () => (await listed(world)).calls[0]?.asked[0]?.answer === "declined", WITHIN_MS);
  await near.client.endAsync(true);
  for (const channel of [backupCall, robotCommand]) {
    const rogue = await joinBroker(world.gateway.ports.mqtt, "car-1");
    world.clients.push(rogue);
    const shut = new Promise<void>((resolve) => rogue.once("close", () => resolve()));
    rogue.publish(topicOf(channel, SITE, "r1"), "{}", { qos: 1 });
    await shut;
  }
});

test("a robot is sent by a person, by name, and told who approved; without one it is never asked; reviewers may not call", async (world) => {
  await start(world, backup().replaceAll("answerS: 1 ", "answerS: 60 "));
  await car(world, "car-1", 1000);
  const r1 = await robot(world);
  const calls: BackupCall[] = [];
  r1.on("message", (_topic, payload) => calls.push(JSON.parse(payload.toString()) as BackupCall));
  await r1.subscribeAsync(topicOf(backupCall, SITE, "r1"), { qos: 1 });
  const still = { speedMps: 0, yawRateDegS: 0 };
  await publish(r1, robotState, "r1", {
    ...envelope("r1"),
    tickMs: 1,
    phase: "patrolling",
    why: "on its rounds",
    emergencyStop: { link: "up", latched: false, pressed: false },
    drive: { wanted: still, given: still, limits: [] },
    sensors: {},
    rulesOff: [],
    cruiseMps: 0.8,
    answers: [],
  });
  await publish(r1, robotPose, "r1", {
    ...envelope("r1"),
    tickMs: 1,
    ...HERE,
    ellipse95: { semiMajorM: 1, semiMinorM: 1, azimuthDeg: 0 },
    headingDeg: 0,
    headingSigmaDeg: 1,
    speedMps: 0,
    yawRateDegS: 0,
    covariance: [0.1, 0, 0, 0.1, 0, 0.01],
    odometry: { xM: 0, yM: 0, yawDeg: 0 },
    gnss: { state: "used", ageS: 0.1 },
    rejected: {},
  });
  await units(world, 2);
  const refused = await ask(world, "POST", "/api/backup", { ...HERE, why: "help" }, "bob");
  assert.equal(refused.status, 403);
  const opened = (await (await ask(world, "POST", "/api/backup", { ...HERE, why: "help" })).json()) as BackupState;
  assert.deepEqual(
    opened.asked.map(({ unit }) => unit),
    ["car-1"],
  );
  assert.ok(opened.passedOver.every(({ unit }) => unit !== "r1") || opened.passedOver.length > 0);
  const sent = await ask(world, "POST", `/api/backup/${opened.call}/robot`, { robot: "r1", why: "to have a look" });
  assert.equal(sent.status, 200);
  const call = await until("the robot's call", () => calls[0], WITHIN_MS);
  assert.deepEqual(call.task.kind === "goAndReport" && [call.task.approved.by, call.task.approved.why], [
    "ann",
    "to have a look",
  ]);
  const nobody = await ask(world, "POST", `/api/backup/${opened.call}/robot`, { robot: "r9", why: "x" });
  assert.equal(nobody.status, 409);
  const hold = ask(world, "POST", "/api/robots/r1/hold", {});
  assert.equal((await hold).status, 504, "a robot that does not answer is said not to");
});

test("a unit behind a webhook: told with the call's reason; a server that refuses three times is passed over at once", async (world) => {
  const posts: { url: string; body: BackupCall; auth: string | undefined }[] = [];
  const read = async (request: IncomingMessage) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString()) as BackupCall;
  };
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      posts.push({ url: request.url ?? "", body, auth: request.headers.authorization });
      response.statusCode = request.url === "/broken" ? 503 : 204;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const at = "position: { lat: 40.44, lon: -79.99 }";
    const hooked = `
    - { name: station, contact: { kind: webhook, url: "${url}/broken" }, ${at} }
    - { name: ward, contact: { kind: webhook, url: "${url}/ward", token: "secret-token" }, ${at.replace("40.44", "40.47")} }`;
    await start(world, backup("", hooked).replaceAll("answerS: 1 ", "answerS: 60 "));
    const opened = (await (await ask(world, "POST", "/api/backup", { ...HERE, why: "help" })).json()) as BackupState;
    assert.deepEqual(
      opened.asked.map(({ unit }) => unit),
      ["station"],
    );
    const post = await until("the next unit's", () => posts.find(({ url }) => url === "/ward"), WITHIN_MS);
    assert.deepEqual([post.body.why, post.auth, post.body.ring], ["help", "Bearer secret-token", 2]);
    assert.equal(posts.filter(({ url }) => url === "/broken").length, 3);
    const said = await ask(world, "POST", `/api/backup/${opened.call}/answer`, {
      unit: "ward",
      answer: "accepted",
      text: "by phone",
    });
    const state = (await said.json()) as BackupState;
    assert.equal(state.status, "acknowledged");
    assert.match(state.asked.find(({ unit }) => unit === "ward")?.text ?? "", /by phone; typed in by ann/);
    assert.match(
      state.asked.find(({ unit }) => unit === "station")?.text ?? "",
      /not reached: the webhook answered 503/,
    );
  } finally {
    server.close();
  }
});

test("a unit with an mqtt contact but no credential is a fault of the configuration that names it", async () => {
  const text = (await configText(backup("", "    - { name: ghost, contact: { kind: mqtt } }"))).replace(
    "dataDir: data",
    "dataDir: d",
  );
  assert.throws(
    () => parseGatewayConfig(text, "g.yaml"),
    /backup\.units\.2: 'ghost' needs an entry under nodes with parties: \[unit\]/,
  );
});

test.run();
