import assert from "node:assert/strict";
import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { PublishPacket } from "aedes";
import { suite } from "uvu";
import { controlToken } from "#contract/control.ts";
import { flightCommand } from "#contract/flight.ts";
import { nodeState } from "#contract/node.ts";
import { clipWant, shotFixed } from "#contract/shot.ts";
import { topicOf } from "#contract/topics.ts";
import { startBroker } from "./broker.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { Journal } from "./journal.ts";
import { envelope, joinBroker, makeConfig, makeFolder, makeLog, makeShot, SITE, until } from "./testing.ts";

interface World {
  folder: string;
  remove: () => void;
}
const test = suite<World>("journal", {} as World);
test.before.each((world) => {
  Object.assign(world, makeFolder());
});
test.after.each((world) => world.remove());

const packet = (topic: string, message: unknown): PublishPacket => ({
  cmd: "publish",
  topic,
  payload: Buffer.from(JSON.stringify(message)),
  qos: 1,
  retain: false,
  dup: false,
});
const shotPacket = () => packet(topicOf(shotFixed, SITE, "tri"), makeShot());
const tri = { id: "tri", parties: ["node" as const, "triangulator" as const] };

test("what was written is said again after the process is gone, in its order", async ({ folder }) => {
  const journal = new Journal(join(folder, "j.sqlite"));
  await Promise.all(
    [1, 2, 3].map((n) => new Promise<void>((resolve) => journal.write("t", Buffer.from([n]), () => resolve()))),
  );
  assert.deepEqual(journal.counters, { written: 3, commits: 1, refused: 0 });
  const other = new Journal(join(folder, "j.sqlite"));
  assert.deepEqual(
    other.said().map(({ payload }) => payload[0]),
    [1, 2, 3],
  );
  other.close();
  journal.close();
});

test("two minutes of its own time it is kept, though the clock jumps by years: a machine without a battery boots in the past", async ({
  folder,
}) => {
  let nowMs = 0;
  const journal = new Journal(join(folder, "j.sqlite"), () => nowMs);
  const write = (n: number) => new Promise<void>((resolve) => journal.write("t", Buffer.from([n]), () => resolve()));
  const kept = () => journal.said().map(({ payload }) => payload[0]);
  const realNow = Date.now;
  try {
    Date.now = () => 0;
    await write(1);
    Date.now = realNow;
    nowMs = 11_000;
    await write(2);
    nowMs = 119_000;
    await write(3);
    assert.deepEqual(kept(), [1, 2, 3]);
    nowMs = 130_000;
    await write(4);
    assert.deepEqual(kept(), [2, 3, 4], "130 s old is gone, 119 s is not");
  } finally {
    Date.now = realNow;
    journal.close();
  }
});

test("started anew every 31 s, it keeps what was said in its last two minutes of running, however long it stood between", async ({
  folder,
}) => {
  const file = join(folder, "j.sqlite");
  const write = (journal: Journal, n: number) =>
    new Promise<void>((resolve) => journal.write("t", Buffer.from([n]), () => resolve()));
  let n = 0;
  for (let start = 0; start < 10; start++) {
    let nowMs = 1e6 * start;
    const journal = new Journal(file, () => nowMs);
    for (const laterMs of [0, 16_000, 15_000]) {
      nowMs += laterMs;
      await write(journal, ++n);
    }
    journal.close();
  }
  const journal = new Journal(file, () => 5);
  // The thirtieth at 310 s of running, the nineteenth at 186 s, the twentieth at 202 s.
  assert.deepEqual(
    journal.said().map(({ payload }) => payload[0]),
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
  );
  journal.close();
});

test("messages from before running time was counted are kept for two minutes from the start that finds them", async ({
  folder,
}) => {
  const file = join(folder, "j.sqlite");
  const old = new DatabaseSync(file);
  old.exec(`CREATE TABLE said (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL);
    INSERT INTO said (at_ms, topic, payload) VALUES (1, 't', x'01')`);
  old.close();
  let nowMs = 0;
  const journal = new Journal(file, () => nowMs);
  const write = (n: number) => new Promise<void>((resolve) => journal.write("t", Buffer.from([n]), () => resolve()));
  const kept = () => journal.said().map(({ payload }) => payload[0]);
  nowMs = 119_000;
  await write(2);
  assert.deepEqual(kept(), [1, 2]);
  nowMs = 130_000;
  await write(3);
  assert.deepEqual(kept(), [2, 3]);
  journal.close();
});

test("a record is not acknowledged before it is on disk, and not at all when the disk fails", async ({ folder }) => {
  const waiting: ((error?: Error) => void)[] = [];
  const slow = { write: (_: string, __: Uint8Array, done: (error?: Error) => void) => void waiting.push(done) };
  const keeper = new Gatekeeper(await makeConfig(folder), makeLog().log, slow as unknown as Journal);
  const answers: unknown[] = [];
  for (let i = 0; i < 2; i++) keeper.admitPublish(tri, shotPacket(), (error) => answers.push(error));
  assert.deepEqual(answers, []);
  waiting[0]?.();
  waiting[1]?.(new Error("database or disk is full"));
  assert.deepEqual(answers, [undefined, new Error("database or disk is full")]);
});

test("state and commands are not journalled: an old command must never be said again", async ({ folder }) => {
  const written: string[] = [];
  const spy = {
    write: (topic: string, _: Uint8Array, done: () => void) => {
      written.push(topic);
      done();
    },
  };
  const keeper = new Gatekeeper(await makeConfig(folder), makeLog().log, spy as unknown as Journal);
  const admit = (identity: Parameters<Gatekeeper["admitPublish"]>[0], sent: PublishPacket) =>
    new Promise((resolve) => keeper.admitPublish(identity, sent, resolve));
  const command = {
    ...envelope("pam"),
    incident: "i1",
    arrivals: [],
  };
  await admit(tri, shotPacket());
  await admit(tri, packet(topicOf(nodeState, SITE, "tri"), { ...envelope("tri"), status: "online", roles: [] }));
  await admit({ id: "pam", parties: ["gateway"] }, packet(topicOf(clipWant, SITE, "n01"), command));
  assert.equal(keeper.published, 3);
  assert.deepEqual(written, [topicOf(shotFixed, SITE, "tri")]);
  assert.deepEqual([clipWant.addressed, flightCommand.addressed, controlToken.addressed], ["to", "to", "to"]);
});

test("a message that was acknowledged and then cut off by a crash reaches its subscribers at the next start", async ({
  folder,
}) => {
  const config = await makeConfig(folder);
  const journal = new Journal(join(folder, "journal.sqlite"));
  const shot = makeShot();
  await new Promise<void>((resolve) =>
    journal.write(topicOf(shotFixed, SITE, "tri"), Buffer.from(JSON.stringify(shot)), () => resolve()),
  );
  journal.close();
  const broker = await startBroker(config, makeLog().log);
  const got: string[] = [];
  await broker.bus.subscribe(shotFixed, (message) => void got.push(message.id));
  await broker.listen();
  await until("the shot", () => got.length > 0);
  assert.deepEqual(got, [shot.id]);
  await broker.close();
});

test("a disk that takes no message makes the bus unhealthy: it is tried again, a message is refused after five seconds, and all is well once it takes one", async ({
  folder,
}) => {
  let nowMs = 0;
  const journal = new Journal(join(folder, "j.sqlite"), () => nowMs);
  const answers: string[] = [];
  const write = (name: string) =>
    journal.write("t", Buffer.from(name), (error) => answers.push(`${name}: ${error?.message ?? "ok"}`));
  const other = new DatabaseSync(join(folder, "j.sqlite"));
  other.exec("BEGIN IMMEDIATE");
  write("first");
  await until("a refusal by the disk", () => journal.failing);
  nowMs = 4999;
  write("second");
  // One more attempt that fails, and answers nobody.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(answers, []);
  nowMs = 5000;
  await until("the first to be refused", () => answers.length > 0);
  assert.deepEqual(answers, ["first: database is locked"]);
  assert.equal(journal.failing, true);
  other.exec("ROLLBACK");
  await until("the second to be taken", () => answers.length > 1);
  assert.deepEqual(answers.slice(1), ["second: ok"]);
  assert.equal(journal.failing, false);
  assert.deepEqual(
    journal.said().map(({ payload }) => String.fromCharCode(...payload)),
    ["second"],
  );
  other.close();
  journal.close();
});

test("after a restart the hub knows what each node last said of itself", async ({ folder }) => {
  const config = await makeConfig(folder);
  const state = { ...envelope("n01"), status: "online" as const, roles: ["listen" as const] };
  const first = await startBroker(config, makeLog().log);
  const { mqtt } = await first.listen();
  const n01 = await joinBroker(mqtt, "n01");
  await n01.publishAsync(topicOf(nodeState, SITE, "n01"), JSON.stringify(state), { qos: 1, retain: true });
  await until("the stored state", async () => (await first.retained(nodeState)).length > 0);
  await n01.endAsync();
  await first.close();
  const second = await startBroker(config, makeLog().log);
  assert.deepEqual(await second.retained(nodeState), [state]);
  await second.close();
});

test("a node that went while the gateway was down is said to be lost once the gateway is back", async ({ folder }) => {
  const config = await makeConfig(folder);
  const topic = topicOf(nodeState, SITE, "n01");
  const state = (status: "online" | "lost") => ({ ...envelope("n01"), status, roles: ["listen" as const] });
  const will = { topic, payload: Buffer.from(JSON.stringify(state("lost"))), qos: 1 as const, retain: true };
  const first = await startBroker(config, makeLog().log);
  const n01 = await joinBroker((await first.listen()).mqtt, "n01", { will });
  await n01.publishAsync(topic, JSON.stringify(state("online")), { qos: 1, retain: true });
  await until("the stored state", async () => (await first.retained(nodeState)).length > 0);
  // A copy of the broker's store as a kill -9 leaves it: the node connected, its will not said.
  cpSync(join(folder, "broker"), join(folder, "killed"), { recursive: true });
  await n01.endAsync();
  await first.close();
  rmSync(join(folder, "broker"), { recursive: true });
  renameSync(join(folder, "killed"), join(folder, "broker"));
  const second = await startBroker(config, makeLog().log, 50);
  await second.listen();
  await until("the last will", async () => (await second.retained(nodeState))[0]?.status === "lost");
  await second.close();
});

test.run();
