import assert from "node:assert/strict";
import { test } from "uvu";
import { fullPace, keyframeEveryMs, type PathReport, stepPace } from "./viewer-pace.ts";

/** Steps of a second; the pictures that are sent after each. */
function run(reports: readonly Partial<PathReport>[]): string {
  let pace = fullPace(0);
  return reports
    .map((report, i) => {
      pace = stepPace(pace, { lossRatio: 0, estimateBps: undefined, sentBps: 2e6, ...report }, (i + 1) * 1_000);
      return pace.pictures === "all" ? "a" : "k";
    })
    .join("");
}
const seconds = (n: number, report: Partial<PathReport> = {}) => Array.from({ length: n }, () => report);

test("a path that loses 40 % has keyframes alone after four seconds, and all of it again after ten good ones", () => {
  assert.equal(run([...seconds(5, { lossRatio: 0.4 }), ...seconds(10)]), `aaak${"k".repeat(9)}aa`);
});

test("5 % lost, a bad second now and then, and a low estimate without loss change nothing", () => {
  assert.equal(run(seconds(30, { lossRatio: 0.05 })), "a".repeat(30));
  assert.equal(run([0, 1, 2, 3, 4].flatMap(() => [...seconds(3, { lossRatio: 0.5 }), {}])), "a".repeat(20));
  assert.equal(run(seconds(30, { estimateBps: 300_000 })), "a".repeat(30));
  assert.equal(
    run(seconds(30, { estimateBps: 300_000, lossRatio: 0.09 })),
    "a".repeat(30),
    "the worst seconds of a link that loses 5 %",
  );
  assert.equal(run(seconds(4, { estimateBps: 1_300_000, lossRatio: 0.12 })), "aaak");
});

test("each try that fails makes the next one later: 10, 20, 40, 80, 80 seconds; a minute of peace forgets it", () => {
  let pace = fullPace(0);
  const waits: number[] = [];
  for (let s = 1; s < 400 && waits.length < 5; s++) {
    const before = pace;
    const lossRatio = pace.pictures === "all" ? 0.4 : 0;
    pace = stepPace(pace, { lossRatio, estimateBps: undefined, sentBps: 2e6 }, s * 1_000);
    if (before.pictures === "keyframes" && pace.pictures === "all") waits.push(s - before.sinceMs / 1_000);
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 80]);
  const good = { lossRatio: 0, estimateBps: undefined, sentBps: 2e6 };
  pace = stepPace(pace, good, pace.sinceMs + 61_000);
  assert.equal(pace.fell, 0);
});

test("while keyframes are lost too it stays with them", () => {
  assert.equal(run([...seconds(4, { lossRatio: 0.4 }), ...seconds(20, { lossRatio: 0.1 })]), `aaa${"k".repeat(21)}`);
});

test("a keyframe of 30 kB every second where nothing is known, every 4.8 s over 100 kbit/s, at most 15 s apart", () => {
  assert.equal(keyframeEveryMs(30_000, undefined), 1_000);
  assert.equal(keyframeEveryMs(30_000, 100_000), 4_800);
  assert.equal(keyframeEveryMs(30_000, 1_000), 15_000);
});

test.run();
