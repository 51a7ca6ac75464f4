import { test } from "uvu";
import * as assert from "uvu/assert";
import { onsetHint } from "./onset-sigma-hint.ts";

const RATE = 16000;
const around = { valid: 0, before: 960, rate: RATE };

const onsetHintS = (...args: Parameters<typeof onsetHint>) => onsetHint(...args).hintS;

/** Silence of noise 1 with one spike, 2 ms before the onset at sample 960. */
function white(spike: number) {
  const y = new Float64Array(1152);
  y[960 - 32] = spike;
  return [{ y, half: 0, noise: 1, loudest: 1 }];
}

test("4.6 sigmas 2 ms before a blunt wave are the first arrival in a quarter of cases, some 2 ms before it: 1 ms at least, by the rule for all 1.26 ms", () => {
  assert.ok(Math.abs(onsetHintS(white(4.6), 960, false, around) - 0.002 * Math.sqrt(0.4)) < 1e-6);
  assert.is(onsetHintS(white(4.6), 960, true, around), onsetHintS(white(4.6), 960, false, around));
});

test("3.9 sigmas before a wave widen a sharp one's sigma by nothing, a blunt one's by 0.49 ms; 2.5 by 0.07 ms", () => {
  assert.is(onsetHintS(white(3.9), 960, false, around), 0);
  assert.ok(Math.abs(onsetHintS(white(3.9), 960, true, around) - 0.00049) < 1e-5);
  assert.ok(Math.abs(onsetHintS(white(2.5), 960, true, around) - 0.00007) < 1e-5);
});

test("6 sigmas before a wave are sure to be one: sigma is all of the 2 ms", () => {
  assert.ok(Math.abs(onsetHintS(white(6), 960, false, around) - 0.002) < 1e-6);
});

test.run();
