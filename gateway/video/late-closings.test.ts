/** What the disk does not let close is tried once a round, ever more seldom, and holds nobody else up. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { test } from "uvu";
import { makeFolder, until } from "../testing.ts";
import { LateClosings } from "./late-closings.ts";
import { Recordings } from "./recordings.ts";
import { openVideoStore } from "./store.ts";

const WAIT_MS = 20_000;

function makeRecordings(db: DatabaseSync, folder: string, said: (line: string) => void): Recordings {
  return new Recordings({
    db,
    folder: `${folder}/r`,
    key: Buffer.alloc(32),
    segmentS: 1,
    full: () => undefined,
    log: pino({ level: "silent" }),
    lateAgainMs: 5,
    kept: () => {},
    failed: () => {},
    segment: (incident, _, { seq }) => said(`${incident} ${seq}`),
  });
}

function begun(recordings: Recordings, incident: string) {
  const kind = { stream: "n01.front", codec: "H264", format: "mp4", preRoll: false } as const;
  const id = recordings.begin({ ...kind, incident, startedMs: 0, start: Buffer.from("start") });
  return { id, add: (n: number) => recordings.add(id, n * 500, 0.5, Buffer.from(`piece ${n};`)) };
}

const which = (id: string) => ({ id, stream: "n01.front", incident: "i1", sinceMs: 0 });

test("of three that wait each is tried once a round while it fails, and no more once it is closed", async () => {
  const tried: string[] = [];
  let full = true;
  const late = new LateClosings(async (each) => {
    tried.push(each.id);
    if (full) late.add(each);
  }, 5);
  for (const id of ["a", "b", "c"]) late.add(which(id));
  await until("three rounds", () => tried.length >= 9, WAIT_MS);
  assert.equal(tried.slice(0, 9).join(""), "abcabcabc");
  full = false;
  await until("the last round", () => late.waiting === 0, WAIT_MS);
  const { length } = tried;
  await sleep(100);
  assert.equal(tried.length, length);
  await late.stop();
});

test("the pause doubles while it fails: 5 ms at first make less than ten tries in a second", async () => {
  let tries = 0;
  const late = new LateClosings(async (each) => {
    tries++;
    late.add(each);
  }, 5);
  late.add(which("a"));
  await sleep(1_000);
  // 5, 10, 20, 40, 80, 160, 320, 640 ms.
  assert.ok(tries >= 1 && tries < 10, `${tries} tries`);
  await late.stop();
  const { waiting } = late;
  late.add(which("b"));
  await sleep(50);
  assert.equal(late.waiting, waiting + 1, "after the end nothing is tried");
});

test("what is to be discarded and the store refuses is not closed instead: tried again until it is gone, and told once", async () => {
  const { folder, remove } = makeFolder();
  const db = openVideoStore(folder);
  let told = 0;
  try {
    const recordings = makeRecordings(db, folder, () => {});
    const { id, add } = begun(recordings, "i1");
    for (let n = 0; n < 3; n++) add(n);
    assert.equal(await recordings.isWhole(id), true);
    db.exec("CREATE TRIGGER never BEFORE UPDATE ON recording BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END");
    await recordings.discard(id, () => told++);
    await until("two more tries", () => recordings.counters.failed >= 3, WAIT_MS);
    assert.deepEqual([told, recordings.archive.list("i1")[0]?.endedAt], [0, undefined]);
    db.exec("DROP TRIGGER never");
    await until("its end", () => told > 0, WAIT_MS);
    const segments = recordings.archive.list("i1")[0]?.segments.map(({ seq, deleted }) => [seq, deleted]);
    assert.deepEqual([told, segments, readdirSync(`${folder}/r`)], [1, [[1, true]], []]);
    await recordings.close();
  } finally {
    db.close();
    remove();
  }
});

test("where the end of a recording is never taken, the one beside it is kept whole, and the gateway goes on", async () => {
  const { folder, remove } = makeFolder();
  const db = openVideoStore(folder);
  const said: string[] = [];
  try {
    const recordings = makeRecordings(db, folder, (line) => said.push(line));
    const make = (incident: string) => begun(recordings, incident);
    db.exec("CREATE TRIGGER never BEFORE UPDATE ON recording BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END");
    db.exec("CREATE TRIGGER nor BEFORE INSERT ON segment WHEN new.seq = 2 BEGIN SELECT RAISE(ABORT, 'full'); END");
    const [first, second] = [make("i1"), make("i2")];
    for (let n = 0; n < 3; n++) first.add(n);
    await recordings.end(first.id);
    const failed = recordings.counters.failed;
    for (let n = 0; n < 2; n++) assert.equal(second.add(n), undefined);
    assert.equal(await recordings.isWhole(second.id), true);
    assert.equal(recordings.archive.list("i2")[0]?.segments.length, 1);
    await until("two more tries", () => recordings.counters.failed >= failed + 2, WAIT_MS);
    // A hash that stands on the record is not said with each try.
    assert.deepEqual(said, ["i1 1", "i1 2", "i2 1"]);
    await recordings.end(second.id);
    db.exec("DROP TRIGGER never; DROP TRIGGER nor");
    const endOf = (incident: string) => recordings.archive.list(incident)[0]?.endedAt;
    await until("both ends", () => endOf("i1") !== undefined && endOf("i2") !== undefined, WAIT_MS);
    assert.equal(endOf("i1"), new Date(1_500).toISOString());
    assert.equal(said.length, 3);
    await recordings.close();
  } finally {
    db.close();
    remove();
  }
});

test.run();
