import { test } from "uvu";
import * as assert from "uvu/assert";
import { nextOfBurst } from "./burst-rounds.ts";
import { poolOf } from "./pool.ts";

/** Arrivals in milliseconds by node, the first of each the round that is known; unsure detectors from the second on. */
function nextOf(timesMs: Record<string, readonly number[]>, sureOfFirst = 0.9, inOneStreet = false) {
  const heard = Object.entries(timesMs).flatMap(([node, list], n) =>
    list.map((ms, k) => ({
      id: `${node}${k}`,
      node,
      // Around the shooter, or along a street that he stands at the end of.
      eastM: inOneStreet ? 60 + 60 * n : (150 + 10 * n) * Math.cos(2.4 * n),
      northM: inOneStreet ? 5 : (150 + 10 * n) * Math.sin(2.4 * n),
      upM: 0,
      toaS: ms / 1000,
      sigmaS: 1.5e-3,
      ownSigmaS: 2e-4,
      probability: k === 0 ? sureOfFirst : 0.1,
    })),
  );
  const pool = poolOf(heard);
  const rows = [...pool.slotStart.slice(0, -1)];
  const free = new Uint8Array(heard.length).fill(1);
  for (const row of rows) free[row] = 0;
  const next = nextOfBurst(pool, free, [{ rows, laterS: 0 }], { eastM: 0, northM: 0, speedMps: 343 }, 0.045);
  return next && { gapMs: Math.round(1000 * next.gapS), nodes: [...next.rows].map((row) => pool.heard[row]!.node) };
}

test("80 ms behind the first round at five of eight nodes, whose detectors say 10 %: a round", () => {
  const found = nextOf({
    a: [0, 80.1],
    b: [300, 379.8],
    c: [410, 490],
    d: [520, 600.3],
    e: [700, 779.9],
    f: [150, 255],
    g: [640],
    h: [980, 1042],
  });
  assert.equal(found, { gapMs: 80, nodes: ["a", "b", "c", "d", "e"] });
});

test("an echo behind the first round at each of eight nodes, 60 to 130 ms later, is no round", () => {
  const delaysMs = [61, 72, 80, 88, 97, 105, 118, 129];
  const heard = delaysMs.map((delayMs, k) => [`n${k}`, [100 * k, 100 * k + delayMs]] as const);
  assert.is(nextOf(Object.fromEntries(heard)), undefined);
});

test("a facade that six of twenty nodes hear 80 ms behind makes no round: the fourteen others would have heard one", () => {
  const heard = Array.from({ length: 20 }, (_, k) => [`n${k}`, k < 6 ? [60 * k, 60 * k + 80] : [60 * k]] as const);
  assert.is(nextOf(Object.fromEntries(heard)), undefined);
});

test("a front behind the shooter that seven of eight posts along his street hear 80 ms behind makes no round", () => {
  const heard = Array.from({ length: 8 }, (_, k) => [`n${k}`, k < 7 ? [170 * k, 170 * k + 80] : [170 * k]] as const);
  assert.is(nextOf(Object.fromEntries(heard), 0.9, true), undefined);
  assert.is(nextOf(Object.fromEntries(heard))?.nodes.length, 7, "the same around him is one");
});

test("the fourteen do not speak against it where their ears were in another sound 20 ms before", () => {
  const heard = Array.from(
    { length: 20 },
    (_, k) => [`n${k}`, k < 6 ? [60 * k, 60 * k + 80] : [60 * k, 60 * k + 60 + (k % 5)]] as const,
  );
  assert.is(nextOf(Object.fromEntries(heard))?.nodes.length, 6);
});

test.run();
