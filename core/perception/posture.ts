/**
 * Whether a person lies, from a body's 17 points (COCO order; x, y in pixels, confidence 0..1). Judged by the trunk's axis, shoulders to
 * hips: upright people, also crouching ones, keep it steep. Somebody who lies along the camera's own axis looks short, not level: unknown.
 */

export const POSE_POINTS = 17;
const [LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP] = [5, 6, 11, 12];
const SURE = 0.25;
/** The trunk is as likely that of somebody lying as standing at this angle from the vertical; 10 degrees further it is 80 %. */
const EVEN_DEG = 58;
const SPREAD_DEG = 7;

/** Probability of lying; undefined where the trunk is not seen well enough. `points`: x, y, confidence in turn. */
export function fallenOf(points: ArrayLike<number>): number | undefined {
  const middle = (a: number, b: number) => {
    const sure = [a, b].filter((k) => points[3 * k + 2]! >= SURE);
    if (sure.length === 0) return undefined;
    const mean = (axis: 0 | 1) => sure.reduce((sum, k) => sum + points[3 * k + axis]!, 0) / sure.length;
    return { x: mean(0), y: mean(1) };
  };
  const shoulders = middle(LEFT_SHOULDER, RIGHT_SHOULDER);
  const hips = middle(LEFT_HIP, RIGHT_HIP);
  if (!shoulders || !hips) return undefined;
  const [dx, dy] = [hips.x - shoulders.x, hips.y - shoulders.y];
  const lengthPx = Math.hypot(dx, dy);
  const widthPx = Math.abs(points[3 * LEFT_SHOULDER]! - points[3 * RIGHT_SHOULDER]!);
  if (lengthPx < 8 || lengthPx < 0.5 * widthPx) return undefined;
  const fromVerticalDeg = (Math.atan2(Math.abs(dx), Math.abs(dy)) * 180) / Math.PI;
  return 1 / (1 + Math.exp(-(fromVerticalDeg - EVEN_DEG) / SPREAD_DEG));
}
