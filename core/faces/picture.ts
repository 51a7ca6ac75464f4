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

/**
 * Samples a patch of `patchPx` x `patchPx` into `out` (RGB float32, 0..255). Bilinear; where the patch is coarser than the picture
 * each pixel is the mean of as many samples as picture pixels it covers. Outside the picture lies black.
 */
export function samplePatch(picture: Picture, at: Similarity, patchPx: number, out: Float32Array): void {
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
