/** Pictures as the face pipeline takes them, and patches cut from them. Every buffer is given by the caller, who overwrites it. */

export interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** RGB, 8 bits a channel, row by row. */
  readonly rgb: Uint8Array;
}

/** Maps a patch's pixel (u, v) to the picture: x = a u - b v + x0, y = b u + a v + y0 (a similarity). */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly x0: number;
  readonly y0: number;
}

/** The square with corner (x, y) and side `sidePx` of the picture, as a patch of `patchPx`. */
export function squarePatch(x: number, y: number, sidePx: number, patchPx: number): Similarity {
  const a = sidePx / patchPx;
  return { a, b: 0, x0: x + (a - 1) / 2, y0: y + (a - 1) / 2 };
}

/** From this reduction on an upright patch is the exact mean of the area that each of its pixels covers. */
const SHRINKS_FROM = 1.5;

/**
 * Samples a patch of `patchPx` x `patchPx` into `out` (RGB float32, 0..255). Bilinear; where the patch is coarser than the picture
 * each pixel is the mean of as many samples as picture pixels it covers. Outside the picture lies black.
 */
export function samplePatch(picture: Picture, at: Similarity, patchPx: number, out: Float32Array): void {
  if (at.b === 0 && at.a >= SHRINKS_FROM) {
    shrinkPatch(picture, at, patchPx, out);
    return;
  }
  const { widthPx, heightPx, rgb } = picture;
  const perAxis = Math.min(8, Math.max(1, Math.round(Math.hypot(at.a, at.b))));
  const share = 1 / (perAxis * perAxis);
  for (let v = 0, o = 0; v < patchPx; v++) {
    for (let u = 0; u < patchPx; u++, o += 3) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let s = 0; s < perAxis * perAxis; s++) {
        const su = u + ((s % perAxis) + 0.5) / perAxis - 0.5;
        const sv = v + (Math.floor(s / perAxis) + 0.5) / perAxis - 0.5;
        const x = at.a * su - at.b * sv + at.x0;
        const y = at.b * su + at.a * sv + at.y0;
        if (x <= -1 || y <= -1 || x >= widthPx || y >= heightPx) continue;
        const left = Math.floor(x);
        const top = Math.floor(y);
        for (let corner = 0; corner < 4; corner++) {
          const px = left + (corner & 1);
          const py = top + (corner >> 1);
          if (px < 0 || py < 0 || px >= widthPx || py >= heightPx) continue;
          const weight = (1 - Math.abs(x - px)) * (1 - Math.abs(y - py));
          const i = (py * widthPx + px) * 3;
          r += weight * rgb[i]!;
          g += weight * rgb[i + 1]!;
          b += weight * rgb[i + 2]!;
        }
      }
      out[o] = r * share;
      out[o + 1] = g * share;
      out[o + 2] = b * share;
    }
  }
}

/** Row by row of the picture, so that each of its pixels is read once and no copy of it is made. */
function shrinkPatch({ widthPx, heightPx, rgb }: Picture, at: Similarity, patchPx: number, out: Float32Array): void {
  const { a, x0, y0 } = at;
  out.fill(0);
  const row = new Float32Array(patchPx * 3);
  /** Edges of patch pixel `u` in the picture, where pixel `p` covers p - 0.5 to p + 0.5. */
  const from = (u: number, start: number) => a * (u - 0.5) + start;
  const share = 1 / (a * a);
  const top = Math.max(0, Math.round(from(0, y0)));
  const bottom = Math.min(heightPx - 1, Math.round(from(patchPx, y0)));
  for (let y = top; y <= bottom; y++) {
    row.fill(0);
    for (let u = 0; u < patchPx; u++) {
      const [left, right] = [from(u, x0), from(u + 1, x0)];
      const first = Math.max(0, Math.round(left));
      const last = Math.min(widthPx - 1, Math.round(right));
      let [r, g, b] = [0, 0, 0];
      for (let x = first; x <= last; x++) {
        const covered = Math.min(right, x + 0.5) - Math.max(left, x - 0.5);
        if (covered <= 0) continue;
        const i = (y * widthPx + x) * 3;
        r += covered * rgb[i]!;
        g += covered * rgb[i + 1]!;
        b += covered * rgb[i + 2]!;
      }
      row[3 * u] = r;
      row[3 * u + 1] = g;
      row[3 * u + 2] = b;
    }
    const firstRow = Math.max(0, Math.floor((y - 0.5 - y0) / a + 0.5));
    for (let v = firstRow; v < patchPx && from(v, y0) < y + 0.5; v++) {
      const covered = Math.min(from(v + 1, y0), y + 0.5) - Math.max(from(v, y0), y - 0.5);
      if (covered <= 0) continue;
      const weight = covered * share;
      for (let i = 0, o = v * patchPx * 3; i < row.length; i++, o++) out[o] = out[o]! + weight * row[i]!;
    }
  }
  row.fill(0);
}
