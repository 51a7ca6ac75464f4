import { test } from "uvu";
import * as assert from "uvu/assert";
import { echoesOfBurst } from "./burst-echoes.ts";
import type { Heard } from "./problem.ts";

/** Arrivals of nodes a to e in seconds, sorted by node, then time. */
function heardAt(times: Record<string, readonly number[]>): Heard[] {
  return Object.entries(times).flatMap(([node, list]) =>
    list.map((toaS, k) => ({ id: `${node}${k}`, node, eastM: 0, northM: 0, upM: 0, toaS, sigmaS: 8e-3 })),
  );
}

function echoes(times: Record<string, readonly number[]>): string[] {
  const heard = heardAt(times);
  return echoesOfBurst(heard, new Float64Array(heard.length)).map((row) => heard[row]!.id);
}

/** Three rounds of live fire, 0.525 and 0.477 s apart, with the echo that one of five sensors heard 0.287 s behind each. */
const burst = {
  a: [1.3198, 1.8458, 2.3229],
  b: [1.7926, 2.08, 2.3177, 2.6051, 2.7947, 3.0822],
  c: [1.8135, 2.3387, 2.8156],
  d: [2.014, 2.5391, 3.0163],
  e: [2.3867, 2.912, 3.3892],
};

test("what repeats 0.287 s behind each of three rounds at one node is the rounds' echo; the rounds are none", () => {
  assert.equal(echoes(burst).sort(), ["b1", "b3", "b5"]);
});

test("six rounds 0.08 s apart are no echoes of each other", () => {
  const rounds = (fromS: number) => Array.from({ length: 6 }, (_, k) => fromS + 0.08 * k);
  assert.equal(echoes({ a: rounds(0), b: rounds(0.31), c: rounds(0.47), d: rounds(0.55) }), []);
});

test("one round with an echo at every node, each with its own delay, shows no burst", () => {
  assert.equal(echoes({ a: [1, 1.11], b: [1.2, 1.29], c: [1.4, 1.63], d: [1.5, 1.71], e: [1.9, 2.06] }), []);
});

test.run();
