import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "./rng.ts";

const draws = (rng: Rng, n: number) => Array.from({ length: n }, () => rng.uniform());

test("a seed names a stream; forks depend on seed and name, not on what was drawn before", () => {
  assert.equal(draws(new Rng(7), 5), draws(new Rng(7), 5));
  assert.not.equal(draws(new Rng(7), 5), draws(new Rng(8), 5));
  const used = new Rng(7);
  draws(used, 100);
  assert.equal(draws(used.fork("a"), 5), draws(new Rng(7).fork("a"), 5));
  assert.not.equal(draws(used.fork("a"), 5), draws(used.fork("b"), 5));
});

test("uniform, normal and exponential have their means and spreads, within four standard errors of 100,000 draws", () => {
  const rng = new Rng("moments");
  const n = 100_000;
  const moments = (draw: () => number) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = draw();
      sum += x;
      squares += x * x;
    }
    return { mean: sum / n, variance: squares / n - (sum / n) ** 2 };
  };
  const uniform = moments(() => rng.uniform());
  assert.ok(Math.abs(uniform.mean - 0.5) < 4 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(uniform.variance - 1 / 12) < 0.002);
  const normal = moments(() => rng.normal());
  assert.ok(Math.abs(normal.mean) < 4 / Math.sqrt(n));
  assert.ok(Math.abs(normal.variance - 1) < 0.03);
  assert.ok(Math.abs(moments(() => rng.exponential(3)).mean - 3) < (4 * 3) / Math.sqrt(n));
});

test("whole numbers reach both ends and nothing else", () => {
  const rng = new Rng(1);
  const seen = new Set(Array.from({ length: 1000 }, () => rng.int(2, 5)));
  assert.equal([...seen].sort(), [2, 3, 4, 5]);
});

test.run();
