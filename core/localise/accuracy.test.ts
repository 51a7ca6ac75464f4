import { test } from "uvu";
import * as assert from "uvu/assert";
import { figuresOf } from "./case-figures.ts";

test("700 clean shots: root mean square error within 10 % of the Cramér-Rao bound, 93 to 98 % inside the ellipse, none missed", () => {
  const f = figuresOf({ count: 700, seed: 3 });
  assert.is(f.found, 1);
  assert.is(f.invented, 0);
  assert.ok(f.rmseM / f.boundM < 1.1, `${f.rmseM} m against ${f.boundM} m`);
  assert.ok(f.coverage95 > 0.93 && f.coverage95 < 0.98, String(f.coverage95));
});

test("200 shots with a quarter of nodes on echoes, echoes beside and a false arrival: 98 % found, none confidently wrong", () => {
  const f = figuresOf({ count: 200, seed: 4, case: { echoOnly: 0.25, extraEcho: 0.4, falsePerShot: 1 } });
  assert.ok(f.foundOfFive >= 0.98, String(f.foundOfFive));
  assert.ok(f.p95M <= 1.3 * f.oracleP95M, `${f.p95M} m against ${f.oracleP95M} m`);
  assert.is(f.confidentlyWrong, 0);
  assert.ok(f.invented <= 0.01);
});

test("300 shots of four nodes are never confidently wrong and always marked", () => {
  const f = figuresOf({ count: 300, seed: 5, case: { nodes: [4, 4] } });
  assert.ok(f.found > 0.98);
  assert.is(f.confidentlyWrong, 0);
  assert.is(f.unverified, 1);
});

test("air said 10 degrees too warm, seven nodes or more: within 15 % of the bound of unknown speed", () => {
  const f = figuresOf({ count: 300, seed: 6, case: { nodes: [7, 9] }, site: { airTempC: 30 }, unknownSpeed: true });
  assert.ok(f.rmseM / f.boundM < 1.15, `${f.rmseM} m against ${f.boundM} m`);
});

test.run();
