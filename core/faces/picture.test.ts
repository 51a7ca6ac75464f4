/** Patches of pictures. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Picture, samplePatch, squarePatch } from "./picture.ts";

/** Every pixel (x, y) is (x, y, 7). */
function ramp(widthPx: number, heightPx: number): Picture {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) for (let x = 0; x < widthPx; x++) rgb.set([x, y, 7], 3 * (y * widthPx + x));
  return { widthPx, heightPx, rgb };
}

test("shrunk by 2 and by 3, each pixel is the mean of the area it covers", () => {
  for (const [sidePx, a] of [
    [40, 2],
    [60, 3],
  ] as const) {
    const out = new Float32Array(20 * 20 * 3).fill(9);
    samplePatch(ramp(60, 60), squarePatch(0, 0, sidePx, 20), 20, out);
    for (const [u, v] of [
      [0, 0],
      [7, 3],
      [19, 19],
    ] as const) {
      const [r, g, b] = out.subarray(3 * (v * 20 + u), 3 * (v * 20 + u) + 3);
      assert.ok(Math.abs(r! - ((u + 0.5) * a - 0.5)) < 1e-3, `${a}: ${r}`);
      assert.ok(Math.abs(g! - ((v + 0.5) * a - 0.5)) < 1e-3, `${a}: ${g}`);
      assert.ok(Math.abs(b! - 7) < 1e-3);
    }
  }
});

test("shrunk by 2.5, a pixel takes two whole pixels and half of a third", () => {
  const out = new Float32Array(20 * 20 * 3);
  samplePatch(ramp(60, 60), squarePatch(0, 0, 50, 20), 20, out);
  assert.ok(Math.abs(out[0]! - (0 + 1 + 0.5 * 2) / 2.5) < 1e-4);
  assert.ok(Math.abs(out[3]! - (0.5 * 2 + 3 + 4) / 2.5) < 1e-4);
});

test("outside the picture lies black: a square twice its size has it in the middle", () => {
  const white: Picture = { widthPx: 30, heightPx: 30, rgb: new Uint8Array(2700).fill(255) };
  const out = new Float32Array(20 * 20 * 3);
  samplePatch(white, squarePatch(-15, -15, 60, 20), 20, out);
  const row = Array.from({ length: 20 }, (_, u) => Math.round(out[3 * (10 * 20 + u)]!));
  assert.equal(row, [...Array(5).fill(0), ...Array(10).fill(255), ...Array(5).fill(0)]);
  assert.is(out[0], 0);
});

test("enlarged and turned by 90 degrees, a pixel is where the similarity puts it", () => {
  const out = new Float32Array(10 * 10 * 3);
  samplePatch(ramp(60, 60), { a: 0, b: 1, x0: 30, y0: 10 }, 10, out);
  // u runs down the picture, v to the left.
  assert.equal([...out.subarray(3 * (2 * 10 + 4), 3 * (2 * 10 + 4) + 2)], [28, 14]);
});

test.run();
