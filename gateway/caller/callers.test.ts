/** Links while the disk takes nothing. */
import assert from "node:assert/strict";
import { test } from "uvu";
import { Refusal } from "../http/refusal.ts";
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

test("a link whose entry always fails, and one that is not there, keep nobody else's from being told and ended", async () => {
  const stop = new AbortController();
  const { log } = makeLog();
  const said: string[] = [];
  const nowMs = Date.now();
  const open = { openUntilMs: nowMs, device: "d", lastsUntilMs: nowMs + 3_600_000 };
  const rows: Record<string, unknown> = {
    bad: { id: "bad", link: open, facts: {} },
    good: { id: "good", link: open, facts: {} },
    old: { id: "old", link: { openUntilMs: nowMs - 1 }, facts: {} },
  };
  const silent = ["bad", "gone", "good"];
  let tries = 0;
  let asked = 0;
  let ticks = 0;
  const book = {
    store: { list: () => [rows.old] },
    phones: { lost: () => silent.splice(0), forget: () => undefined },
    talking: new Map(),
    received: new Set(),
    get: (id: string) => {
      if (id === "gone") asked++;
      if (!rows[id]) throw new Refusal(404, "there is no such caller");
      return rows[id];
    },
    record: ({ id }: { id: string }, text: string) => {
      if (id === "bad" && ++tries) throw new Error("SQLITE_CORRUPT");
      said.push(`${id}: ${text}`);
    },
    tell: () => undefined,
    save: () => undefined,
  };
  const voice = {
    tick: () => {
      ticks++;
      throw new Error("SQLITE_CORRUPT");
    },
  };
  new Callers({
    book,
    log,
    signal: stop.signal,
    voice,
    media: { close: () => undefined },
    push: () => undefined,
  } as never);
  try {
    await until("a second round", () => tries >= 2, 20_000);
    assert.deepEqual(said, [
      "good: the phone has not been heard of for 15 s",
      "old: the link is over: nobody opened it in time",
    ]);
    assert.deepEqual([asked, ticks >= 2], [1, true]);
  } finally {
    stop.abort();
  }
});

test.run();
