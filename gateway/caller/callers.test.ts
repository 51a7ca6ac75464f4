/** Links while the disk takes nothing. */
import assert from "node:assert/strict";
import { test } from "uvu";
import { makeLog, until } from "../testing.ts";
import { Callers } from "./callers.ts";

test("a full disk ends nothing: that a phone fell silent is on the record once it takes something again", async () => {
  const stop = new AbortController();
  const { log, lines } = makeLog();
  const said: string[] = [];
  let full = true;
  const silent = ["c1"];
  const nowMs = Date.now();
  const row = { id: "c1", link: { openUntilMs: nowMs, device: "d", lastsUntilMs: nowMs + 3_600_000 }, facts: {} };
  const book = {
    store: { list: () => [] },
    phones: { lost: () => silent.splice(0) },
    get: () => row,
    record: (_: unknown, text: string) => {
      if (full) throw new Error("database or disk is full");
      said.push(text);
    },
    tell: () => undefined,
  };
  new Callers({ book, log, signal: stop.signal, voice: { tick: () => undefined } } as never);
  try {
    await until("a try", () => lines.some((line) => line.includes("disk is full")), 20_000);
    full = false;
    await until("the fact", () => said.length > 0, 20_000);
    assert.deepEqual(said, ["the phone has not been heard of for 15 s"]);
  } finally {
    stop.abort();
  }
});

test.run();
