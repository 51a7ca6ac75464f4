/** A camera is asked for once an incident, whether or not the disk can note it. */
import assert from "node:assert/strict";
import { test } from "uvu";
import { makeLog } from "../testing.ts";
import { firstAsk } from "./first-ask.ts";

function make() {
  const notes = new Set<string>();
  const disk = { full: false, notes };
  const first = firstAsk((stream, incident) => {
    if (disk.full) throw new Error("database or disk is full");
    return notes.size < notes.add(`${incident}/${stream}`).size;
  }, makeLog().log);
  return { disk, first };
}

test("the first time is the first time for each stream and incident", () => {
  const { first } = make();
  const asked = [first("d.front", "a"), first("d.front", "a"), first("d.front", "b"), first("e.front", "a")];
  assert.deepEqual(asked, [true, false, true, true]);
});

test("a full disk keeps no camera from being asked for, once; it is noted when the disk takes something again", () => {
  const { disk, first } = make();
  disk.full = true;
  assert.deepEqual([first("d.front", "a"), first("d.front", "a")], [true, false]);
  disk.full = false;
  assert.deepEqual([first("d.front", "a"), first("d.front", "a")], [false, false]);
  assert.deepEqual([...disk.notes], ["a/d.front"]);
});

test("of what only memory holds the oldest of more than a thousand is forgotten", () => {
  const { disk, first } = make();
  disk.full = true;
  for (let n = 0; n < 1_001; n++) assert.equal(first("d.front", `${n}`), true);
  assert.deepEqual([first("d.front", "1"), first("d.front", "0")], [false, true]);
});

test.run();
