import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIX_SIGMA_M, type PlaceReport, placeOf } from "./sensor-places.ts";

const fix = (x: number, y: number, z = 0, errorM?: number): PlaceReport => ({
  at: { x, y, z },
  ...(errorM === undefined ? {} : { errorM }),
});

test("a place averaged for long is believed before the GPS fixes of five recordings", () => {
  const fixes = [fix(5, -4, -26), fix(3.6, -0.7, -8.5), fix(0.7, 3.9, -5), fix(1.4, 5, 7), fix(-2.6, 2.3, -7)];
  const { at, sigmaM } = placeOf(fixes[0]!, [...fixes, fix(0, 0, 0, 0.04)]);
  assert.equal(at, { x: 0, y: 0, z: 0 });
  assert.is(sigmaM, 0.04);
});

test("of five fixes that state no error the median is taken, and one that is 20 m off does no harm", () => {
  const fixes = [fix(-3, 1, 4), fix(20, 2, 30), fix(1, -2, -6), fix(0, 0, 0), fix(2, 4, 8)];
  const { at, sigmaM } = placeOf(fixes[1]!, fixes);
  assert.equal(at, { x: 1, y: 1, z: 4 });
  assert.ok(Math.abs(sigmaM - (1.25 * FIX_SIGMA_M) / Math.sqrt(5)) < 1e-9, String(sigmaM));
});

test("a single fix is good to as much as fixes repeat; a sensor of that name in another frame is another", () => {
  const { at, sigmaM } = placeOf(fix(7, 8, 9), [fix(7, 8, 9), fix(-11415, 3684, 0, 0.03)]);
  assert.equal(at, { x: 7, y: 8, z: 9 });
  assert.is(sigmaM, FIX_SIGMA_M);
});

test("fixes that state 1.3 m and lie 10 m apart are known no better than they repeat", () => {
  const reports = [fix(0, 0, 0, 1.3), fix(10, 0, 0, 1.4), fix(0, 10, 0, 1.3)];
  const { sigmaM } = placeOf(reports[0]!, reports);
  assert.ok(sigmaM >= 1.3 && sigmaM < 10, String(sigmaM));
});

test.run();
