import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Building, Buildings } from "../buildings.ts";
import { makeCity } from "../city.ts";
import { Rng } from "../rng.ts";
import { scatterTail, velvet } from "./scatter.ts";

const wall = (x0: number, y0: number, x1: number, y1: number): Building => ({
  corners: [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ],
  heightM: 10,
  reflectance: 0.9,
});
const sum = (energies: Float64Array, fromS = 0, toS = 9) =>
  energies.reduce((total, x, i) => total + (i * 0.004 >= fromS && i * 0.004 < toS ? x : 0), 0);

test("over open ground nothing scatters", () => {
  assert.is(scatterTail(new Buildings([]), 343, [0, 0, 1.5], [300, 0, 5.5], 300 / 343), undefined);
});

const facade = new Buildings([wall(40, 50, 60, 52)]);
/** Legs over the facade's middle, and over its ends, less the straight way, in steps of 4 ms. */
const middleStep = Math.floor((2 * Math.hypot(50, 50) - 100) / 343 / 0.004);
const endStep = Math.floor((Math.hypot(40, 50) + Math.hypot(60, 50) - 100) / 343 / 0.004);

test("one facade 20 x 10 m, 50 m off the middle of 100 m: s A cos^2 / (pi r^4), from its nearest part's way to its farthest's", () => {
  const tail = scatterTail(facade, 343, [0, 0, 1.5], [100, 0, 1.5], 100 / 343)!;
  const legM = Math.hypot(50, 50);
  const expected = (0.5 * 200 * (50 / legM) ** 2) / (Math.PI * legM ** 4);
  assert.is(sum(tail.open, 0, middleStep * 0.004), 0);
  const parts = endStep - middleStep + 1;
  assert.ok(Math.abs((parts * tail.open[middleStep]!) / expected - 1) < 1e-9, `${tail.open[middleStep]} ${expected}`);
});

test("a house before the facade makes its part a screened one", () => {
  const tail = scatterTail(
    new Buildings([wall(40, 50, 60, 52), wall(20, 10, 40, 30)]),
    343,
    [0, 0, 1.5],
    [100, 0, 1.5],
    100 / 343,
  )!;
  // What is left in open sight was scattered by the house itself, and again.
  assert.ok(
    tail.open[middleStep]! < 0.1 * tail.screened[middleStep]!,
    `${tail.open[middleStep]} ${tail.screened[middleStep]}`,
  );
});

test("what is scattered again adds g / (1 - g) of the energy: 1.5 times as much once more at g = 0.6", () => {
  const tail = scatterTail(facade, 343, [0, 0, 1.5], [100, 0, 1.5], 100 / 343)!;
  const once = tail.open[middleStep]! * (endStep - middleStep + 1);
  const later = sum(tail.open) - once;
  assert.ok(Math.abs(later / once / 1.5 - 1) < 0.05, `${later / once}`);
});

test("in a city the tail from 50 to 300 ms holds more than that from 300 ms on, and a dense city more than a sparse one", () => {
  const total = (density: number) => {
    const city = makeCity(1, { density });
    const [a, b] = city.lampposts;
    const at = (post: typeof a) => [post!.at.eastM, post!.at.northM, 5] as const;
    const distanceM = Math.hypot(a!.at.eastM - b!.at.eastM, a!.at.northM - b!.at.northM);
    const tail = scatterTail(city.buildings, 343, at(a), at(b), distanceM / 343)!;
    const all = tail.open.map((x, i) => x + tail.screened[i]!);
    assert.ok(sum(all, 0.05, 0.3) > sum(all, 0.3));
    return sum(all) * distanceM ** 2;
  };
  assert.ok(total(0.95) > total(0.2));
});

test("velvet noise has the energies asked for, within 10 % over 100 steps, at instants within their steps", () => {
  const energies = new Float64Array(100).fill(2);
  const { lateS, amplitude } = velvet(energies, 0.004, new Rng(1));
  const energy = amplitude.reduce((total, x) => total + x * x, 0);
  assert.ok(Math.abs(energy / 200 - 1) < 0.1, `${energy}`);
  lateS.forEach((s, i) => {
    assert.is(Math.floor(s / 0.004 + 1e-12), Math.floor(i / 12));
  });
});

test.run();
