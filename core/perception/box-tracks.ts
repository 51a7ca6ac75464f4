/** Which box of this look is which of the last: greedy by overlap, in the picture. Good for seconds; identity beyond that is nobody's business. */
import { sharedArea } from "./objects.ts";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

interface Kept<B extends Box> {
  readonly hint: string;
  box: B;
  atS: number;
}

export class BoxTracks<B extends Box> {
  private readonly prefix: string;
  private readonly lostAfterS: number;
  private readonly most: number;
  private kept: Kept<B>[] = [];
  private made = 0;

  /** Hints are `prefix` and a number; a box unseen for `lostAfterS` is gone. Beyond `most` boxes the oldest make room. */
  constructor(prefix: string, lostAfterS: number, most = 64) {
    this.prefix = prefix;
    this.lostAfterS = lostAfterS;
    this.most = most;
  }

  /** A hint for each box, in their order. Boxes of one look may also be given one after the other, with the same `atS`. */
  look(atS: number, boxes: readonly B[]): string[] {
    this.kept = this.kept.filter((each) => atS - each.atS <= this.lostAfterS);
    const pairs = boxes.flatMap((box, i) =>
      this.kept
        .filter((kept) => kept.atS !== atS)
        .map((kept) => ({ i, kept, fit: fitOf(kept.box, box) }))
        .filter(({ fit }) => fit > 0),
    );
    pairs.sort((a, b) => b.fit - a.fit);
    const hints = new Array<string | undefined>(boxes.length);
    const taken = new Set<Kept<B>>();
    for (const { i, kept } of pairs) {
      if (hints[i] !== undefined || taken.has(kept)) continue;
      taken.add(kept);
      hints[i] = kept.hint;
      kept.box = boxes[i]!;
      kept.atS = atS;
    }
    return boxes.map((box, i) => {
      const known = hints[i];
      if (known !== undefined) return known;
      const hint = `${this.prefix}${++this.made}`;
      this.kept.push({ hint, box, atS });
      if (this.kept.length > this.most) this.kept.shift();
      return hint;
    });
  }
}

/** Overlap of the union, or nearness for small boxes that moved by less than their own size; 0: another thing. */
function fitOf(p: Box, q: Box): number {
  const ratio = (p.widthPx * p.heightPx) / (q.widthPx * q.heightPx);
  if (ratio < 0.4 || ratio > 2.5) return 0;
  const shared = sharedArea(p, q);
  const iou = shared / (p.widthPx * p.heightPx + q.widthPx * q.heightPx - shared);
  if (iou > 0.1) return 1 + iou;
  const apart = Math.hypot(
    (p.x + p.widthPx / 2 - q.x - q.widthPx / 2) / Math.max(p.widthPx, q.widthPx),
    (p.y + p.heightPx / 2 - q.y - q.heightPx / 2) / Math.max(p.heightPx, q.heightPx),
  );
  return Math.max(0, 1 - apart);
}
