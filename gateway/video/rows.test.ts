/** Rows that a full disk does not take: written without a next one, in order, and none of them holds the others up for ever. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "uvu";
import { makeFolder, makeLog, until } from "../testing.ts";
import { RecordOrders } from "./record-orders.ts";
import type { Recordings } from "./recordings.ts";
import { Rows } from "./rows.ts";
import { openVideoStore } from "./store.ts";

const WAIT_MS = 20_000;
const READ_ONLY = (db: DatabaseSync, on: boolean) => db.exec(`PRAGMA query_only = ${on ? 1 : 0}`);

function makeTable() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (n INTEGER PRIMARY KEY)");
  const rows = new Rows(db, makeLog().log, 10);
  return {
    db,
    rows,
    read: () =>
      db
        .prepare("SELECT n FROM t ORDER BY n")
        .all()
        .map((row) => row.n),
  };
}

test("what waits is written when the disk takes something again, though nothing new is saved, in its order", async () => {
  const { db, rows, read } = makeTable();
  rows.save("INSERT INTO t VALUES (1)");
  READ_ONLY(db, true);
  rows.save("INSERT INTO t VALUES (2)");
  rows.save("DELETE FROM t WHERE n = 2");
  rows.save("INSERT INTO t VALUES (3)");
  assert.deepEqual([read(), rows.waiting], [[1], 3]);
  READ_ONLY(db, false);
  await until("all", () => rows.waiting === 0, WAIT_MS);
  assert.deepEqual([read(), rows.counters.dropped], [[1, 3], 0]);
  db.close();
});

test("a row that no time takes is given up and counted: those behind it are written", () => {
  const { db, rows, read } = makeTable();
  rows.save("INSERT INTO t VALUES (1)");
  rows.save("INSERT INTO t VALUES (1)");
  rows.save("INSERT INTO t VALUES (2)");
  assert.deepEqual([read(), rows.waiting, rows.counters.dropped], [[1, 2], 0, 1]);
  db.close();
});

test("a recording that a person ended on a full disk is not begun by the next start", () => {
  const { folder, remove } = makeFolder();
  const db = openVideoStore(folder);
  const open = () =>
    new RecordOrders({ db, recordings: {} as Recordings, log: makeLog().log, relay: () => {}, fact: () => {} });
  try {
    const orders = open();
    orders.record({ stream: "lamp-3.front", incident: "a", media: ["video"], by: "gateway" });
    READ_ONLY(db, true);
    orders.unrecord("lamp-3.front", "a", "ann");
    assert.equal(orders.rows.waiting, 1);
    READ_ONLY(db, false);
    orders.close();
    assert.deepEqual(open().all(), []);
  } finally {
    db.close();
    remove();
  }
});

test.run();
