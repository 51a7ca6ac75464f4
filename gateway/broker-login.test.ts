/** Who is let in to the broker, and what is said of those who are gone. */
import assert from "node:assert/strict";
import { nodeState } from "#contract/node.ts";
import { shotFixed } from "#contract/shot.ts";
import { topicOf } from "#contract/topics.ts";
import { makeShot, SITE, until } from "./testing.ts";
import { brokerSuite, enter, said, state, type World } from "./testing-broker.ts";

const test = brokerSuite("broker: logging in");

/** Why a log-in was refused, by the CONNACK code. */
async function refusalOf(world: World, node: string, options: object): Promise<number> {
  try {
    await enter(world, node, options);
  } catch (error) {
    return (error as { code: number }).code;
  }
  return 0;
}

test("anonymous clients are refused with code 4 and a line that says why", async (world) => {
  assert.equal(await refusalOf(world, "n01", { username: undefined, password: undefined }), 4);
  assert.equal(said(world, /anonymous clients are not let in/), 1);
});

test("a wrong secret is refused with code 4", async (world) => {
  assert.equal(await refusalOf(world, "n01", { password: "wrong" }), 4);
  assert.equal(world.broker.counters.refused.login, 1);
});

test("an unknown node is refused with code 4 and named; the others go on", async (world) => {
  const n01 = await enter(world, "n01");
  assert.equal(await refusalOf(world, "n99", {}), 4);
  assert.equal(said(world, /'n99' is not in the gateway's configuration/), 1);
  assert.ok(n01.connected);
});

test("a client id that is not the credential's name is refused with code 2", async (world) => {
  assert.equal(await refusalOf(world, "n01", { clientId: "n02" }), 2);
});

test("tocsin doctor tries a node's credential beside the running node, and may neither say, hear nor keep anything", async (world) => {
  const n01 = await enter(world, "n01");
  const clientId = "n01-doctor-4711";
  const visitor = await enter(world, "n01", { clientId });
  assert.equal(visitor.connected && n01.connected, true);
  await assert.rejects(visitor.subscribeAsync(topicOf(nodeState, SITE, "n01"), { qos: 1 }));
  const cut = new Promise<void>((resolve) => visitor.once("close", () => resolve()));
  visitor.publish(topicOf(nodeState, SITE, "n01"), JSON.stringify(state("n01")), { qos: 1 }, () => {});
  await cut;
  assert.equal(world.broker.counters.refused.rights, 1);
  assert.equal(n01.connected, true);
  const lost = Buffer.from(JSON.stringify({ ...state("n01"), status: "lost" }));
  const will = { topic: topicOf(nodeState, SITE, "n01"), payload: lost, qos: 1 as const, retain: true };
  assert.equal(await refusalOf(world, "n01", { clientId, will }), 5);
  assert.equal(await refusalOf(world, "n01", { clientId, clean: false }), 2);
  assert.equal(await refusalOf(world, "n01", { clientId, password: "wrong" }), 4);
  assert.equal(await refusalOf(world, "n01", { clientId: "n02-doctor-1" }), 2);
  assert.equal(await refusalOf(world, "n01", { clientId: "n01-doctor-x" }), 2);
  assert.equal(await refusalOf(world, "pam", { clientId: "pam-doctor-1", password: "correct horse battery" }), 2);
});

test("a node has one visitor at a time: the newer throws out the older, and neither the node nor another node's", async (world) => {
  const visit = (node: string, number: number) =>
    enter(world, node, { clientId: `${node}-doctor-${number}`, reconnectPeriod: 0 });
  const n01 = await enter(world, "n01");
  const other = await visit("n02", 1);
  const first = await visit("n01", 1);
  const cut = new Promise<void>((resolve) => first.once("close", () => resolve()));
  const second = await visit("n01", 2);
  await cut;
  assert.deepEqual(
    [n01, other, second].map(({ connected }) => connected),
    [true, true, true],
  );
  await until("the first one is gone", () => world.broker.counters.clients() === 3);
});

test("a user without a role on the bus is refused; a pilot is let in", async (world) => {
  const password = "correct horse battery";
  assert.equal(await refusalOf(world, "bob", { password }), 4);
  assert.equal(await refusalOf(world, "pam", { password }), 0);
});

test("a last will under another's name, on a foreign channel, or broken is refused with code 5", async (world) => {
  const will = (topic: string, payload: unknown) => ({
    will: { topic, payload: Buffer.from(JSON.stringify(payload)), qos: 1 as const, retain: true },
  });
  const lost = { ...state("n01"), status: "lost" };
  const own = topicOf(nodeState, SITE, "n01");
  assert.equal(await refusalOf(world, "n01", will(topicOf(nodeState, SITE, "n02"), lost)), 5);
  assert.equal(await refusalOf(world, "n01", will(topicOf(shotFixed, SITE, "n01"), makeShot())), 5);
  assert.equal(await refusalOf(world, "n01", will(own, { status: "lost" })), 5);
  assert.equal(await refusalOf(world, "n01", will(own, { ...lost, node: "n02" })), 5);
  assert.equal(await refusalOf(world, "n01", will(own, lost)), 0);
});

test("a node whose socket dies is said to be lost by its last will", async (world) => {
  const lost = { ...state("n01"), status: "lost" as const };
  const topic = topicOf(nodeState, SITE, "n01");
  const n01 = await enter(world, "n01", {
    will: { topic, payload: Buffer.from(JSON.stringify(lost)), qos: 1, retain: true },
  });
  const states: string[] = [];
  await world.broker.bus.subscribe(nodeState, (message) => void states.push(message.status));
  n01.stream.destroy();
  await until("the last will", () => states.length > 0);
  assert.deepEqual(states, ["lost"]);
});

test.run();
