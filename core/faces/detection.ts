/** Which squares of a picture the detector looks at, and which of its boxes are faces. */
import type { Picture } from "./picture.ts";

/** Side of the detector's input. */
export const DETECTOR_PX = 512;
const OVERLAP = 0.5;
/** Boxes that share more than this of their union are one face. */
const SAME_FACE_IOU = 0.4;

/** Boxes whose middles lie nearer than this share of the smaller one are one face. */
const SAME_MIDDLE = 0.4;

export interface Square {
  readonly x: number;
  readonly y: number;
  readonly sidePx: number;
}

/** A face in picture pixels, with the detector's confidence 0..1. */
export interface FaceBox {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly confidence: number;
}

/** The whole picture, and overlapping squares of it where a 40-pixel face would shrink below the `smallestPx` that the detector sees. */
export function squaresToSearch({ widthPx, heightPx }: Picture, smallestPx = 24): Square[] {
  const long = Math.max(widthPx, heightPx);
  const whole: Square = { x: (widthPx - long) / 2, y: (heightPx - long) / 2, sidePx: long };
  const largestPx = (DETECTOR_PX * 40) / smallestPx;
  if (long <= largestPx) return [whole];
  const sidePx = Math.min(largestPx, long);
  const starts = (lengthPx: number) => {
    if (lengthPx <= sidePx) return [(lengthPx - sidePx) / 2];
    const steps = Math.ceil((lengthPx - sidePx) / (sidePx * OVERLAP));
    return Array.from({ length: steps + 1 }, (_, i) => ((lengthPx - sidePx) * i) / steps);
  };
  const tiles = starts(heightPx).flatMap((y) => starts(widthPx).map((x) => ({ x, y, sidePx })));
  return [whole, ...tiles];
}

/** The picture in the middle of a square `times` its size: faces cut without a margin are found only so. */
export function widened({ widthPx, heightPx }: Picture, times: number): Square {
  const sidePx = Math.max(widthPx, heightPx) * times;
  return { x: (widthPx - sidePx) / 2, y: (heightPx - sidePx) / 2, sidePx };
}

/** A box that ends this near to the square's edge is cut by it. */
const AT_EDGE = 0.01;

/**
 * Boxes of one look at `square`: `boxes` are top, left, bottom, right in 0..1 of it, `scores` their confidences. What an edge of the square cuts
 * inside of the picture is left to the square beside it.
 */
export function boxesIn(
  square: Square,
  boxes: Float32Array,
  scores: Float32Array,
  atLeast: number,
  picture: Pick<Picture, "widthPx" | "heightPx">,
): FaceBox[] {
  const found: FaceBox[] = [];
  const innerLeft = square.x > 0;
  const innerTop = square.y > 0;
  const innerRight = square.x + square.sidePx < picture.widthPx;
  const innerBottom = square.y + square.sidePx < picture.heightPx;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < atLeast) continue;
    const [top, left, bottom, right] = [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!];
    const isCut =
      (innerLeft && left < AT_EDGE) ||
      (innerTop && top < AT_EDGE) ||
      (innerRight && right > 1 - AT_EDGE) ||
      (innerBottom && bottom > 1 - AT_EDGE);
    if (isCut) continue;
    found.push({
      x: square.x + left * square.sidePx,
      y: square.y + top * square.sidePx,
      widthPx: (right - left) * square.sidePx,
      heightPx: (bottom - top) * square.sidePx,
      confidence: scores[i]!,
    });
  }
  return found;
}

/** Greedy non-maximum suppression: the most confident box stands for all that overlap it. */
export function distinctFaces(boxes: readonly FaceBox[]): FaceBox[] {
  const kept: FaceBox[] = [];
  for (const box of [...boxes].sort((a, b) => b.confidence - a.confidence))
    if (box.widthPx > 0 && box.heightPx > 0 && !kept.some((each) => sameFace(each, box))) kept.push(box);
  return kept;
}

function sameFace(p: FaceBox, q: FaceBox): boolean {
  const apartX = (p.x + p.widthPx / 2 - q.x - q.widthPx / 2) / Math.min(p.widthPx, q.widthPx);
  const apartY = (p.y + p.heightPx / 2 - q.y - q.heightPx / 2) / Math.min(p.heightPx, q.heightPx);
  // No two heads have their middles in one place; boxes of one, whole and cut by a square's edge, do.
  if (Math.hypot(apartX, apartY) < SAME_MIDDLE) return true;
  const wide = Math.min(p.x + p.widthPx, q.x + q.widthPx) - Math.max(p.x, q.x);
  const high = Math.min(p.y + p.heightPx, q.y + q.heightPx) - Math.max(p.y, q.y);
  if (wide <= 0 || high <= 0) return false;
  const shared = wide * high;
  const areas = [p.widthPx * p.heightPx, q.widthPx * q.heightPx] as const;
  // Two squares of different scale may see one face whole and in part: mostly inside is the same face too.
  return shared / (areas[0] + areas[1] - shared) > SAME_FACE_IOU || shared / Math.min(...areas) > 0.7;
}
