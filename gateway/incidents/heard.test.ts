/** The log of arrivals on a disk that is full for a while. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "uvu";
import { makeFolder, makeLog, until } from "../testing.ts";
import { HeardLog } from "./heard.ts";
import { openDatabase } from "./schema.ts";

interface World {
  heard: HeardLog;
  lines: string[];
  /** As if the disk were full from now on, or had room. */
  setFull: (full: boolean) => void;
}

async function onDisk(work: (world: World) => Promise<void>): Promise<void> {
  const { folder, remove } = makeFolder();
  const db = openDatabase(join(folder, "incidents.sqlite"));
  try {
    const { log, lines } = makeLog();
    const setFull = (full: boolean) => {
      const { page_count: pages } = db.prepare("PRAGMA page_count").get() as { page_count: number };
      db.exec(`PRAGMA max_page_count = ${full ? pages : 100_000}`);
    };
    await work({ heard: new HeardLog(db, log), lines, setFull });
  } finally {
    db.close();
    remove();
  }
}
const entry = (n: number) => ({ id: `a${n}`, node: "n01", note: "x".repeat(1000) }) as never;

test("a full disk does not end the process: what was heard waits, is told once, and is logged when there is room", () =>
  onDisk(async ({ heard, lines, setFull }) => {
    setFull(true);
    for (let n = 0; n < 20; n++) heard.add(entry(n));
    await until("the full disk to be told", () => lines.some((line) => line.includes("arrivals cannot be logged")));
    assert.equal(heard.counters.written, 0);
    setFull(false);
    heard.add(entry(20));
    await until("room", () => heard.counters.written === 21);
    assert.equal(lines.filter((line) => line.includes("cannot be logged")).length, 1);
    assert.ok(lines.some((line) => line.includes("logged again")));
    assert.equal(heard.of(["a0", "a20"]).length, 2);
  }));

test("evidence asked for on a full disk has what waits, and waiting ends when there is room though nobody says anything", () =>
  onDisk(async ({ heard, lines, setFull }) => {
    setFull(true);
    for (let n = 0; n < 20; n++) heard.add(entry(n));
    const ids = (of: string[]) => heard.of(of).map(({ id }) => id);
    assert.deepEqual(ids(["a19", "nobody", "a0"]), ["a19", "a0"]);
    assert.throws(() => heard.flush(), /full/);
    assert.equal(heard.counters.written, 0);
    setFull(false);
    await until("room", () => heard.counters.written === 20);
    assert.deepEqual(ids(["a19", "nobody", "a0"]), ["a19", "a0"]);
    assert.equal(lines.length, 2, "the full disk and the room, once each");
    // Closed on a full disk again: it says so, and no timer is left that would keep the process.
    setFull(true);
    for (let n = 20; n < 40; n++) heard.add(entry(n));
    assert.throws(() => heard.close(), /full/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(lines.length, 2, "nothing was tried after the end");
  }));

test.run();
