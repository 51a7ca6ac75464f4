/** Facts that a full disk does not take: none is lost, their order stays, and a late one says so. */
import assert from "node:assert/strict";
import { test } from "uvu";
import { makeLog, until } from "../testing.ts";
import { Facts } from "./facts.ts";

function makeRecord() {
  const record = { full: false, said: [] as string[], tries: 0 };
  const facts = new Facts({
    record: (incident, by, text) => {
      record.tries++;
      if (record.full) throw new Error("database or disk is full");
      record.said.push(`${incident} ${by}: ${text}`);
    },
    log: makeLog().log,
    againMs: 20,
  });
  return { record, facts };
}

test("what the disk takes stands there at once", () => {
  const { record, facts } = makeRecord();
  facts.say("i1", "ann", "watches lamp-3.front", {});
  assert.deepEqual(record.said, ["i1 ann: watches lamp-3.front"]);
  assert.deepEqual([facts.waiting, facts.counters.late], [0, 0]);
});

test("what it does not take throws nothing, waits, and comes later in order, with how late it is", async () => {
  const { record, facts } = makeRecord();
  record.full = true;
  facts.say("i1", "gateway", "no picture", {});
  await until("a second try", () => record.tries >= 2, 20_000);
  facts.say("i1", "gateway", "the picture is back", {});
  assert.equal(facts.waiting, 2);
  record.full = false;
  await until("both", () => record.said.length === 2, 20_000);
  assert.match(record.said[0] as string, /^i1 gateway: no picture \(\d+ s before this entry\)$/);
  assert.match(record.said[1] as string, /^i1 gateway: the picture is back/);
  assert.equal(facts.waiting, 0);
  assert.ok(facts.counters.late >= 1);
});

test("of more than a thousand the oldest are given up and counted; at the end what waits is tried once more", () => {
  const { record, facts } = makeRecord();
  record.full = true;
  for (let n = 0; n < 1_003; n++) facts.say("i1", "gateway", `fact ${n}`, {});
  assert.deepEqual([facts.waiting, facts.counters.dropped], [1_000, 3]);
  record.full = false;
  facts.close();
  assert.equal(record.said.length, 1_000);
  assert.match(record.said[0] as string, /fact 3/);
});

test.run();
