/** What is discarded is marked and told before its files go, whatever fails in between. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import { makeFolder } from "../testing.ts";
import { RecordingArchive } from "./recording-archive.ts";
import { openVideoStore } from "./store.ts";

const test = suite("recording archive");

function withSegment(work: (archive: RecordingArchive, db: DatabaseSync) => void): void {
  const { folder, remove } = makeFolder();
  const db = openVideoStore(folder);
  try {
    const archive = new RecordingArchive({ db, folder, key: Buffer.alloc(32) });
    db.exec("INSERT INTO recording VALUES ('r1', 'n01.front', 'i1', 'H264', 'mp4', 1000, NULL, '', 1)");
    db.exec("INSERT INTO segment VALUES ('r1', 1, 1000, 1.0, 4, '', 0)");
    putFile(archive);
    work(archive, db);
  } finally {
    db.close();
    remove();
  }
}

function putFile(archive: RecordingArchive): void {
  mkdirSync(archive.folderOf("r1"), { recursive: true });
  writeFileSync(`${archive.folderOf("r1")}/000001`, "seen");
}

const deletedIn = (archive: RecordingArchive) => archive.list("i1")[0]?.segments.map(({ deleted }) => deleted === true);

test("what is discarded is marked and told while its files are still there; then they go", () =>
  withSegment((archive) => {
    const told: unknown[] = [];
    archive.discard("r1", () => told.push([deletedIn(archive), archive.segmentsOnDisk("r1")]));
    assert.deepEqual(told, [[[true], [1]]]);
    assert.equal(existsSync(archive.folderOf("r1")), false);
  }));

test("a store that takes no mark leaves the pictures, and nothing is told of it", () =>
  withSegment((archive, db) => {
    db.exec("CREATE TRIGGER full BEFORE UPDATE ON segment BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    assert.throws(() => archive.discard("r1", () => assert.fail("told")), /disk full/);
    assert.deepEqual([deletedIn(archive), archive.segmentsOnDisk("r1")], [[false], [1]]);
  }));

test("files that a discard left are deleted by the next expiry, without a word: it was told", () =>
  withSegment((archive) => {
    archive.discard("r1", () => {});
    putFile(archive);
    assert.deepEqual(archive.expire(0), []);
    assert.equal(existsSync(archive.folderOf("r1")), false);
  }));

test.run();
