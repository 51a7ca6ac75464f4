import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHIP_PX, chipOf, LANDMARKS } from "./align.ts";
import { boxesIn, distinctFaces, squaresToSearch } from "./detection.ts";
import { samplePatch, squarePatch } from "./picture.ts";
import { defaultLimits, measureQuality, type Quality, qualityScore, refusals } from "./quality.ts";

const good: Quality = {
  eyeDistancePx: 60,
  sharpness: 0.2,
  turn: 0.05,
  nod: 0.6,
  rollDeg: 3,
  luma: 140,
  contrast: 45,
  sideLight: 0.05,
};

test("a good face is not refused, and each fault alone refuses it with its own reason", () => {
  assert.equal(refusals(good), []);
  const faults: [Partial<Quality>, string][] = [
    [{ eyeDistancePx: 19 }, "too small"],
    [{ sharpness: 0.011 }, "blurred"],
    [{ turn: 0.41 }, "turned away"],
    [{ nod: 0.34 }, "head up or down"],
    [{ nod: 0.86 }, "head up or down"],
    [{ rollDeg: 41 }, "tilted"],
    [{ luma: 34 }, "too dark"],
    [{ luma: 226 }, "too bright"],
    [{ contrast: 13 }, "flat light"],
    [{ sideLight: 0.51 }, "lit from one side"],
  ];
  for (const [fault, why] of faults) {
    const found = refusals({ ...good, ...fault });
    assert.is(found.length, 1, why);
    assert.ok(found[0]!.startsWith(why), `${found[0]} for ${why}`);
  }
  assert.is(refusals({ ...good, turn: Number.NaN }).length, 1);
});

test("the better look has the higher score", () => {
  assert.ok(qualityScore(good) > qualityScore({ ...good, turn: 0.3 }));
  assert.is(qualityScore({ ...good, turn: defaultLimits.turn }), 0);
});

/** A level face with its eyes 60 px apart: the features that quality looks at. */
function face(noseX: number): Float32Array {
  const points = new Float32Array(LANDMARKS * 2);
  const put = (from: number, to: number, x: number, y: number) => {
    for (let i = from; i < to; i++) points.set([x, y], 2 * i);
  };
  put(36, 42, 70, 60);
  put(42, 48, 130, 60);
  put(27, 36, noseX, 96);
  put(48, 68, 100, 120);
  return points;
}
const chipOfPattern = (luma: (x: number, y: number) => number) =>
  Float32Array.from({ length: CHIP_PX * CHIP_PX * 3 }, (_, i) =>
    luma(Math.floor(i / 3) % CHIP_PX, Math.floor(i / 3 / CHIP_PX)),
  );

test("eyes 60 px apart, nose 15 px off the middle and 0.6 of the way down: turn 0.25, nod 0.6", () => {
  const quality = measureQuality(
    face(115),
    chipOfPattern((x) => 100 + (x % 10)),
  );
  assert.is(quality.eyeDistancePx, 60);
  assert.ok(Math.abs(quality.turn - 0.25) < 1e-6);
  assert.ok(Math.abs(quality.nod - 0.6) < 1e-6);
  assert.ok(quality.rollDeg < 1e-6);
});

test("fine stripes are sharper than coarse waves, and a dark half shows as side light", () => {
  const stripes = measureQuality(
    face(100),
    chipOfPattern((x) => 128 + 40 * Math.sin(x)),
  );
  const waves = measureQuality(
    face(100),
    chipOfPattern((x) => 128 + 40 * Math.sin(x / 10)),
  );
  assert.ok(stripes.sharpness > 50 * waves.sharpness, `${stripes.sharpness} ${waves.sharpness}`);
  const half = measureQuality(
    face(100),
    chipOfPattern((x) => (x < CHIP_PX / 2 ? 50 : 150)),
  );
  assert.ok(Math.abs(half.sideLight - 0.5) < 1e-6);
});

test("landmarks turned by 30 degrees and doubled give that very similarity back", () => {
  // chipOf is linear in the landmarks: its answer for the mean face itself is the identity.
  const [a, b] = [2 * Math.cos(Math.PI / 6), 2 * Math.sin(Math.PI / 6)];
  const unit = new Float32Array(LANDMARKS * 2);
  for (let i = 0; i < LANDMARKS; i++) unit.set([Math.sin(i) * 40 + 75, Math.cos(1.7 * i) * 40 + 75], 2 * i);
  const first = chipOf(unit)!;
  const moved = Float32Array.from(unit, (_, k) => {
    const [x, y] = [unit[k - (k % 2)]!, unit[k - (k % 2) + 1]!];
    return k % 2 === 0 ? a * x - b * y + 10 : b * x + a * y - 5;
  });
  const second = chipOf(moved)!;
  assert.ok(Math.abs(second.a - (a * first.a - b * first.b)) < 1e-4);
  assert.ok(Math.abs(second.b - (b * first.a + a * first.b)) < 1e-4);
  assert.is(chipOf(new Float32Array(LANDMARKS * 2).fill(9)), undefined);
});

test("a patch of half the size is the mean of 2 x 2 pixels; outside the picture lies black", () => {
  const rgb = Uint8Array.from([10, 0, 0, 20, 0, 0, 30, 0, 0, 40, 0, 0]);
  const out = new Float32Array(3);
  samplePatch({ widthPx: 2, heightPx: 2, rgb }, squarePatch(0, 0, 2, 1), 1, out);
  assert.ok(Math.abs(out[0]! - 25) < 1e-6);
  samplePatch({ widthPx: 2, heightPx: 2, rgb }, squarePatch(10, 10, 2, 1), 1, out);
  assert.is(out[0], 0);
});

test("a picture of 1920 x 1080 is searched whole and in squares in which 40 px are at least 24 of the detector's", () => {
  const squares = squaresToSearch({ widthPx: 1920, heightPx: 1080, rgb: new Uint8Array(0) });
  assert.is(squares[0]!.sidePx, 1920);
  const tiles = squares.slice(1);
  assert.ok(tiles.every((each) => (40 * 512) / each.sidePx >= 24));
  // Any 100-pixel face lies wholly in one of them.
  for (let x = 0; x <= 1820; x += 35)
    for (let y = 0; y <= 980; y += 35)
      assert.ok(
        tiles.some((t) => t.x <= x && t.y <= y && t.x + t.sidePx >= x + 100 && t.y + t.sidePx >= y + 100),
        `${x},${y}`,
      );
});

test("overlapping boxes are one face, the surer one; apart they are two", () => {
  const square = { x: 100, y: 0, sidePx: 200 };
  const small = { widthPx: 300, heightPx: 200 };
  const boxes = Float32Array.from([0, 0, 0.5, 0.5, 0.02, 0.02, 0.52, 0.52, 0.5, 0.5, 1, 1, 0, 0, 1, 1]);
  const found = distinctFaces(boxesIn(square, boxes, Float32Array.from([0.7, 0.9, 0.6, 0.1]), 0.35, small));
  assert.equal(
    found.map((each) => [Math.round(each.x), Math.round(each.y), Math.round(each.widthPx)]),
    [
      [104, 4, 100],
      [200, 100, 100],
    ],
  );
});

test("a face that a square cuts inside of the picture is left to the square beside it; at the picture's own edge it stays", () => {
  const square = { x: 100, y: 0, sidePx: 200 };
  // Cut on the left, on the right, at the bottom, and whole.
  const boxes = Float32Array.from([0.2, 0, 0.4, 0.2, 0.2, 0.8, 0.4, 1, 0.8, 0.4, 1, 0.6, 0.4, 0.4, 0.6, 0.6]);
  const found = (widthPx: number, heightPx: number) =>
    boxesIn(square, boxes, new Float32Array(4).fill(0.9), 0.35, { widthPx, heightPx }).map(({ x, y }) => [
      Math.round(x),
      y,
    ]);
  assert.is(found(600, 600)[0]![0], 180);
  assert.is(found(600, 600).length, 1);
  assert.is(found(300, 200).length, 3, "its right and lower edges are the picture's");
});

test.run();
