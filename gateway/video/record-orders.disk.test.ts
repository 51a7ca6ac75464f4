/** A recording whose disk takes nothing: what the incident's record says of it, and what becomes of the files. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { makeLog, until } from "../testing.ts";
import { type Desk, order, orderSuite, STREAM, T } from "./record-orders.testing.ts";
import { Recordings } from "./recordings.ts";

const WAIT_MS = 20_000;
const test = orderSuite("record orders, disk");

test("last pieces of what a person ended that the disk does not take are a gap, told once", async ({ db }) => {
  let why: string | undefined;
  let end = () => {};
  const recordings = {
    begin: () => "r1",
    add: () => why,
    end: () => new Promise<void>((resolve) => (end = resolve)),
  } as unknown as Recordings;
  const desk = order(db, recordings);
  const { recording } = desk.asked[0] as { recording: string };
  const { orders, facts, hand } = desk;
  hand(1, "start", T);
  hand(1, "media", T);
  orders.unrecord(STREAM, "a", "ann");
  hand(1, "media", T + 500);
  assert.deepEqual(orders.gaps("a"), []);
  why = "the disk does not keep up";
  hand(1, "media", T + 1_000);
  orders.heard({ type: "recorded", recording });
  // What waited for the disk.
  orders.failed("r1", T + 500, "not written to disk: EIO");
  assert.deepEqual(orders.gaps("a"), [{ stream: STREAM, from: "2026-11-23T03:00:01.000Z", why }]);
  assert.deepEqual(facts.slice(1), [
    "ann: recording of lamp-3.front ended",
    "gateway: no picture of lamp-3.front: the disk does not keep up",
  ]);
  end();
});

test("pieces that a person's last word left waiting for a disk which then fails are a gap", async ({ db }) => {
  let end = () => {};
  const recordings = {
    begin: () => "r1",
    add: () => undefined,
    end: () => new Promise<void>((resolve) => (end = resolve)),
  } as unknown as Recordings;
  const desk = order(db, recordings);
  const { recording } = desk.asked[0] as { recording: string };
  desk.hand(1, "start", T);
  desk.orders.unrecord(STREAM, "a", "ann");
  desk.hand(1, "media", T + 500);
  desk.orders.heard({ type: "recorded", recording });
  desk.orders.failed("r1", T + 500, "not written to disk: EIO");
  assert.equal(desk.orders.gaps("a")[0]?.why, "not written to disk: EIO");
  end();
  await sleep(0);
  desk.orders.failed("r1", T + 600, "another");
  assert.equal(desk.orders.gaps("a").length, 1);
});

test("pieces of a file that a new run has replaced, which the disk then does not take, are a gap of their own", async ({
  db,
}) => {
  const ends: (() => void)[] = [];
  let begun = 0;
  const recordings = {
    begin: () => `r${++begun}`,
    add: () => undefined,
    end: () => new Promise<void>((resolve) => ends.push(resolve)),
  } as unknown as Recordings;
  const { orders, facts, hand } = order(db, recordings);
  hand(1, "start", T);
  for (let n = 0; n < 4; n++) hand(1, "media", T + 500 * n);
  hand(2, "start", T + 2_000);
  hand(2, "media", T + 2_000);
  orders.kept("r2", T + 2_000);
  orders.failed("r1", T + 500, "not written to disk: EIO");
  const gap = { stream: STREAM, from: "2026-11-23T03:00:00.500Z", to: "2026-11-23T03:00:02.000Z" };
  assert.deepEqual(orders.gaps("a"), [{ ...gap, why: "not written to disk: EIO" }]);
  assert.equal(facts.at(-1), "gateway: no picture of lamp-3.front for 1.5 s: not written to disk: EIO");
  ends.shift()?.();
  await sleep(0);
  // Closed: whatever is said of it now is of nothing that was wanted.
  orders.failed("r1", T + 600, "another");
  assert.equal(orders.gaps("a").length, 1);
  // The new run goes on: its own failure is the gap that lasts.
  orders.failed("r2", T + 2_500, "not written to disk: EIO");
  assert.equal(orders.gaps("a").at(-1)?.from, "2026-11-23T03:00:02.500Z");
  for (const end of ends) end();
});

for (const [what, end] of [
  ["and whose recording was then ended", "run 2 goes on"],
  ["ended while no run was being kept", "the picture was away"],
] as const)
  test(`pieces of a file that is being closed, ${what}, are a gap when the disk does not take them`, async ({ db }) => {
    const ends = new Map<string, () => void>();
    let begun = 0;
    const recordings = {
      begin: () => `r${++begun}`,
      add: () => undefined,
      end: (id: string) => new Promise<void>((resolve) => ends.set(id, resolve)),
    } as unknown as Recordings;
    const { orders, asked, facts, hand } = order(db, recordings, { handedOverMs: 0 });
    const { recording } = asked[0] as { recording: string };
    hand(1, "start", T);
    for (let n = 0; n < 4; n++) hand(1, "media", T + 500 * n);
    if (end === "run 2 goes on") hand(2, "start", T + 2_000);
    else orders.heard({ type: "gap", recording, atMs: T + 2_000, why: "none comes", run: 1 });
    await until("the first file's closing", () => ends.has("r1"), WAIT_MS);
    orders.unrecord(STREAM, "a", "ann");
    if (end === "run 2 goes on") orders.heard({ type: "recorded", recording });
    await sleep(0);
    orders.failed("r1", T + 500, "not written to disk: EIO");
    // What was told is not told again.
    orders.failed("r1", T + 1_000, "not written to disk: EIO");
    const gap = { stream: STREAM, from: "2026-11-23T03:00:00.500Z", to: "2026-11-23T03:00:02.000Z" };
    const away = { stream: STREAM, from: "2026-11-23T03:00:02.000Z", why: "none comes" };
    assert.deepEqual(orders.gaps("a"), [
      { ...gap, why: "not written to disk: EIO" },
      ...(end === "run 2 goes on" ? [] : [away]),
    ]);
    assert.equal(facts.at(-1), "gateway: no picture of lamp-3.front for 1.5 s: not written to disk: EIO");
    for (const close of ends.values()) close();
    await sleep(0);
    // Closed: nothing is remembered of it.
    orders.failed("r1", T + 100, "another");
    assert.equal(orders.gaps("a").length, end === "run 2 goes on" ? 1 : 2);
  });

/** A desk that records into real files, two seconds a segment. */
function deskOn(place: string, db: DatabaseSync, full: () => string | undefined): Desk & { recordings: Recordings } {
  const recordings = new Recordings({
    db,
    folder: place,
    key: Buffer.alloc(32, 7),
    segmentS: 2,
    full,
    log: makeLog().log,
    kept: (recording, atMs) => desk.orders.kept(recording, atMs),
    failed: (recording, atMs, why) => desk.orders.failed(recording, atMs, why),
    segment: () => {},
  });
  const desk = order(db, recordings, { anewMs: 5 });
  return { ...desk, recordings };
}

/** Runs in whose place another was asked for. */
const anewOf = ({ asked }: Desk) => asked.flatMap((each) => (each.type === "anew" ? [each.run] : []));

/** What is on disk of incident `a`: first and last instant of each recording, ms after `T`. */
const kept = ({ archive }: Recordings) =>
  archive.list("a").map(({ segments }) => {
    const last = segments.at(-1);
    return [segments[0], last].map(
      (each, i) => Date.parse(each!.startedAt) + (i === 0 ? 0 : last!.durationS * 1000) - T,
    );
  });

for (const [what, setFull, why, known] of [
  [
    "takes no new folder",
    (folder: string, full: boolean) => {
      rmSync(folder, { recursive: true });
      if (full) writeFileSync(folder, "");
      else mkdirSync(folder);
    },
    /the recording cannot begin: ENOTDIR/,
    false,
  ],
  [
    "has less room than is left to everything else",
    (_: string, full: boolean) => {
      reserved = full ? "less than 256 MB free on the disk" : undefined;
    },
    /the recording cannot begin: less than 256 MB free/,
    true,
  ],
] as const)
  test(`a disk that ${what} when a run begins: nothing is thrown, the gap is told, and it is tried again until it is kept`, async ({
    folder,
    db,
  }) => {
    const place = join(folder, "recordings");
    const desk = deskOn(place, db, () => reserved);
    const { orders, facts, hand, recordings } = desk;
    setFull(place, true);
    hand(1, "start", T);
    hand(1, "media", T);
    // Where it is known that there is no room, nobody's camera is asked for a keyframe in vain.
    if (known) await sleep(60);
    else await until("a new run is asked for", () => anewOf(desk).join() === "1", WAIT_MS);
    hand(2, "start", T + 3_000);
    if (known) await sleep(60);
    else await until("and again", () => anewOf(desk).join() === "1,2", WAIT_MS);
    assert.match(orders.gaps("a")[0]?.why ?? "", why);
    assert.equal(anewOf(desk).length, known ? 0 : 2);
    setFull(place, false);
    if (known) await until("a new run is asked for", () => anewOf(desk).join() === "2", WAIT_MS);
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
  const desk = deskOn(place, db, () => undefined);
  const { orders, facts, hand, recordings } = desk;
  hand(1, "start", T);
  const [id] = readdirSync(place);
  // Where the second segment should go there is something already.
  mkdirSync(join(place, id as string, "000002"));
  for (let n = 0; n < 8; n++) hand(1, "media", T + 500 * n);
  await until("a new run is asked for", () => anewOf(desk).join() === "1", WAIT_MS);
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
