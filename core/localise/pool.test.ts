import { test } from "uvu";
import * as assert from "uvu/assert";
import { poolOf } from "./pool.ts";
import type { Heard } from "./problem.ts";

/** At `nodes` ears a clear arrival; at the first of them something 50 ms earlier that was a shot with that probability. */
function clearArrivalBehind(earlier: number, nodes: number): number {
  const at = (node: number, id: string, toaS: number, probability: number, echoProbability: number): Heard => {
    return {
      id,
      node: `n${node}`,
      eastM: 100 * node,
      northM: 0,
      upM: 5,
      toaS,
      sigmaS: 1e-3,
      probability,
      echoProbability,
    };
  };
  const clear = Array.from({ length: nodes }, (_, k) => at(k, `clear${k}`, 1, 0.99, k === 0 ? 0.8 : 0.1));
  const pool = poolOf([...clear, at(0, "earlier", 0.95, earlier, 0)]);
  return pool.directBonus[pool.heard.findIndex(({ id }) => id === "clear0")]!;
}

test("of four ears, what is marked as an echo of no shot counts for more than an echo of a shot", () => {
  const [noShot, shot] = [clearArrivalBehind(0.1, 4), clearArrivalBehind(0.95, 4)];
  assert.ok(noShot > shot + 2, `${noShot} and ${shot} in log odds`);
});

test("among twenty ears the others tell echoes: the mark counts as it is", () => {
  const [noShot, shot] = [clearArrivalBehind(0.1, 20), clearArrivalBehind(0.95, 20)];
  assert.ok(Math.abs(noShot - shot) < 0.3, `${noShot} and ${shot} in log odds`);
});

test.run();
