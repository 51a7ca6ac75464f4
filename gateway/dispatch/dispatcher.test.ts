/** Dispatch with two drones that are rehearsed by the shipped machine, on a bus within this process. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { flightCommand } from "#contract/flight.ts";
import { until } from "../testing.ts";
import { World } from "./testing-city.ts";

const dispatch = suite("dispatch, two drones");
function city(name: string, run: (world: World) => Promise<void>): void {
  dispatch(name, async () => {
    const world = await new World().start();
    try {
      await run(world);
    } finally {
      world.stop.abort();
    }
  });
}

city(
  "an order that the broker cannot store: the drone has it and goes, no other is asked, the record says so",
  async (world) => {
    world.bus.store = () => Promise.reject(new Error("disk full"));
    world.fire("i1", 200, 100);
    await until("it is on the record", () => world.notes.length === 2);
    const id = world.asks()[0]!.to!;
    for (let s = 0; s < 60 && world.drones.get(id)!.phase !== "transit"; s++) world.run(id, 1);
    assert.is(world.drones.get(id)!.phase, "transit");
    assert.equal([world.asks().length, world.notes.length, world.known.counters.unstored], [1, 2, 1]);
    assert.match(world.notes[0]!.text, /^d1 asked, \d+ s to the scene/);
    assert.is(world.notes[1]!.text, "the order to d1 is not stored: disk full");
  },
);

city(
  "a store that hangs: the answer counts all the same; where the drone is silent, too, both are said",
  async (world) => {
    world.bus.store = () => new Promise(() => {});
    world.fire("i1", 200, 100);
    await until("it is on the record", () => world.notes.length > 0);
    assert.equal([world.asks().length, world.known.counters.silent], [1, 0]);
    assert.match(world.notes[0]!.text, /^d1 asked/);
    world.bus.store = () => Promise.reject(new Error("disk full"));
    world.deaf.add("d2");
    const outcome = await world.known.token("d2", "takeover", { by: "kim", as: "remote" });
    assert.is(outcome.kind, "silent");
    assert.match(outcome.why, /did not answer within 3 s.*has not stored the order: disk full/);
  },
);

city("a disk that takes neither the order nor the record: the drone goes, and one only", async (world) => {
  world.bus.store = () => Promise.reject(new Error("disk full"));
  world.recordFull = true;
  world.fire("i1", 200, 100);
  await until("not stored", () => world.known.counters.unstored === 1);
  const id = world.asks()[0]!.to!;
  for (let s = 0; s < 60 && world.drones.get(id)!.phase !== "transit"; s++) world.run(id, 1);
  assert.equal([world.drones.get(id)!.phase, world.asks().length], ["transit", 1]);
});

city("two alerts 600 m apart at once: each gets a drone of its own", async (world) => {
  world.fire("i1", 300, 0);
  world.fire("i2", -300, 0);
  await until("both asked", () => world.asks().length === 2);
  assert.equal(
    world.asks().map(({ incident }) => incident),
    ["i1", "i2"],
  );
  assert.is(new Set(world.asks().map(({ to }) => to)).size, 2);
});

city("two alerts 50 m apart are one scene: one drone", async (world) => {
  world.fire("i1", 300, 0);
  world.fire("i2", 340, 30);
  await until("the record says so", () =>
    world.notes.some(({ incident, text }) => incident === "i2" && /is at this scene already/.test(text)),
  );
  assert.is(world.asks().length, 1);
});

city("a drone whose preflight fails is followed by the other, with the reason on the record", async (world) => {
  const first = world.drones.get("d1")!;
  first.failsafes = { ...first.failsafes, dataLinkLoss: { action: "none" } };
  const second = world.drones.get("d2")!;
  second.failsafes = { ...second.failsafes, geofence: { action: "none" } };
  world.fire("i1", 300, 0);
  await until("both tried", () => world.asks().length === 2);
  await until("nobody is left", () =>
    world.notes.some(({ text }) => /no drone can go now: d1 was asked already; d2 was asked already/.test(text)),
  );
  assert.is(first.armed || second.armed, false);
});

city("a drone that does not answer is followed by the other; its late flight is recalled", async (world) => {
  world.deaf.add("d1");
  world.deaf.add("d2");
  world.fire("i1", 300, 0);
  const [ask] = world.asks();
  world.deaf.clear();
  const mute = ask!.to!;
  world.deaf.add(mute);
  const other = mute === "d1" ? "d2" : "d1";
  // Both stay heard: it is their ears that are gone.
  const talk = setInterval(() => [mute, other].map((id) => world.run(id, 0.5)), 200);
  try {
    await until("the other is asked", () => world.asks().some(({ to }) => to === other), 8000);
    world.deaf.clear();
    const late = world.bus.sent.find(({ to, message }) => to === mute && message.order?.act === "ask")!;
    world.bus.toDrone(mute, flightCommand.name, late.message);
    await until("the late one is called back", () =>
      world.bus.sent.some(({ to, message }) => to === mute && message.order?.act === "recall"),
    );
  } finally {
    clearInterval(talk);
  }
});

city("no drone free: the incident waits, and is served when one is home", async (world) => {
  for (const drone of world.drones.values()) drone.battery = 0.3;
  for (const id of world.drones.keys()) world.run(id, 1);
  world.fire("i1", 300, 0);
  assert.is(world.asks().length, 0);
  world.drones.get("d2")!.battery = 0.95;
  world.run("d2", 1);
  await until("d2 asked", () => world.asks()[0]?.to === "d2");
});

city("a better fix 40 m away is passed on; a dismissal calls the drone back", async (world) => {
  world.fire("i1", 300, 0);
  const drone = world.drones.get(world.asks()[0]!.to!)!;
  const id = world.asks()[0]!.to!;
  for (let s = 0; s < 60 && drone.phase !== "transit"; s++) world.run(id, 1);
  world.fire("i1", 340, 0, { version: 2 });
  await until("retargeted", () => drone.drone.flight.mission!.incidentVersion === 2);
  world.fire("i1", 340, 0, { version: 3, status: "dismissed" });
  await until("on its way home", () => drone.hops.includes("returning"));
});

city("after a restart of the gateway a flight under way is known and no second one is asked", async (world) => {
  world.fire("i1", 300, 0);
  const id = world.asks()[0]!.to!;
  world.run(id, 5);
  const again = new World();
  await again.start();
  again.drones.set(id, world.drones.get(id)!);
  again.report(id);
  again.fire("i1", 300, 0, { version: 2 });
  assert.is(again.asks().length, 0);
  assert.equal(again.dispatcher.sortieOf("i1")!.drone, id);
  again.stop.abort();
});

city("after a restart an incident that no drone went to is served, and an old one is left alone", async (world) => {
  const again = await new World().start();
  try {
    world.deaf.add("d1").add("d2");
    world.fire("i1", 300, 0);
    world.fire("i2", -300, 0, { alertedAt: "2026-01-01T00:00:00.000000000Z" });
    for (const [id, state] of world.incidents) again.incidents.set(id, state);
    again.dispatcher.resume([...world.incidents.values()]);
    await until("asked again", () => again.asks().length > 0);
    await until("the old one is history", () => again.notes.some(({ text }) => /alerted \d+ s ago/.test(text)));
    assert.equal(
      again.asks().map(({ incident }) => incident),
      ["i1"],
    );
  } finally {
    again.stop.abort();
  }
});

city("dismissed and, before the drone is home, standing again: it is sent again", async (world) => {
  world.fire("i1", 300, 0);
  const id = world.asks()[0]!.to!;
  world.fire("i1", 300, 0, { version: 2, status: "dismissed" });
  await until("called back", () => world.bus.sent.some(({ message }) => message.order?.act === "recall"));
  world.fire("i1", 300, 0, { version: 3, status: "unreviewed" });
  for (let s = 0; s < 200 && world.asks().length < 2; s++) {
    world.run(id, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until("asked a second time", () => world.asks().length === 2);
});

dispatch.run();
