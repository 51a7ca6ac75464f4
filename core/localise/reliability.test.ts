import { test } from "uvu";
import * as assert from "uvu/assert";
import { airOf } from "./air.ts";
import { addRow, columnsFor, type Heard, type Prior } from "./problem.ts";
import { oneEchoMisleads } from "./reliability.ts";
import { noSolution, solve } from "./solve.ts";

const prior: Prior = { air: airOf(20), speedSigma: 0, sourceUpM: 1.5, sourceUpSigmaM: 0, huberK: 3 };

/** Exact arrivals of a shot at the origin at those places, solved. */
function misleads(places: readonly (readonly [number, number])[], sigmaS: number): boolean {
  const heard: Heard[] = places.map(([eastM, northM], k) => ({
    id: `${k}`,
    node: `n${k}`,
    eastM,
    northM,
    upM: 6,
    toaS: Math.hypot(eastM, northM, 4.5) / prior.air.speedMps,
    sigmaS,
  }));
  const columns = columnsFor(heard.length);
  for (const h of heard) addRow(columns, h);
  const s = noSolution();
  assert.ok(
    solve(
      columns,
      Int32Array.from(heard, (_, k) => k),
      heard.length,
      prior,
      3,
      3,
      0,
      s,
    ),
  );
  return oneEchoMisleads(heard, prior, s);
}

const northern = [
  [0, 300],
  [-150, 320],
  [150, 280],
  [40, 180],
] as const;

test("four ears in the north and one in the south: nothing checks the southern one", () => {
  assert.is(misleads([...northern, [20, -220]], 8e-3), true);
});

test("a second and a third ear in the south check it; so do clocks of a millisecond around the place", () => {
  assert.is(misleads([...northern, [20, -220], [-160, -180], [190, -150]], 2e-3), false);
  const ring = [0, 72, 144, 216, 288].map((deg) => [300 * Math.cos(deg / 57.3), 300 * Math.sin(deg / 57.3)] as const);
  assert.is(misleads(ring, 1e-3), false);
});

test.run();
