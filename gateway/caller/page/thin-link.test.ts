import assert from "node:assert/strict";
import { test } from "uvu";
import { type LinkMeasure, stepThin, thick } from "./thin-link.ts";

const after = (measures: LinkMeasure[], from = thick) => measures.reduce(stepThin, from);
const times = (count: number, measure: LinkMeasure) => Array.from({ length: count }, () => measure);

test("100 kbit/s three times in a row is too thin for video, twice is not, and one good measure between starts anew", () => {
  const bad = { allowedBps: 100_000 };
  assert.equal(after(times(2, bad)).thin, false);
  assert.equal(after(times(3, bad)).thin, true);
  assert.equal(after([...times(2, bad), { allowedBps: 900_000 }, ...times(2, bad)]).thin, false);
});

test("a third of the packets lost is too thin as well; media that finds no way is so at once", () => {
  assert.equal(after(times(2, { allowedBps: 2e6, lossRatio: 0.33 })).thin, false);
  assert.equal(after(times(3, { allowedBps: 2e6, lossRatio: 0.33 })).thin, true);
  assert.equal(after([{ failed: true }]).thin, true);
});

test("back to video after five fast stills, not before 15 measures", () => {
  const thin = after([{ failed: true }]);
  assert.equal(after(times(14, { stillBps: 2e6 }), thin).thin, true);
  assert.equal(after(times(15, { stillBps: 2e6 }), thin).thin, false);
  assert.equal(after([...times(14, { stillBps: 2e6 }), { stillBps: 50_000 }], thin).thin, true);
});

test.run();
