/** A recording whose picture stops: what the incident's record says of it, when, and what becomes of the files. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../testing.ts";
import { order, orderSuite, STREAM, T } from "./record-orders.testing.ts";
import type { Recordings } from "./recordings.ts";

const WAIT_MS = 20_000;
const test = orderSuite("record orders");

test("the gap stands on the record while it lasts, what was still on its way does not end it, and the file is closed", async ({
  db,
}) => {
  const ended: string[] = [];
  let begun = 0;
  const recordings = {
    begin: () => `r${++begun}`,
    add: (id: string, atMs: number) => void desk.orders.kept(id, atMs),
    end: async (id: string) => ended.push(id),
  } as unknown as Recordings;
  const desk = order(db, recordings, { handedOverMs: 20 });
  const { orders, asked, facts, hand } = desk;
  const { recording } = asked[0] as { recording: string };
  hand(1, "start", T);
  hand(1, "media", T);
  hand(1, "media", T + 500);
  orders.heard({ type: "gap", recording, atMs: T + 1_200, why: "none comes", run: 1 });
  // The last picture's own clock may be a little ahead.
  hand(1, "media", T + 1_201);
  assert.deepEqual(orders.gaps("a"), [{ stream: STREAM, from: "2026-11-23T03:00:01.200Z", why: "none comes" }]);
  await until("the file's end", () => ended.join() === "r1", WAIT_MS);
  hand(2, "start", T + 9_200);
  hand(2, "media", T + 9_200);
  assert.equal(orders.gaps("a")[0]?.to, "2026-11-23T03:00:09.200Z");
  assert.deepEqual(facts, [
    "ann: recording of lamp-3.front asked for",
    "gateway: no picture of lamp-3.front: none comes",
    "gateway: the picture of lamp-3.front is back after 8.0 s",
  ]);
  assert.deepEqual([begun, ended], [2, ["r1"]]);
});

test("of two breaks one after the other the second run's file stays open as long for its last pieces as the first one's", async ({
  db,
}) => {
  const ended: [string, number][] = [];
  let begun = 0;
  const recordings = {
    begin: () => `r${++begun}`,
    add: (id: string, atMs: number) => void desk.orders.kept(id, atMs),
    end: async (id: string) => ended.push([id, performance.now()]),
  } as unknown as Recordings;
  const desk = order(db, recordings, { handedOverMs: 300 });
  const { recording } = desk.asked[0] as { recording: string };
  const { orders, hand } = desk;
  hand(1, "start", T);
  hand(1, "media", T);
  orders.heard({ type: "gap", recording, atMs: T + 500, why: "none comes", run: 1 });
  await sleep(150);
  hand(2, "start", T + 1_000);
  hand(2, "media", T + 1_000);
  const brokeMs = performance.now();
  orders.heard({ type: "gap", recording, atMs: T + 1_500, why: "none comes", run: 2 });
  await until("the second file's end", () => ended.length === 2, WAIT_MS);
  assert.deepEqual(
    ended.map(([id]) => id),
    ["r1", "r2"],
  );
  const [, endedMs] = ended[1] as [string, number];
  assert.ok(endedMs - brokeMs > 290, `${endedMs - brokeMs} ms`);
});

test.run();
