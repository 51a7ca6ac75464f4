import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AdaptationStore, openAdaptationStore } from "./adaptation-store.ts";
import { keepingLog } from "./bus-suite.ts";

const MODEL = "a".repeat(64);
let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-adaptation-"));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

/** 200 arrivals, ten of them reviewed. */
function fill(): void {
  const store = new AdaptationStore(folder);
  for (let i = 0; i < 200; i++) store.remember(`a${i}`, MODEL, 0.9, new Float32Array(32));
  for (let i = 0; i < 10; i++) store.review(`a${i}`, `i${i}`, i % 2 === 0);
  store.use(0);
  store.close();
}

test("a file that is well is opened as it was left, without a word", () => {
  fill();
  const lines: string[] = [];
  const store = openAdaptationStore(folder, keepingLog(lines));
  assert.equal([store.verdicts(MODEL), store.newest, store.inUse], [10, 0, 0]);
  store.close();
  assert.equal(lines, []);
});

test("a file whose first page is well and everything behind it not: told once, and the node learns in memory", () => {
  fill();
  const path = join(folder, "adaptation.sqlite");
  const { size } = statSync(path);
  assert.ok(size > 8 * 4096, `${size}`);
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
  closeSync(file);
  const lines: string[] = [];
  const store = openAdaptationStore(folder, keepingLog(lines));
  assert.equal([store.inUse, store.newest, store.version(1), store.verdicts(MODEL)], [0, 0, undefined, 0]);
  store.remember("b1", MODEL, 0.9, new Float32Array(32));
  assert.is(store.review("b1", "i1", true), true);
  store.close();
  assert.is(lines.length, 1);
  assert.match(lines[0]!, "move adaptation.sqlite away");
});

test.run();
