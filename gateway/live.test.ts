import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { WebSocket } from "@fastify/websocket";
import { test } from "uvu";
import type { LiveEvent } from "#contract/ops-api.ts";
import { CLOSE_ABOVE_BYTES, DROP_ABOVE_BYTES, Live } from "./live.ts";

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  closed: number | undefined;
  readonly sent: LiveEvent[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text) as LiveEvent);
  }
  close(code: number): void {
    this.closed = code;
  }
  terminate(): void {}
}
const health = { bus: "ok" as const, flows: "ok" as const, clocks: { synchronised: 0, total: 0 }, detail: {} };
const snapshot = { type: "snapshot" as const, incidents: [], total: 0, nodes: [], health };

const session = (forMs: number) => ({
  user: "ann",
  roles: ["dispatch" as const],
  expires: new Date(Date.now() + forMs).toISOString(),
});

/** What the incidents of these tests are about, by their ids. */
const kindOf = (incident: string) => (incident === "i-face" ? "face" : incident === "i-caller" ? "caller" : "gunfire");

function world() {
  const live = new Live(kindOf);
  const [good, slow] = [new FakeSocket(), new FakeSocket()];
  for (const socket of [good, slow]) live.add(socket as unknown as WebSocket, session(60_000), snapshot);
  return { live, good, slow };
}

test("a slow console misses health and nodes, which come again, never an incident; numbers stay without gaps", () => {
  const { live, slow } = world();
  slow.bufferedAmount = DROP_ABOVE_BYTES + 1;
  live.broadcast({ type: "health", health });
  live.broadcast({ type: "incident", incident: { incident: "i1" } as never });
  slow.bufferedAmount = 0;
  live.broadcast({ type: "health", health });
  assert.deepEqual(
    slow.sent.map((event) => `${event.seq} ${event.type}`),
    ["1 snapshot", "2 incident", "3 health"],
  );
  assert.equal(live.counters.dropped, 1);
});

test("a console that takes nothing is cut off with 'try again later', and the others go on", () => {
  const { live, good, slow } = world();
  slow.bufferedAmount = CLOSE_ABOVE_BYTES + 1;
  live.broadcast({ type: "incident", incident: { incident: "i1" } as never });
  assert.deepEqual([slow.closed, live.counters.closedSlow, live.clients], [1013, 1, 1]);
  assert.equal(good.sent.at(-1)?.type, "incident");
});

test("a person's connections end when they log out", () => {
  const { live, good } = world();
  live.dismiss("bob");
  assert.equal(good.closed, undefined);
  live.dismiss("ann");
  assert.equal(good.closed, 4401);
});

test("a connection does not outlive its session", async () => {
  const socket = new FakeSocket();
  new Live(kindOf).add(socket as unknown as WebSocket, session(20), snapshot);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(socket.closed, 4401);
});

test("what a caller says goes to dispatch and not to a technician", () => {
  const live = new Live(kindOf);
  const [ann, tom] = [new FakeSocket(), new FakeSocket()];
  live.add(ann as unknown as WebSocket, session(60_000), snapshot);
  live.add(tom as unknown as WebSocket, { ...session(60_000), user: "tom", roles: ["technician"] }, snapshot);
  live.broadcast({ type: "caller", caller: { id: "c1" } as never });
  live.broadcast({ type: "message", channel: "caller/said", message: {} });
  live.broadcast({ type: "health", health });
  assert.deepEqual(
    [ann, tom].map(({ sent }) => sent.map(({ type }) => type)),
    [
      ["snapshot", "caller", "message", "health"],
      ["snapshot", "health"],
    ],
  );
});

test("whom a match could mean goes to those who may judge it, not to a pilot nor a technician", () => {
  const live = new Live(kindOf);
  const got = (["dispatch", "reviewer", "admin", "pilot", "technician"] as const).map((role) => {
    const socket = new FakeSocket();
    live.add(socket as unknown as WebSocket, { ...session(60_000), user: role, roles: [role] }, snapshot);
    return { role, socket };
  });
  live.broadcast({ type: "message", channel: "face/match", message: { person: "p7" } });
  live.broadcast({ type: "message", channel: "robot/pose", message: {} });
  assert.deepEqual(
    got.map(({ role, socket }) => `${role} ${socket.sent.length}`),
    ["dispatch 3", "reviewer 3", "admin 3", "pilot 2", "technician 2"],
  );
});

test("each role hears what it may: words of notices not on a pilot's line, calls for backup not on a technician's, a verdict's words neither", () => {
  const live = new Live(kindOf);
  const roles = ["dispatch", "reviewer", "admin", "pilot", "technician"] as const;
  const verdict = { status: "confirmed", by: "bob", at: "2026-11-22T18:04:12Z", reason: "secret words" };
  const incident = { incident: "i1", kind: "face", verdict } as never;
  const got = roles.map((role) => {
    const socket = new FakeSocket();
    const start = { ...snapshot, incidents: [incident] };
    live.add(socket as unknown as WebSocket, { ...session(60_000), user: role, roles: [role] }, start);
    return socket;
  });
  live.broadcast({ type: "incident", incident });
  for (const channel of ["incident/notice", "incident/acknowledge", "backup/state"])
    live.broadcast({ type: "message", channel, message: { incident: "i1", text: "secret words" } });
  const secrets = got.map(({ sent }) => JSON.stringify(sent).split("secret words").length - 1);
  assert.deepEqual(Object.fromEntries(roles.map((role, i) => [role, secrets[i]])), {
    dispatch: 5,
    reviewer: 5,
    admin: 5,
    pilot: 1,
    technician: 0,
  });
});

test("where a caller is goes to a technician neither at the start nor later, and the incident itself does", () => {
  const live = new Live(kindOf);
  const incident = { incident: "i1", kind: "caller", place: { lat: 40.44, lon: -79.99 } } as never;
  const shot = { incident: "i2", kind: "gunfire", place: { lat: 40.45, lon: -79.98 } } as never;
  const [ann, tom] = [new FakeSocket(), new FakeSocket()];
  const start = { ...snapshot, incidents: [incident, shot] };
  live.add(ann as unknown as WebSocket, session(60_000), start);
  live.add(tom as unknown as WebSocket, { ...session(60_000), user: "tom", roles: ["technician"] }, start);
  live.broadcast({ type: "incident", incident });
  const places = ({ sent }: FakeSocket) => {
    const text = JSON.stringify(sent);
    return [text.split("40.44").length - 1, text.split("40.45").length - 1, text.split('"i1"').length - 1];
  };
  assert.deepEqual(
    [places(ann), places(tom)],
    [
      [2, 1, 2],
      [0, 1, 2],
    ],
  );
});

const everyone = ["dispatch", "reviewer", "admin", "pilot", "technician"] as const;
function heardBy(event: Parameters<Live["broadcast"]>[0]) {
  const live = new Live(kindOf);
  const sockets = everyone.map((role) => {
    const socket = new FakeSocket();
    live.add(socket as unknown as WebSocket, { ...session(60_000), user: role, roles: [role] }, snapshot);
    return socket;
  });
  live.broadcast(event);
  return sockets.map(({ sent }) => JSON.stringify(sent.slice(1)));
}

test("a flight to a caller or a match goes to a technician without the place, to a pilot with it; typed reasons as on the record", () => {
  const got = (incident: string) => {
    const place = { lat: 40.44, lon: -79.99 };
    const authorisation = { how: "person", by: "ann", at: "2026-11-22T18:04:12Z", why: "secret words" };
    const plan = { path: [place], place, laneHeightM: 50 };
    const state = {
      phase: "onScene",
      incident,
      authorisation,
      plan,
      vehicle: { position: place, batteryRemaining: 0.7 },
    };
    return heardBy({ type: "flight", state: state as never }).map((text) =>
      [/0\.7/, /40\.44/, /secret/].map((word) => word.test(text)),
    );
  };
  const all = [true, true, true];
  const others = [all, all, all];
  assert.deepEqual(got("i-face"), [...others, [true, true, false], [true, false, false]]);
  assert.deepEqual(got("i-caller"), [...others, all, [true, false, false]]);
  assert.deepEqual(got("i-shot"), [...others, all, [true, true, false]]);
});

test("a call for backup at a match goes to a pilot with its place and no words; at a shot with its words; to no technician", () => {
  const got = (incident: string) => {
    const asked = [{ unit: "car-1", robot: false, chosen: "nearest", text: "secret words" }];
    const words = { why: "secret words", text: "secret words", calledBy: { by: "ann", why: "secret words" }, asked };
    const message = { incident, place: { lat: 40.44 }, ...words };
    return heardBy({ type: "message", channel: "backup/state", message }).map((text) => [
      text.split("40.44").length - 1,
      text.split("secret").length - 1,
    ]);
  };
  const others = [
    [1, 4],
    [1, 4],
    [1, 4],
  ];
  assert.deepEqual(got("i-face"), [...others, [1, 0], [0, 0]]);
  assert.deepEqual(got("i-shot"), [...others, [1, 4], [0, 0]]);
});

test.run();
