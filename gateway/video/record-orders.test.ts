/** A recording whose picture stops: what the incident's record says of it, when, and what becomes of the file. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import { makeLog, until } from "../testing.ts";
import { RecordOrders } from "./record-orders.ts";
import type { Recordings } from "./recordings.ts";
import { openVideoStore } from "./store.ts";

const WAIT_MS = 20_000;
const STREAM = "lamp-3.front";

test("the gap stands on the record while it lasts, what was still on its way does not end it, and the file is closed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-orders-"));
  const db = openVideoStore(folder);
  try {
    const asked: ToRelay[] = [];
    const facts: string[] = [];
    const ended: string[] = [];
    let begun = 0;
    const recordings = {
      begin: () => `r${++begun}`,
      add: () => true,
      end: async (id: string) => ended.push(id),
    } as unknown as Recordings;
    const orders = new RecordOrders({
      db,
      recordings,
      log: makeLog().log,
      relay: (message) => asked.push(message),
      fact: (_, by, text) => facts.push(`${by}: ${text}`),
      handedOverMs: 20,
    });
    orders.record({ stream: STREAM, incident: "a", media: ["video"], by: "ann" });
    const [order] = asked;
    assert.ok(order?.type === "record");
    const { recording } = order;
    const piece = (run: number, kind: "start" | "media", atMs: number): FromRelay => ({
      ...{ type: "piece", recording, run, piece: kind, format: "mp4", codec: "H264" },
      ...{ atMs, durationS: 0.5, bytes: new Uint8Array(1) },
    });
    const t = Date.parse("2026-11-23T03:00:00Z");
    for (const message of [piece(1, "start", t), piece(1, "media", t), piece(1, "media", t + 500)])
      orders.heard(message);
    orders.heard({ type: "gap", recording, atMs: t + 1_200, why: "none comes", run: 1 });
    // The last picture's own clock may be a little ahead.
    orders.heard(piece(1, "media", t + 1_201));
    assert.deepEqual(orders.gaps("a"), [{ stream: STREAM, from: "2026-11-23T03:00:01.200Z", why: "none comes" }]);
    await until("the file's end", () => ended.join() === "r1", WAIT_MS);
    for (const message of [piece(2, "start", t + 9_200), piece(2, "media", t + 9_200)]) orders.heard(message);
    assert.equal(orders.gaps("a")[0]?.to, "2026-11-23T03:00:09.200Z");
    assert.deepEqual(facts, [
      "ann: recording of lamp-3.front asked for",
      "gateway: no picture of lamp-3.front: none comes",
      "gateway: the picture of lamp-3.front is back after 8.0 s",
    ]);
    assert.deepEqual([begun, ended], [2, ["r1"]]);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
