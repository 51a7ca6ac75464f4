/** The flight on disk before anything of it is done; and what a disk that does not take it may hold up. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newDrone } from "#core/handoff/step.ts";
import { Journal, type Kept } from "./journal.ts";
import { WriteFirst } from "./write-first.ts";

const test = suite("write first");
const kept = (tickMs: number): Kept => ({ version: 1, tickMs, drone: newDrone(tickMs), hops: [] });

async function rig(
  run: (world: { file: string; journal: Journal; first: WriteFirst; faults: unknown[] }) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-journal-"));
  const file = join(folder, "flight.json");
  const journal = new Journal(file);
  const faults: unknown[] = [];
  const first = new WriteFirst(journal, pino({ level: "silent" }), (error) => faults.push(error));
  try {
    await run({ file, journal, first, faults });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("what follows from a state finds it, or a newer one, on disk; in the order of the states", () =>
  rig(async ({ file, journal, first }) => {
    const seen: [number, number][] = [];
    const look = (tickMs: number) =>
      first.thenDo(kept(tickMs), false, () => {
        seen.push([tickMs, (JSON.parse(readFileSync(file, "utf8")) as Kept).tickMs]);
      });
    await Promise.all([1, 2, 3, 4].map(look));
    while (first.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(
      seen.map(([state]) => state),
      [1, 2, 3, 4],
    );
    assert.ok(seen.every(([state, onDisk]) => onDisk >= state));
    // The first, and then the newest of those that came meanwhile.
    assert.ok(journal.writes <= 3, `${journal.writes} writes`);
    assert.is((journal.read() as Kept).tickMs, 4);
  }));

test("a disk that does not take it is counted and said, what follows comes all the same, and the caller knows", () =>
  rig(async ({ file, first, faults }) => {
    // Nothing can be renamed onto a folder with something in it.
    mkdirSync(join(file, "in the way"), { recursive: true });
    let done = 0;
    const written = await first.thenDo(kept(1), true, () => done++);
    while (first.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal([written, done, first.counters.journalFailures, faults.length], [false, 1, 1, 0]);
  }));

test("in the air a disk that hangs holds an order up for half a second, not for longer; on the ground for as long as it takes", () =>
  rig(async ({ journal, first }) => {
    let release = () => {};
    journal.write = () => new Promise<void>((resolve) => (release = resolve));
    const happened: string[] = [];
    void first.thenDo(kept(1), true, () => happened.push("hold"));
    const beganMs = performance.now();
    while (happened.length < 1 && performance.now() - beganMs < 20_000)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal([happened, first.counters.journalLate], [["hold"], 1]);
    void first.thenDo(kept(2), false, () => happened.push("arm"));
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(happened, ["hold"]);
    release();
    while (first.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(happened, ["hold", "arm"]);
  }));

test.run();
