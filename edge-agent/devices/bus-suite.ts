/** What every bus does: run against the one in memory and the one over MQTT. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type NodeState, nodeState } from "#contract/node.ts";
import { type ClipWant, clipWant, type ShotHeard, shotHeard } from "#contract/shot.ts";
import type { Bus, Log } from "../ports.ts";

export interface BusWorld {
  makeBus(node: string): Bus;
  linkDown(): Promise<void>;
  linkUp(): Promise<void>;
  /** Bytes on a topic from somebody who knows no schema. */
  say(topic: string, payload: string): Promise<void>;
  /** Lines logged by all buses of this world, as text. */
  warnings: string[];
  close(): Promise<void>;
}

/** A log that keeps warnings and errors as text. */
export function keepingLog(lines: string[]): Log {
  const keep = (facts: object, text: string) => void lines.push(`${text} ${JSON.stringify(facts)}`);
  return { debug: () => {}, info: () => {}, warn: keep, error: keep };
}

export async function until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function heard(node: string, id: string, at = "2026-11-22T18:00:00.123456789Z"): ShotHeard {
  return {
    v: 1,
    id,
    node,
    at,
    toa: at,
    toaSigmaS: 2e-4,
    onsetSigmaS: 1e-4,
    clockSigmaS: 1e-4,
    peakDbFs: -12,
    scores: { gunshot: 0.9, firework: 0.1, vehicle: 0, impact: 0, glass: 0, other: 0 },
  };
}

export function state(node: string, status: NodeState["status"], at = "2026-11-22T18:00:00Z"): NodeState {
  return { v: 1, id: `${node}-${status}`, node, at, status, roles: ["listen"] };
}

export function busBehaves(name: string, makeWorld: () => Promise<BusWorld>) {
  const test = suite<{ world: BusWorld }>(name);
  test.before.each(async (context) => {
    context.world = await makeWorld();
  });
  test.after.each(async ({ world }) => world.close());

  test("a message arrives whole, with its sender, at everyone who asked for its channel", async ({ world }) => {
    const [lamp, hub, other] = ["n1", "hub", "other"].map((node) => world.makeBus(node)) as [Bus, Bus, Bus];
    const got: [ShotHeard, string][] = [];
    const elsewhere: ShotHeard[] = [];
    await hub.subscribe(shotHeard, (message, from) => void got.push([message, from.node]));
    await other.subscribe(shotHeard, (message) => void elsewhere.push(message), { node: "n2" });
    await lamp.publish(shotHeard, heard("n1", "a1"));
    await until("a1 at the hub", () => got.length === 1);
    assert.equal(got, [[heard("n1", "a1"), "n1"]]);
    assert.is(elsewhere.length, 0, "who asked for n2 hears nothing of n1");
  });

  test("what is said while the link is down arrives afterwards, once, in order, with its first time", async ({
    world,
  }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    const got: ShotHeard[] = [];
    await hub.subscribe(shotHeard, (message) => void got.push(message));
    await lamp.publish(shotHeard, heard("n1", "a0"));
    await until("a0", () => got.length === 1);
    await world.linkDown();
    await until("the link to be seen down", () => !lamp.connected);
    const at = (i: number) => `2026-11-22T18:00:${String(i).padStart(2, "0")}.000000001Z`;
    for (let i = 1; i <= 20; i++) await lamp.publish(shotHeard, heard("n1", `a${i}`, at(i)));
    assert.is(lamp.counters.queued, 20);
    await world.linkUp();
    await until("all 21", () => got.length >= 21);
    await lamp.publish(shotHeard, heard("n1", "last"));
    await until("the last", () => got.at(-1)?.id === "last");
    assert.equal(
      got.slice(1, 21).map(({ id, at }) => [id, at]),
      Array.from({ length: 20 }, (_, i) => [`a${i + 1}`, at(i + 1)]),
    );
    assert.is(got.length, 22);
    await until("the outbox to be empty", () => lamp.counters.queued === 0);
  });

  test("a repeat is dropped and counted", async ({ world }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    const got: string[] = [];
    await hub.subscribe(shotHeard, ({ id }) => void got.push(id));
    for (const id of ["a1", "a1", "a2"]) await lamp.publish(shotHeard, heard("n1", id));
    await until("a2", () => got.includes("a2"));
    assert.equal(got, ["a1", "a2"]);
    assert.is(hub.counters.repeats, 1);
  });

  test("retained: who subscribes late gets a node's newest state", async ({ world }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    const seen: string[] = [];
    await hub.subscribe(nodeState, ({ status }) => void seen.push(status), { node: "n1" });
    await lamp.publish(nodeState, state("n1", "online"));
    await until("online", () => seen.includes("online"));
    await lamp.publish(nodeState, state("n1", "stopping", "2026-11-22T18:00:01Z"));
    await until("stopping", () => seen.includes("stopping"));
    const late: [string, boolean][] = [];
    const latecomer = world.makeBus("late");
    await latecomer.subscribe(nodeState, ({ status }, { retained }) => void late.push([status, retained]));
    await until("the retained state", () => late.length > 0);
    assert.equal(late, [["stopping", true]]);
  });

  test("`to` channels reach the addressee and nobody else", async ({ world }) => {
    const [hub, lamp, other] = ["hub", "n1", "n2"].map((node) => world.makeBus(node)) as [Bus, Bus, Bus];
    const want: ClipWant = {
      v: 1,
      id: "w1",
      node: "hub",
      at: "2026-11-22T18:00:00Z",
      arrivals: ["a1"],
      incident: "i1",
    };
    const got: string[] = [];
    await lamp.subscribe(clipWant, ({ id }) => void got.push(`n1 ${id}`));
    await other.subscribe(clipWant, ({ id }) => void got.push(`n2 ${id}`));
    await hub.publish(clipWant, want, { to: "n1" });
    await hub.publish(clipWant, { ...want, id: "w2" }, { to: "n2" });
    await until("both", () => got.length === 2);
    assert.equal(got.sort(), ["n1 w1", "n2 w2"]);
  });

  test("what is not of its channel is counted and named in one line, and the next message is served", async ({
    world,
  }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    const got: string[] = [];
    await hub.subscribe(shotHeard, ({ id }) => void got.push(id));
    await world.say("tocsin/test/n1/shot/heard", "}{");
    await world.say("tocsin/test/n1/shot/heard", JSON.stringify({ ...heard("n1", "a1"), toaSigmaS: -1 }));
    await world.say("tocsin/test/n1/shot/heard", JSON.stringify(heard("n2", "a1")));
    await until("three refusals", () => hub.counters.refused === 3);
    await lamp.publish(shotHeard, heard("n1", "good"));
    await until("good", () => got.length === 1);
    assert.equal(got, ["good"]);
    assert.is(world.warnings.length, 1, "the first of a topic is told, the next after ten");
    assert.match(world.warnings[0]!, "not JSON");
    try {
      await lamp.publish(shotHeard, { ...heard("n1", "a2"), toaSigmaS: 0 });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, "toaSigmaS: must be more than 0 seconds");
    }
  });

  test("a handler that fails is reported and keeps nothing from the others", async ({ world }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    const got: string[] = [];
    await hub.subscribe(shotHeard, ({ id }) => {
      if (id === "a1") throw new Error("cannot handle a1");
    });
    await hub.subscribe(shotHeard, async ({ id }) => void got.push(id));
    for (const id of ["a1", "a2"]) await lamp.publish(shotHeard, heard("n1", id));
    await until("a2", () => got.length === 2);
    assert.equal(got, ["a1", "a2"]);
    assert.is(world.warnings.filter((line) => line.includes("could not be handled")).length, 1);
  });

  test("subscribe made while the link is down resolves when it is back, and a closed subscription is silent", async ({
    world,
  }) => {
    const [lamp, hub] = [world.makeBus("n1"), world.makeBus("hub")];
    await world.linkDown();
    await until("both down", () => !lamp.connected && !hub.connected);
    const got: string[] = [];
    let ready = false;
    const subscribed = hub
      .subscribe(shotHeard, ({ id }) => void got.push(id))
      .then((subscription) => {
        ready = true;
        return subscription;
      });
    const links: boolean[] = [];
    hub.onLink((up) => links.push(up));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.is(ready, false);
    await world.linkUp();
    const subscription = await subscribed;
    assert.equal(links, [true]);
    await lamp.publish(shotHeard, heard("n1", "a1"));
    await until("a1", () => got.length === 1);
    await subscription.close();
    const second: string[] = [];
    await hub.subscribe(shotHeard, ({ id }) => void second.push(id));
    await lamp.publish(shotHeard, heard("n1", "a2"));
    await until("a2 at the second", () => second.includes("a2"));
    assert.equal(got, ["a1"]);
  });

  return test;
}
