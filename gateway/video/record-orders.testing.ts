/** What tests of recordings that are asked for share: one stream, one incident, and a relay that is played. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import { makeLog } from "../testing.ts";
import { RecordOrders } from "./record-orders.ts";
import type { Recordings } from "./recordings.ts";
import { openVideoStore } from "./store.ts";

export const STREAM = "lamp-3.front";
export const T = Date.parse("2026-11-23T03:00:00Z");

export interface Desk {
  orders: RecordOrders;
  asked: ToRelay[];
  facts: string[];
  /** What the relay hands over of its run. */
  hand(run: number, kind: "start" | "media", atMs: number): void;
}

/** One stream that is recorded for incident `a`. */
export function order(db: DatabaseSync, recordings: Recordings, more = {}): Desk {
  const asked: ToRelay[] = [];
  const facts: string[] = [];
  const orders = new RecordOrders({
    db,
    recordings,
    log: makeLog().log,
    relay: (message) => asked.push(message),
    fact: (_, by, text) => facts.push(`${by}: ${text}`),
    ...more,
  });
  orders.record({ stream: STREAM, incident: "a", media: ["video"], by: "ann" });
  const [first] = asked;
  assert.ok(first?.type === "record");
  const { recording } = first;
  const hand = (run: number, kind: "start" | "media", atMs: number) => {
    const piece = { type: "piece", recording, run, piece: kind, format: "mp4", codec: "H264" } as const;
    orders.heard({ ...piece, atMs, durationS: 0.5, bytes: Buffer.from(`${kind} ${atMs};`) } satisfies FromRelay);
  };
  return { orders, asked, facts, hand };
}

/** Each test has a folder and a store of its own. */
export function orderSuite(name: string) {
  const test = suite<{ folder: string; db: DatabaseSync }>(name);
  test.before.each((world) => {
    world.folder = mkdtempSync(join(tmpdir(), "tocsin-orders-"));
    world.db = openVideoStore(world.folder);
  });
  test.after.each(({ folder, db }) => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  return test;
}
