/** What clients may publish and subscribe to, and how it reaches the others. */
import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type MqttClient } from "mqtt";
import { flightCommand } from "#contract/flight.ts";
import { incidentState } from "#contract/incident.ts";
import { nodeState } from "#contract/node.ts";
import { shotFixed, shotHeard } from "#contract/shot.ts";
import { filterOf, topicOf } from "#contract/topics.ts";
import { envelope, makeShot, publish, publishShot, SITE, until } from "./testing.ts";
import { brokerSuite, enter, said, state, type World } from "./testing-broker.ts";

const test = brokerSuite("broker");

/** Publishes and waits for the broker to close the connection. */
async function isCutOff(client: MqttClient, topic: string, message: unknown): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => client.once("close", () => resolve(true)));
  client.publish(topic, JSON.stringify(message), { qos: 1 }, () => {});
  return Promise.race([closed, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 3_000).unref())]);
}

test("publishing under another node's name closes the connection", async (world) => {
  assert.ok(await isCutOff(await enter(world, "n01"), topicOf(nodeState, SITE, "n02"), state("n02")));
  assert.equal(world.broker.counters.refused.rights, 1);
});

test("a lamppost may not publish a fix", async (world) => {
  const shot = { ...makeShot(), node: "n01" };
  assert.ok(await isCutOff(await enter(world, "n01"), topicOf(shotFixed, SITE, "n01"), shot));
});

test("another site's topics are closed", async (world) => {
  assert.ok(await isCutOff(await enter(world, "n01"), topicOf(nodeState, "elsewhere", "n01"), state("n01")));
});

for (const channel of ["flight/command", "control/token"]) {
  for (const node of ["n01", "tri", "d1"]) {
    test(`${node} may not publish ${channel}: only dispatch and logged-in pilots may`, async (world) => {
      assert.ok(await isCutOff(await enter(world, node), `tocsin/${SITE}/d1/${channel}`, {}));
      assert.equal(said(world, new RegExp(`'${channel}' is not for`)), 1);
    });
  }
  test(`a pilot's ${channel} is not refused for its sender`, async (world) => {
    const pam = await enter(world, "pam", { password: "correct horse battery" });
    await pam.publishAsync(`tocsin/${SITE}/d1/${channel}`, "{}", { qos: 1 });
    assert.equal(world.broker.counters.refused.rights, 0);
    assert.equal(world.broker.counters.refused.broken, 1);
  });
}

test("a broken message is acknowledged, counted, named and goes nowhere; its sender and the others go on", async (world) => {
  const [tri, n01] = [await enter(world, "tri"), await enter(world, "n01")];
  const got: string[] = [];
  n01.on("message", (topic) => got.push(topic));
  await n01.subscribeAsync(filterOf(shotFixed, SITE), { qos: 1 });
  const topic = topicOf(shotFixed, SITE, "tri");
  await tri.publishAsync(topic, "{broken", { qos: 1 });
  await tri.publishAsync(topic, JSON.stringify({ ...makeShot(), lat: 91 }), { qos: 1 });
  await tri.publishAsync(topic, JSON.stringify({ ...makeShot(), node: "n02" }), { qos: 1 });
  await publishShot(tri, makeShot());
  await until("the good one", () => got.length > 0);
  assert.deepEqual(got, [topic]);
  assert.equal(world.broker.counters.refused.broken, 3);
  assert.equal(said(world, /lat: must be -90 to 90 degrees/), 1);
  assert.equal(said(world, /node: 'n02' is not the sender 'tri'/), 1);
  assert.ok(tri.connected && n01.connected);
});

test("a message of a channel that this gateway does not know is counted and goes nowhere", async (world) => {
  const n01 = await enter(world, "n01");
  await n01.publishAsync(`tocsin/${SITE}/n01/weather/now`, "{}", { qos: 1 });
  assert.equal(world.broker.counters.refused.unknown, 1);
  assert.ok(n01.connected);
});

test("subscriptions wider than one channel, to unreadable channels, or to another's post are refused, with the rest granted", async (world) => {
  const n01 = await enter(world, "n01");
  const granted = async (filter: string) =>
    n01.subscribeAsync(filter, { qos: 1 }).then(
      () => true,
      () => false,
    );
  assert.equal(await granted("#"), false);
  assert.equal(await granted(`tocsin/${SITE}/#`), false);
  assert.equal(await granted(`tocsin/${SITE}/+/shot/+`), false);
  assert.equal(await granted("$SYS/#"), false);
  assert.equal(await granted("tocsin/+/+/incident/state"), false);
  assert.equal(await granted(`tocsin/${SITE}/+/clip/cut`), false);
  assert.equal(await granted(`tocsin/${SITE}/n02/clip/want`), false);
  assert.equal(await granted(`tocsin/${SITE}/+/clip/want`), false);
  assert.equal(await granted(`tocsin/${SITE}/n01/clip/want`), true);
  assert.equal(await granted(`tocsin/${SITE}/+/incident/state`), true);
  assert.equal(world.broker.counters.refused.subscription, 8);
});

test("a refused filter beside a granted one brings nothing, also after the session is taken up again", async (world) => {
  const n01 = await enter(world, "n01", { clean: false });
  await n01.subscribeAsync([filterOf(shotFixed, SITE), filterOf(shotHeard, SITE)], { qos: 1 }).catch(() => {});
  await n01.endAsync();
  const n02 = await enter(world, "n02");
  const heard = {
    ...envelope("n02"),
    toa: "2026-11-22T18:04:12.4Z",
    toaSigmaS: 0.0002,
    scores: { gunshot: 1, firework: 0, vehicle: 0, impact: 0, glass: 0, other: 0 },
    peakDbFs: -10,
    onsetSigmaS: 0.0001,
    clockSigmaS: 0.0001,
  };
  await publish(n02, shotHeard, "n02", heard);
  await publishShot(await enter(world, "tri"), makeShot());
  const got: string[] = [];
  const again = await enterListening(world, "n01", got);
  await until("the shot that came meanwhile", () => got.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(again.connected);
  assert.deepEqual(got, [topicOf(shotFixed, SITE, "tri")]);
});

/** Connects with its message handler in place before the first queued message can come. */
async function enterListening(
  world: World,
  node: string,
  got: string[],
  told: (topic: string, payload: Buffer, qos: number) => string = (topic) => topic,
): Promise<MqttClient> {
  const client = connect(`mqtt://127.0.0.1:${world.port}`, {
    clientId: node,
    username: node,
    password: `secret of ${node}`,
    clean: false,
    reconnectPeriod: 0,
  });
  client.on("message", (topic, payload, { qos }) => got.push(told(topic, payload, qos)));
  client.on("error", () => {});
  world.clients.push(client);
  await new Promise((resolve) => client.once("connect", resolve));
  return client;
}

test("an urgent order comes at once and once more as stored, to who is connected; as stored to who was away", async (world) => {
  const order = (id: string) => ({
    ...envelope("gateway"),
    id,
    by: "dispatch",
    as: "dispatch" as const,
    epoch: 1,
    seenTickMs: 1,
    order: { act: "recall" as const, flight: "01M834YP5DRB118C4QK6N6FJ2D", why: "dismissed" },
  });
  const heard: string[] = [];
  const told = (_: string, payload: Buffer, qos: number) => `${JSON.parse(String(payload)).id.at(-1)} qos ${qos}`;
  const drone = await enterListening(world, "d1", heard, told);
  await drone.subscribeAsync(topicOf(flightCommand, SITE, "d1"), { qos: 1 });
  await world.broker.bus.publish(flightCommand, order("01M834YP5DRB118C4QK6N6FJA1"), { to: "d1", urgent: true });
  await until("both copies", () => heard.length === 2);
  assert.deepEqual(heard.splice(0), ["1 qos 0", "1 qos 1"]);
  await drone.endAsync();
  await world.broker.bus.publish(flightCommand, order("01M834YP5DRB118C4QK6N6FJA2"), { to: "d1", urgent: true });
  await enterListening(world, "d1", heard, told);
  await until("the stored one", () => heard.length > 0);
  assert.deepEqual(heard, ["2 qos 1"]);
});

test("a late subscriber is told the open incidents at once", async (world) => {
  const open = { ...envelope("gateway"), incident: "i1" };
  world.broker.greet(incidentState, () => [open]);
  const n01 = await enter(world, "n01");
  const got: unknown[] = [];
  n01.on("message", (_, payload) => got.push(JSON.parse(payload.toString())));
  await n01.subscribeAsync(filterOf(incidentState, SITE), { qos: 1 });
  await until("the greeting", () => got.length > 0);
  assert.deepEqual(got, [open]);
});

test("a subscriber that takes nothing is cut off; another gets every message meanwhile", async (world) => {
  const [frozen, n01, tri] = [await enter(world, "n02"), await enter(world, "n01"), await enter(world, "tri")];
  let got = 0;
  n01.on("message", () => got++);
  for (const client of [frozen, n01]) await client.subscribeAsync(filterOf(shotFixed, SITE), { qos: 1 });
  const stream = frozen.stream as Socket;
  stream.unpipe();
  stream.pause();
  const rejected = Array.from({ length: 8_000 }, (_, i) => ({
    id: `rejected-arrival-${i}`,
    node: "n03",
    why: "echo" as const,
    residualS: 1,
  }));
  // 600 kB a message: the system's socket buffers take some megabytes before anybody notices.
  for (let i = 0; i < 30; i++) await publishShot(tri, makeShot({ id: `s${i}`, rejected }));
  await until("all messages at the other", () => got === 30, 20_000);
  await until("the end of the frozen one", () => world.broker.counters.clients() === 2, 20_000);
  assert.equal(said(world, /connection lost: drain timeout/), 1);
});

test("a packet announced as larger than 1 MB ends its connection before it is gathered", async (world) => {
  const socket = connectTcp(world.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  // A PUBLISH (0x30) whose Remaining Length is 268 435 455, the largest there is.
  socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
  await closed;
  assert.equal(said(world, /a packet of 268435455 bytes was announced/), 1);
});

test.run();
