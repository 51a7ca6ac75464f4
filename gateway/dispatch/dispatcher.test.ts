/** Dispatch with two drones that are rehearsed by the shipped machine, on a bus within this process. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { Channel, MessageOf } from "#contract/channel.ts";
import { controlState } from "#contract/control.ts";
import { type FlightCommand, flightCommand, flightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import { DispatchConfig } from "#core/dispatch/policy.ts";
import { movedBy } from "#core/handoff/local.ts";
import { Rehearsal } from "#core/handoff/rehearsal.ts";
import { dockAt, rehearsalSite } from "#core/handoff/rehearsal-site.ts";
import { controlStateOf, flightStateOf } from "#edge-agent/roles/fly/reports.ts";
import type { HubBus } from "../context.ts";
import { makeLog, now, until } from "../testing.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Drones } from "./drones.ts";

const dispatch = suite("dispatch, two drones");
const at = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });

class TableBus implements HubBus {
  readonly handlers: { channel: string; handler: (message: never, from: { node: string }) => unknown }[] = [];
  readonly sent: { channel: string; to: string | undefined; message: FlightCommand }[] = [];
  /** What the broker says to an order. */
  fault: Error | undefined;
  toDrone: (to: string, channel: string, message: FlightCommand) => void = () => {};
  async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }) {
    if (this.fault) throw this.fault;
    this.sent.push({ channel: channel.name, to: options?.to, message: message as unknown as FlightCommand });
    this.toDrone(options?.to ?? "", channel.name, message as unknown as FlightCommand);
  }
  async subscribe<C extends Channel>(channel: C, handler: (message: MessageOf<C>, from: { node: string }) => void) {
    this.handlers.push({ channel: channel.name, handler: handler as never });
  }
  say(channel: string, node: string, message: unknown) {
    for (const one of this.handlers) if (one.channel === channel) one.handler(message as never, { node });
  }
}

class World {
  readonly bus = new TableBus();
  readonly drones = new Map<string, Rehearsal>();
  readonly notes: { incident: string; text: string }[] = [];
  readonly incidents = new Map<string, IncidentState>();
  readonly stop = new AbortController();
  readonly known = new Drones(this.bus);
  /** Drones that hear nothing. */
  readonly deaf = new Set<string>();
  dispatcher!: Dispatcher;

  async start(): Promise<this> {
    const corner = (eastM: number, northM: number) => at(eastM, northM);
    for (const [id, lane] of [
      ["d1", 50],
      ["d2", 65],
    ] as const) {
      const drone = new Rehearsal(rehearsalSite({ failsafes: { ...rehearsalSite().failsafes, returnHeightM: lane } }));
      drone.failsafes = { ...drone.failsafes, returnHeightM: lane };
      this.drones.set(id, drone);
    }
    this.bus.toDrone = (to, channel, message) => {
      const drone = this.drones.get(to);
      if (!drone || this.deaf.has(to)) return;
      const { id, by, as, epoch, seenTickMs } = message;
      const payload = channel === flightCommand.name ? message.order : undefined;
      const act = payload?.act ?? "renew";
      const flight = payload && "flight" in payload ? { flight: payload.flight } : {};
      drone.send({
        type: "order",
        tickMs: drone.tickMs,
        order: { id, by, as, epoch, seenTickMs, act, ...flight },
        ...(payload && { payload }),
        utc: now(),
      });
      this.report(to);
    };
    await this.known.listen();
    const config = v.parse(DispatchConfig, {
      drones: [
        { id: "d1", laneHeightM: 50 },
        { id: "d2", laneHeightM: 65 },
      ],
      policy: { automatic: {} },
      fence: { keepIn: [corner(-2000, -2000), corner(2000, -2000), corner(2000, 2000), corner(-2000, 2000)] },
      onSceneS: 60,
    });
    this.dispatcher = new Dispatcher(
      {
        config,
        drones: this.known,
        log: makeLog().log,
        note: (incident, _by, text) => void this.notes.push({ incident, text }),
        incident: (id) => this.incidents.get(id),
      },
      this.stop.signal,
      { settleMs: 0, retryMs: 20 },
    );
    this.report("d1");
    this.report("d2");
    return this;
  }

  report(id: string): void {
    const drone = this.drones.get(id)!;
    const envelope = { node: id, at: now(), configSha256: "0".repeat(64) };
    this.bus.say(controlState.name, id, controlStateOf(drone.drone, envelope));
    const hops = drone.hops.map((hop) => ({ hop, at: now() }));
    const state = flightStateOf(drone.drone, drone.site, hops, envelope);
    // The rehearsed ones share a dock; here the second stands a kilometre away.
    if (id === "d2") state.dock.position = { ...at(-900, -400), altM: dockAt.altM };
    this.bus.say(flightState.name, id, state);
  }

  run(id: string, seconds: number): void {
    this.drones.get(id)!.run(seconds);
    this.report(id);
  }

  fire(incident: string, eastM: number, northM: number, over: Partial<IncidentState> = {}): void {
    const state: IncidentState = {
      v: 1,
      id: "m",
      node: "gateway",
      at: now(),
      incident,
      version: 1,
      kind: "gunfire",
      status: "unreviewed",
      firedAt: now(),
      alertedAt: now(),
      place: { ...at(eastM, northM), ellipse95: { semiMajorM: 5, semiMinorM: 3, azimuthDeg: 0 } },
      probability: 0.97,
      rounds: [],
      hash: "0".repeat(64),
      ...over,
    };
    this.incidents.set(incident, state);
    this.dispatcher.take(state);
  }

  asks(): { to: string | undefined; incident: string }[] {
    return this.bus.sent.flatMap(({ to, message }) =>
      message.order?.act === "ask" ? [{ to, incident: message.order.incident }] : [],
    );
  }
}

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

city("a broker that takes no order: said on the record of the incident, and nothing is thrown", async (world) => {
  world.bus.fault = new Error("disk full");
  world.fire("i1", 200, 100);
  await until("it is on the record", () => world.notes.some(({ text }) => /does not go/.test(text)));
  const said = world.notes.map(({ text }) => text);
  assert.match(said[0]!, /^d1 asked, \d+ s to the scene/);
  assert.is(said[1], "d1 does not go: the broker did not take the order: disk full");
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
