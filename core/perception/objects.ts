/**
 * People and vehicles from NanoDet's output. Each of three grids has scores of the 80 COCO classes and, for the four sides of a box, a
 * distribution over 11 distances (Generalized Focal Loss, Li et al. 2020): the side lies at its mean.
 */

/** Side of the network's input. */
export const OBJECTS_PX = 416;
const CLASSES = 80;
const BINS = 11;
export const strides = [8, 16, 32] as const;

export type ObjectKind = "person" | "vehicle";

/** COCO's numbers: person; car, motorcycle, bus, truck. */
const kindOfClass: ReadonlyMap<number, ObjectKind> = new Map([
  [0, "person"],
  [2, "vehicle"],
  [3, "vehicle"],
  [5, "vehicle"],
  [7, "vehicle"],
]);

export interface SeenObject {
  readonly kind: ObjectKind;
  /** 0..1 of the detector; not calibrated. */
  readonly score: number;
  /** Corner and size in picture pixels. */
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** One look at `square` (corner and side in picture pixels). `scores` [n, 80] and `sides` [n, 44] of each grid, in the order of `strides`. */
export function objectsIn(
  square: { readonly x: number; readonly y: number; readonly sidePx: number },
  scores: readonly Float32Array[],
  sides: readonly Float32Array[],
  atLeast: number,
): SeenObject[] {
  const found: SeenObject[] = [];
  const scale = square.sidePx / OBJECTS_PX;
  for (const [level, stride] of strides.entries()) {
    const columns = OBJECTS_PX / stride;
    const [p, d] = [scores[level]!, sides[level]!];
    for (let i = 0; i < columns * columns; i++)
      for (const [index, kind] of kindOfClass) {
        const score = p[i * CLASSES + index]!;
        if (score < atLeast) continue;
        const [cx, cy] = [((i % columns) + 0.5) * stride, (Math.floor(i / columns) + 0.5) * stride];
        const side = (k: number) => meanBin(d, i * 4 * BINS + k * BINS) * stride;
        const [left, top, right, bottom] = [cx - side(0), cy - side(1), cx + side(2), cy + side(3)];
        found.push({
          kind,
          score,
          x: square.x + left * scale,
          y: square.y + top * scale,
          widthPx: (right - left) * scale,
          heightPx: (bottom - top) * scale,
        });
      }
  }
  return found;
}

function meanBin(logits: Float32Array, from: number): number {
  let most = -Infinity;
  for (let b = 0; b < BINS; b++) most = Math.max(most, logits[from + b]!);
  let [sum, weighted] = [0, 0];
  for (let b = 0; b < BINS; b++) {
    const weight = Math.exp(logits[from + b]! - most);
    sum += weight;
    weighted += weight * b;
  }
  return weighted / sum;
}

/** Boxes of one kind that share more than this of their union, or that lie this much inside another, are one thing. */
const SAME_IOU = 0.5;
const SAME_INSIDE = 0.8;

/** Greedy non-maximum suppression by kind. */
export function distinctObjects(objects: readonly SeenObject[]): SeenObject[] {
  const kept: SeenObject[] = [];
  for (const each of [...objects].sort((a, b) => b.score - a.score))
    if (each.widthPx > 0 && each.heightPx > 0 && !kept.some((other) => other.kind === each.kind && same(other, each)))
      kept.push(each);
  return kept;
}

function same(p: SeenObject, q: SeenObject): boolean {
  const shared = sharedArea(p, q);
  const areas = [p.widthPx * p.heightPx, q.widthPx * q.heightPx] as const;
  return shared / (areas[0] + areas[1] - shared) > SAME_IOU || shared / Math.min(...areas) > SAME_INSIDE;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export function sharedArea(p: Box, q: Box): number {
  const wide = Math.min(p.x + p.widthPx, q.x + q.widthPx) - Math.max(p.x, q.x);
  const high = Math.min(p.y + p.heightPx, q.y + q.heightPx) - Math.max(p.y, q.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** The whole picture, and squares of its height across a wide one, where distant people would be too small in the whole. */
export function squaresAcross(widthPx: number, heightPx: number): { x: number; y: number; sidePx: number }[] {
  const long = Math.max(widthPx, heightPx);
  const short = Math.min(widthPx, heightPx);
  const whole = { x: (widthPx - long) / 2, y: (heightPx - long) / 2, sidePx: long };
  if (long < 2 * OBJECTS_PX || long / short < 1.2) return [whole];
  const count = Math.ceil(long / short - 0.25);
  const squares = Array.from({ length: Math.max(2, count) }, (_, i, all = Math.max(2, count)) => {
    const start = ((long - short) * i) / (all - 1);
    return widthPx >= heightPx ? { x: start, y: 0, sidePx: short } : { x: 0, y: start, sidePx: short };
  });
  return [whole, ...squares];
}
