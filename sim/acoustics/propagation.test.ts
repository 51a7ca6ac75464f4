import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Building, Buildings, type Point } from "../buildings.ts";
import { stillAir } from "./air.ts";
import { Propagation, type Vec } from "./propagation.ts";

const air = { ...stillAir, humidityPercent: 0 };
const box = (x0: number, y0: number, x1: number, y1: number, heightM: number): Building => ({
  corners: [[x0, y0] as Point, [x1, y0] as Point, [x1, y1] as Point, [x0, y1] as Point],
  heightM,
  reflectance: 0.9,
});
const city = (...houses: Building[]) => new Propagation(new Buildings(houses), air);
const close = (a: number, b: number, room: number) => assert.ok(Math.abs(a - b) <= room, `${a}, expected ${b}`);

test("over open ground there is the straight way and its bounce: 343.2 m in one second, the bounce 2 x 1.5 x 5.5 / 343 m later", () => {
  const paths = city().paths([0, 0, 1.5], [343.2, 0, 5.5]);
  assert.is(paths.length, 1);
  assert.is(paths[0]!.kind, "direct");
  close(paths[0]!.travelS, 1, 2e-4);
  close(paths[0]!.ground!.lateS * 343.2, (2 * 1.5 * 5.5) / 343.2, 1e-4);
});

test("a facade 30 m behind the microphone, in line with the source, gives one echo 60 m later", () => {
  const paths = city(box(130, -40, 145, 40, 12)).paths([0, 0, 1.5], [100, 0, 1.5]);
  const echoes = paths.filter((path) => path.kind === "echo");
  assert.is(echoes.length, 1);
  close(echoes[0]!.lengthM - paths[0]!.lengthM, 60, 1e-9);
  close((echoes[0]!.travelS - paths[0]!.travelS) * 343.2, 60, 0.02);
});

test("a long facade beside both, 20 m away, echoes by way of its middle: 2 sqrt(50^2 + 20^2) m", () => {
  const echo = city(box(-200, 20, 300, 30, 12))
    .paths([0, 0, 1.5], [100, 0, 1.5])
    .find((path) => path.kind === "echo")!;
  close(echo.lengthM, 2 * Math.hypot(50, 20), 1e-9);
  close(echo.departure[1], 20 / Math.hypot(50, 20), 1e-9);
});

test("no echo from a facade that ends before the point of reflection, nor over one that is too low, nor from behind", () => {
  const echoes = (house: Building, up = 1.5) =>
    city(house)
      .paths([0, 0, up], [100, 0, up])
      .filter((path) => path.kind === "echo").length;
  assert.is(echoes(box(-200, 20, 45, 30, 12)), 0);
  assert.is(echoes(box(-200, 20, 300, 30, 4), 6), 0);
  assert.is(echoes(box(-200, 20, 300, 30, 12)), 1);
});

test("a high house in front of the facade takes its echo away", () => {
  const facade = box(-200, 30, 300, 40, 12);
  const shield = box(15, 5, 35, 20, 30);
  const middle = (p: Propagation) =>
    p.paths([0, 0, 1.5], [100, 0, 1.5]).filter((path) => Math.abs(path.lengthM - 2 * Math.hypot(50, 30)) < 0.5);
  assert.is(middle(city(facade)).length, 1);
  assert.is(middle(city(facade, shield)).length, 0);
});

test("a street canyon echoes twice: off both sides, as if from the image's image", () => {
  const paths = city(box(-300, 10, 400, 20, 20), box(-300, -20, 400, -10, 20)).paths([0, 0, 1.5], [100, 0, 1.5]);
  const lengths = paths.map((path) => path.lengthM);
  for (const twiceM of [0, 20, 40]) {
    assert.ok(
      lengths.some((m) => Math.abs(m - Math.hypot(100, twiceM)) < 1e-6),
      `image at ${twiceM} m`,
    );
  }
});

test("a house 10 m high in the middle of 100 m: heard over the roof, as late as a taut string is longer", () => {
  const paths = city(box(45, -500, 55, 500, 10)).direct([0, 0, 1.5], [100, 0, 1.5]);
  const over = 2 * Math.hypot(45, 8.5) + 10;
  assert.is(paths.length, 1);
  assert.is(paths[0]!.kind, "diffracted");
  close(paths[0]!.lengthM, over, 0.1);
  close(paths[0]!.detourM!, over - 100, 0.1);
});

test("a high but narrow house is passed around its corner", () => {
  const paths = city(box(45, -500, 55, 5, 60)).direct([0, 0, 1.5], [100, 0, 1.5]);
  const around = paths[0]!;
  close(around.lengthM, 2 * Math.hypot(45, 5) + 10, 0.6);
  assert.ok(paths.length === 2 && paths[1]!.detourM! > around.detourM!);
});

test("a microphone that looks over the house hears directly", () => {
  const paths = city(box(45, -500, 55, 500, 10)).direct([0, 0, 1.5], [100, 0, 30]);
  assert.is(paths[0]!.kind, "direct");
});

test("down the wind sound is early: 343.2 m with 10 m/s take 343.2 / 353.2 s", () => {
  const windy = new Propagation(new Buildings([]), { ...air, windFromDeg: 270, windMps: 10 });
  close(windy.direct([0, 0, 1.5], [343.2, 0, 1.5])[0]!.travelS, 343.2 / 353.2, 2e-4);
});

test("what is in the way is found whatever the line's direction, against a test of every house", () => {
  const houses = Array.from({ length: 200 }, (_, i) => {
    const x = ((i * 7919) % 1000) - 500;
    const y = ((i * 104_729) % 1000) - 500;
    return box(x, y, x + 8 + (i % 17), y + 8 + (i % 11), 10);
  });
  const all = new Buildings(houses);
  const alone = houses.map((house) => new Buildings([house]));
  let crossings = 0;
  for (let i = 0; i < 300; i++) {
    const p: Point = [((i * 37) % 1000) - 500, ((i * 91) % 1000) - 500];
    const q: Point = [((i * 53) % 1000) - 500, ((i * 71 + 11) % 1000) - 500];
    const found = all
      .crossings(p, q)
      .map((c) => c.building)
      .sort((a, b) => a - b);
    const expected = alone.flatMap((one, index) => (one.crossings(p, q).length > 0 ? [index] : []));
    assert.equal(found, expected);
    crossings += found.length;
  }
  assert.ok(crossings > 300, `${crossings}`);
});

test("source and microphone may change places", () => {
  const p = city(box(45, -50, 55, 50, 10), box(-200, 60, 300, 70, 12));
  const [a, b]: Vec[] = [
    [0, 0, 1.5],
    [100, 8, 5.5],
  ];
  const there = p.paths(a!, b!).map((path) => path.lengthM);
  const back = p.paths(b!, a!).map((path) => path.lengthM);
  assert.is(there.length, back.length);
  there.forEach((m, i) => {
    close(m, back[i]!, 1e-6);
  });
});

test.run();
