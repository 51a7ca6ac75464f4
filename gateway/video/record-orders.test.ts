/** A recording whose picture stops, or whose disk takes nothing: what the incident's record says of it, when, and what becomes of the files. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import { makeLog, until } from "../testing.ts";
import { RecordOrders } from "./record-orders.ts";
import { Recordings } from "./recordings.ts";
import { openVideoStore } from "./store.ts";

const WAIT_MS = 20_000;
const STREAM = "lamp-3.front";
const T = Date.parse("2026-11-23T03:00:00Z");
const test = suite<{ folder: string; db: DatabaseSync }>("record orders");
test.before.each((world) => {
  world.folder = mkdtempSync(join(tmpdir(), "tocsin-orders-"));
  world.db = openVideoStore(world.folder);
});
test.after.each(({ folder, db }) => {
  db.close();
  rmSync(folder, { recursive: true });
});

interface Desk {
  orders: RecordOrders;
  asked: ToRelay[];
  facts: string[];
  /** What the relay hands over of its run. */
  hand(run: number, kind: "start" | "media", atMs: number): void;
}

/** One stream that is recorded for incident `a`. */
function order(db: DatabaseSync, recordings: Recordings, more = {}): Desk {
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

/** Real files, two seconds a segment. */
function keepIn(folder: string, db: DatabaseSync, desk: () => Desk, full: () => string | undefined): Recordings {
  return new Recordings({
    db,
    folder,
    key: Buffer.alloc(32, 7),
    segmentS: 2,
    full,
    log: makeLog().log,
    kept: (recording, atMs) => desk().orders.kept(recording, atMs),
    failed: (recording, atMs, why) => desk().orders.failed(recording, atMs, why),
    segment: () => {},
  });
}

const anewOf = ({ asked }: Desk) => asked.filter(({ type }) => type === "anew").length;

/** What is on disk of incident `a`: first and last instant of each recording, ms after `T`. */
const kept = ({ archive }: Recordings) =>
  archive.list("a").map(({ segments }) => {
    const last = segments.at(-1);
    return [segments[0], last].map(
      (each, i) => Date.parse(each!.startedAt) + (i === 0 ? 0 : last!.durationS * 1000) - T,
    );
  });

for (const [what, setFull, why] of [
  [
    "takes no new folder",
    (folder: string, full: boolean) => {
      rmSync(folder, { recursive: true });
      if (full) writeFileSync(folder, "");
      else mkdirSync(folder);
    },
    /the recording cannot begin: ENOTDIR/,
  ],
  [
    "has less room than is left to everything else",
    (_: string, full: boolean) => {
      reserved = full ? "less than 256 MB free on the disk" : undefined;
    },
    /the recording cannot begin: less than 256 MB free/,
  ],
] as const)
  test(`a disk that ${what} when a run begins: nothing is thrown, the gap is told, and it is tried again until it is kept`, async ({
    folder,
    db,
  }) => {
    const place = join(folder, "recordings");
    const recordings = keepIn(
      place,
      db,
      () => desk,
      () => reserved,
    );
    const desk = order(db, recordings, { anewMs: 5 });
    const { orders, facts, hand } = desk;
    setFull(place, true);
    hand(1, "start", T);
    hand(1, "media", T);
    await until("a new run is asked for", () => anewOf(desk) === 1, WAIT_MS);
    hand(2, "start", T + 3_000);
    await until("and again", () => anewOf(desk) === 2, WAIT_MS);
    assert.match(orders.gaps("a")[0]?.why ?? "", why);
    setFull(place, false);
    hand(3, "start", T + 6_000);
    // Of the run that was never kept.
    hand(2, "media", T + 5_500);
    hand(3, "media", T + 6_000);
    await until("the gap's end", () => orders.gaps("a")[0]?.to !== undefined, WAIT_MS);
    hand(3, "media", T + 6_500);
    orders.relayLost("the test is over");
    await recordings.close();
    assert.deepEqual(kept(recordings), [[6_000, 7_000]]);
    assert.equal(facts.length, 4, facts.join("\n"));
    assert.match(facts[1] as string, why);
    assert.equal(facts[2], "gateway: the picture of lamp-3.front is back after 6.0 s");
    assert.equal(facts[3], "gateway: no picture of lamp-3.front: the test is over");
  });
let reserved: string | undefined;

test("a disk that fails in the middle of a run: the file ends before the hole, the gap is told once, and a new run goes on", async ({
  folder,
  db,
}) => {
  const place = join(folder, "recordings");
  const recordings = keepIn(
    place,
    db,
    () => desk,
    () => undefined,
  );
  const desk = order(db, recordings, { anewMs: 5 });
  const { orders, facts, hand } = desk;
  hand(1, "start", T);
  const [id] = readdirSync(place);
  // Where the second segment should go there is something already.
  mkdirSync(join(place, id as string, "000002"));
  for (let n = 0; n < 8; n++) hand(1, "media", T + 500 * n);
  await until("a new run is asked for", () => anewOf(desk) === 1, WAIT_MS);
  rmSync(join(place, id as string, "000002"), { recursive: true });
  assert.match(orders.gaps("a")[0]?.why ?? "", /not written to disk: E/);
  assert.equal(orders.gaps("a")[0]?.from, "2026-11-23T03:00:02.000Z");
  hand(2, "start", T + 7_000);
  hand(2, "media", T + 7_000);
  await until("the gap's end", () => orders.gaps("a")[0]?.to !== undefined, WAIT_MS);
  orders.unrecord(STREAM, "a", "ann");
  await recordings.close();
  assert.deepEqual(kept(recordings), [
    [0, 2_000],
    [7_000, 7_500],
  ]);
  assert.deepEqual(facts.slice(1), [
    "gateway: no picture of lamp-3.front: not written to disk: EEXIST",
    "gateway: the picture of lamp-3.front is back after 5.0 s",
    "ann: recording of lamp-3.front ended",
  ]);
});

test.run();
