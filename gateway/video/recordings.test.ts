/** Recordings on disk: what a crash leaves, what was tampered with, what is past its time. */
import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { suite } from "uvu";
import { sha256Hex } from "../incidents/chain.ts";
import { makeFolder, until } from "../testing.ts";
import { Recordings } from "./recordings.ts";
import type { SegmentFact } from "./segments.ts";
import { openVideoStore } from "./store.ts";

const KEY = Buffer.alloc(32, 7);
const test = suite("recordings");

interface House {
  folder: string;
  facts: (SegmentFact & { incident: string })[];
  /** The incident's record takes nothing. */
  full: boolean;
  sql(text: string): void;
  open(): Recordings;
  remove(): void;
}

function makeHouse(): House {
  const { folder, remove } = makeFolder();
  const facts: House["facts"] = [];
  const stores: ReturnType<typeof openVideoStore>[] = [];
  const house: House = {
    folder: join(folder, "recordings"),
    facts,
    full: false,
    sql: (text) => stores.at(-1)?.exec(text),
    open: () => {
      const db = openVideoStore(folder);
      stores.push(db);
      return new Recordings({
        db,
        folder: join(folder, "recordings"),
        key: KEY,
        segmentS: 2,
        full: () => undefined,
        log: pino({ level: "silent" }),
        lateAgainMs: 10,
        kept: () => {},
        failed: () => {},
        segment: (incident, _stream, fact) => {
          if (house.full) throw new Error("database or disk is full");
          facts.push({ incident, ...fact });
        },
      });
    },
    remove: () => {
      for (const db of stores) db.close();
      remove();
    },
  };
  return house;
}

const made = { stream: "n01.front", incident: "i1", codec: "H264", format: "mp4", preRoll: false } as const;
const begin = (recordings: Recordings) =>
  recordings.begin({ ...made, startedMs: 1_000_000, start: Buffer.from("start") });
const add = (recordings: Recordings, id: string, n: number) =>
  recordings.add(id, 1_000_000 + n * 500, 0.5, Buffer.from(`piece ${n};`));

async function all(recordings: Recordings, id: string): Promise<string> {
  let text = "";
  for await (const part of recordings.read(id)) text += part;
  return text;
}

test("ten pieces of half a second make two segments of 2 s and the rest; each hash is that of its bytes", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    for (let n = 0; n < 10; n++) assert.equal(add(recordings, id, n), undefined);
    assert.equal(await recordings.end(id), 1_005_000);
    assert.deepEqual(
      house.facts.map(({ seq, durationS, bytes }) => [seq, durationS, bytes]),
      [
        [1, 2, 32],
        [2, 2, 32],
        [3, 1, 16],
      ],
    );
    assert.equal(house.facts[0]?.sha256, sha256Hex("piece 0;piece 1;piece 2;piece 3;"));
    assert.equal(await all(recordings, id), `start${Array.from({ length: 10 }, (_, n) => `piece ${n};`).join("")}`);
    const [view] = recordings.archive.list("i1");
    assert.equal(view?.endedAt, new Date(1_005_000).toISOString());
  } finally {
    house.remove();
  }
});

test("it can be read while it grows", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    for (let n = 0; n < 5; n++) add(recordings, id, n);
    assert.equal(await all(recordings, id), "startpiece 0;piece 1;piece 2;piece 3;piece 4;");
    await recordings.close();
  } finally {
    house.remove();
  }
});

test("after a crash all whole pieces are there, the half one is not, and the record gets the hash of what is", async () => {
  const house = makeHouse();
  try {
    const crashed = house.open();
    const id = begin(crashed);
    for (let n = 0; n < 7; n++) add(crashed, id, n);
    await all(crashed, id);
    // The power went while the last piece was written.
    const file = join(house.folder, id, "000002");
    const bytes = readFileSync(file);
    truncateSync(file, bytes.length - 5);
    const recordings = house.open();
    const broken = await recordings.recover();
    assert.deepEqual(broken, [{ id, stream: "n01.front", incident: "i1", endedMs: 1_003_000 }]);
    assert.equal(await all(recordings, id), "startpiece 0;piece 1;piece 2;piece 3;piece 4;piece 5;");
    assert.equal(house.facts.at(-1)?.sha256, sha256Hex("piece 4;piece 5;"));
    assert.deepEqual(await recordings.recover(), []);
  } finally {
    house.remove();
  }
});

test("a run that broke off before its first picture is no recording: nothing is listed of it, after its end or after a crash", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    await recordings.end(begin(recordings));
    const crashed = begin(recordings);
    rmSync(join(house.folder, crashed), { recursive: true, force: true });
    const after = house.open();
    assert.equal((await after.recover())[0]?.id, crashed);
    assert.deepEqual(after.archive.list("i1"), []);
    assert.equal(after.counters.empty, 1);
    assert.deepEqual([...readdirSync(house.folder)], []);
  } finally {
    house.remove();
  }
});

for (const [what, breakIt, at] of [
  ["the incident's record", (house: House) => void (house.full = true), "a moment later"],
  [
    "the list of segments",
    (house: House) => house.sql("CREATE TRIGGER full BEFORE INSERT ON segment BEGIN SELECT RAISE(ABORT, 'full'); END"),
    "at the next start",
  ],
] as const)
  test(`a disk that is full when a recording ends (${what}) costs no picture: it is closed ${at}`, async () => {
    const house = makeHouse();
    try {
      let recordings = house.open();
      const id = begin(recordings);
      for (let n = 0; n < 3; n++) add(recordings, id, n);
      breakIt(house);
      assert.equal(await recordings.end(id), 1_001_500);
      assert.deepEqual([recordings.counters.empty, recordings.counters.segments], [0, 0]);
      house.full = false;
      house.sql("DROP TRIGGER IF EXISTS full");
      if (at === "at the next start") {
        recordings = house.open();
        assert.equal((await recordings.recover())[0]?.endedMs, 1_001_500);
      } else {
        await until("its end", () => recordings.archive.list("i1")[0]?.endedAt !== undefined, 20_000);
      }
      assert.equal(recordings.archive.list("i1")[0]?.endedAt, new Date(1_001_500).toISOString());
      assert.equal(await all(recordings, id), "startpiece 0;piece 1;piece 2;");
      assert.equal(house.facts.at(-1)?.sha256, sha256Hex("piece 0;piece 1;piece 2;"));
    } finally {
      house.remove();
    }
  });

test("a segment that could not be put on the record while it grew is put there when the recording ends", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    house.full = true;
    for (let n = 0; n < 4; n++) add(recordings, id, n);
    await all(recordings, id);
    assert.equal(house.facts.length, 0);
    house.full = false;
    add(recordings, id, 4);
    await recordings.end(id);
    assert.equal(await all(recordings, id), "startpiece 0;piece 1;piece 2;piece 3;piece 4;");
    assert.deepEqual(house.facts.map(({ seq }) => seq).sort(), [1, 2]);
  } finally {
    house.remove();
  }
});

test("what cannot be opened any more keeps no gateway from starting, and is deleted when its time is over, not while it grows", async () => {
  const house = makeHouse();
  try {
    const crashed = house.open();
    const id = begin(crashed);
    add(crashed, id, 0);
    await all(crashed, id);
    assert.deepEqual(crashed.expire(2_000_000), []);
    const file = join(house.folder, id, "000001");
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] as number) ^ 1;
    writeFileSync(file, bytes);
    const recordings = house.open();
    assert.equal((await recordings.recover())[0]?.id, id);
    assert.deepEqual(readdirSync(house.folder), [id]);
    assert.deepEqual(recordings.expire(1_000_000), []);
    assert.equal(recordings.expire(2_000_000)[0]?.recording, id);
    assert.deepEqual(readdirSync(house.folder), []);
    assert.deepEqual(recordings.expire(2_000_000), []);
  } finally {
    house.remove();
  }
});

test("zeros that a file system put in place of the last piece count as half written", async () => {
  const house = makeHouse();
  try {
    const crashed = house.open();
    const id = begin(crashed);
    for (let n = 0; n < 2; n++) add(crashed, id, n);
    await all(crashed, id);
    appendFileSync(join(house.folder, id, "000001"), Buffer.alloc(4_096));
    const recordings = house.open();
    await recordings.recover();
    assert.equal(await all(recordings, id), "startpiece 0;piece 1;");
  } finally {
    house.remove();
  }
});

test("nothing on disk is readable without the key, and one changed byte is found", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    for (let n = 0; n < 5; n++) add(recordings, id, n);
    await recordings.end(id);
    for (const name of readdirSync(join(house.folder, id)))
      assert.equal(readFileSync(join(house.folder, id, name)).includes("piece"), false);
    const file = join(house.folder, id, "000001");
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] as number) ^ 1;
    writeFileSync(file, bytes);
    await assert.rejects(all(recordings, id), /not what was sealed/);
  } finally {
    house.remove();
  }
});

test("a segment that was exchanged for another whole one is found by the hash on the record", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    for (let n = 0; n < 8; n++) add(recordings, id, n);
    await recordings.end(id);
    const [one, two] = ["000001", "000002"].map((name) => join(house.folder, id, name));
    const first = readFileSync(one as string);
    writeFileSync(one as string, readFileSync(two as string));
    writeFileSync(two as string, first);
    await assert.rejects(all(recordings, id), /not (what was sealed|the one on the record)/);
  } finally {
    house.remove();
  }
});

test("what is past its time is deleted, and its hashes stay", async () => {
  const house = makeHouse();
  try {
    const recordings = house.open();
    const id = begin(recordings);
    for (let n = 0; n < 4; n++) add(recordings, id, n);
    await recordings.end(id);
    assert.deepEqual(recordings.archive.expire(1_000_000), []);
    assert.deepEqual(recordings.archive.expire(2_000_000), [{ incident: "i1", stream: "n01.front", recording: id }]);
    assert.deepEqual(readdirSync(house.folder), []);
    const [segment] = recordings.archive.list("i1")[0]?.segments ?? [];
    assert.deepEqual([segment?.deleted, segment?.sha256], [true, house.facts[0]?.sha256]);
    assert.equal(await all(recordings, id), "");
  } finally {
    house.remove();
  }
});

test.run();
