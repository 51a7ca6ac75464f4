/** Boxes, postures, directions and short tracks, each on figures that can be checked by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BoxTracks } from "./box-tracks.ts";
import { bearingSigmaDeg, directionOf } from "./directions.ts";
import { distinctObjects, OBJECTS_PX, objectsIn, squaresAcross, strides } from "./objects.ts";
import { fallenOf, POSE_POINTS } from "./posture.ts";

function emptyGrids() {
  const counts = strides.map((stride) => (OBJECTS_PX / stride) ** 2);
  return {
    scores: counts.map((count) => new Float32Array(count * 80)),
    sides: counts.map((count) => new Float32Array(count * 44)),
  };
}
/** All weight on one bin of each side. */
function put(sides: Float32Array, cell: number, bins: readonly number[]) {
  for (const [side, bin] of bins.entries()) sides[cell * 44 + side * 11 + bin] = 50;
}

test("a person in cell (5, 2) of the 32-px grid with sides 1, 2, 3, 4: from x 144 to 272, y 16 to 208, times the square's scale", () => {
  const { scores, sides } = emptyGrids();
  const cell = 2 * 13 + 5;
  scores[2]![cell * 80] = 0.9;
  put(sides[2]!, cell, [1, 2, 3, 4]);
  const [box, ...more] = objectsIn({ x: 100, y: 0, sidePx: 832 }, scores, sides, 0.4);
  assert.is(more.length, 0);
  assert.is(box?.kind, "person");
  // Middle 5.5 x 32 = 176 and 2.5 x 32 = 80 of the 416; twice that in the picture.
  const rounded = [box!.x, box!.y, box!.widthPx, box!.heightPx].map(Math.round);
  assert.equal(rounded, [100 + 2 * (176 - 32), 2 * (80 - 64), 2 * 128, 2 * 192]);
});

test("cars, motorcycles, buses and trucks are vehicles; a dog and a tie are nothing", () => {
  for (const [index, kind] of [
    [2, "vehicle"],
    [3, "vehicle"],
    [5, "vehicle"],
    [7, "vehicle"],
    [16, undefined],
    [27, undefined],
  ] as const) {
    const { scores, sides } = emptyGrids();
    scores[1]![40 * 80 + index] = 0.8;
    put(sides[1]!, 40, [1, 1, 1, 1]);
    assert.is(objectsIn({ x: 0, y: 0, sidePx: 416 }, scores, sides, 0.4)[0]?.kind, kind);
  }
});

test("two boxes of one person are one; a person in front of a bus is two", () => {
  const box = { kind: "person", score: 0.9, x: 0, y: 0, widthPx: 100, heightPx: 200 } as const;
  const twice = distinctObjects([box, { ...box, score: 0.5, x: 10 }]);
  assert.equal(twice, [box]);
  assert.is(distinctObjects([box, { ...box, kind: "vehicle", score: 0.5 }]).length, 2);
});

test("a 1280 x 720 picture is looked at whole and in two squares of 720 that reach both ends", () => {
  const squares = squaresAcross(1280, 720);
  assert.equal(squares, [
    { x: 0, y: -280, sidePx: 1280 },
    { x: 0, y: 0, sidePx: 720 },
    { x: 560, y: 0, sidePx: 720 },
  ]);
  assert.is(squaresAcross(640, 480).length, 1);
});

function body(shoulders: [number, number], hips: [number, number], sure = 0.9): Float32Array {
  const points = new Float32Array(POSE_POINTS * 3);
  for (const [k, [x, y]] of [
    [5, shoulders],
    [6, shoulders],
    [11, hips],
    [12, hips],
  ] as const)
    points.set([x, y, sure], 3 * k);
  return points;
}

test("a trunk upright, leaning 30 degrees and level: 0, under 5 %, over 95 %; one badly seen is not judged", () => {
  assert.ok(fallenOf(body([100, 100], [100, 200]))! < 0.001);
  assert.ok(fallenOf(body([100, 100], [150, 187]))! < 0.05);
  assert.ok(fallenOf(body([100, 100], [200, 105]))! > 0.95);
  assert.is(fallenOf(body([100, 100], [200, 105], 0.1)), undefined);
  assert.is(fallenOf(body([100, 100], [103, 104])), undefined, "somebody who lies along the camera's axis");
});

const optics = { widthPx: 1280, heightPx: 720, horizontalFovDeg: 60, tiltDeg: 0 };

test("a camera of 60 degrees: its middle is straight ahead, its right edge 30 degrees to the right", () => {
  assert.equal(directionOf(optics, 640, 360), { azimuthDeg: 0, elevationDeg: 0 });
  assert.ok(Math.abs(directionOf(optics, 1280, 360).azimuthDeg - 30) < 1e-9);
  // 1108.5 px of focal length: 360 px down are 18.0 degrees.
  assert.ok(Math.abs(directionOf(optics, 640, 720).elevationDeg + 17.99) < 0.01);
});

test("a camera that looks down by 20 degrees sees the horizon above its middle and what is level at 20 degrees", () => {
  const down = { ...optics, tiltDeg: -20 };
  assert.ok(Math.abs(directionOf(down, 640, 360).elevationDeg + 20) < 1e-9);
  const horizonY = 360 - (640 / Math.tan(Math.PI / 6)) * Math.tan((20 * Math.PI) / 180);
  assert.ok(Math.abs(directionOf(down, 640, horizonY).elevationDeg) < 1e-9);
});

test("one sigma of a box 6 degrees wide is 0.6 degrees; of a tiny one the least", () => {
  const widthPx = 2 * (640 / Math.tan(Math.PI / 6)) * Math.tan((3 * Math.PI) / 180);
  assert.ok(Math.abs(bearingSigmaDeg(optics, { x: 640 - widthPx / 2, widthPx }) - 0.6) < 1e-6);
  assert.is(bearingSigmaDeg(optics, { x: 640, widthPx: 2 }), 0.3);
});

const at = (x: number) => ({ x, y: 100, widthPx: 40, heightPx: 80 });

test("two people who walk apart keep their hints; one who is gone for 3 s gets another", () => {
  const tracks = new BoxTracks("p", 2);
  const [a, b] = tracks.look(0, [at(0), at(200)]);
  assert.equal(tracks.look(0.5, [at(210), at(10)]), [b, a]);
  assert.equal([...tracks.look(1, [at(20)]), ...tracks.look(1, [at(205)])], [a, b], "one after the other");
  assert.equal(tracks.look(4, [at(20)])[0] === a, false);
});

test("a small box that moved by half its width is the same; three widths further it is another", () => {
  const tracks = new BoxTracks("p", 2);
  const [a] = tracks.look(0, [at(0)]);
  assert.equal(tracks.look(0.5, [at(38)]), [a]);
  assert.is.not(tracks.look(1, [at(200)])[0], a);
});

test.run();
