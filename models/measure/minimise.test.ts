import { test } from "uvu";
import * as assert from "uvu/assert";
import { minimise } from "./minimise.ts";

test("Rosenbrock's valley ends at (1, 1) from (-1.2, 1)", () => {
  const { x, value } = minimise(([a, b]) => (1 - a!) ** 2 + 100 * (b! - a! ** 2) ** 2, [-1.2, 1], 1e-14);
  assert.ok(Math.abs(x[0]! - 1) < 1e-4 && Math.abs(x[1]! - 1) < 1e-4, `${x}`);
  assert.ok(value < 1e-8, `${value}`);
});

test.run();
