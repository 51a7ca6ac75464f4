/** Refuses faces that are too small, blurred, turned or badly lit to be compared: what is not compared cannot be a false match. */
import { CHIP_PX } from "./align.ts";

export interface Quality {
  /** Between the centres of the eyes, in pixels of the picture. */
  readonly eyeDistancePx: number;
  /** Energy of the Laplacian over the energy of the luma about its mean, on the upright face; falls with blur. */
  readonly sharpness: number;
  /** Of the nose's tip from the middle between the eyes, along the eyes' line, in eye distances: 0 frontal, about 0.6 in profile. */
  readonly turn: number;
  /** Of the nose's tip below the eyes' line, in distances of the mouth from that line: about 0.6 level. */
  readonly nod: number;
  /** Of the eyes' line from the horizontal. */
  readonly rollDeg: number;
  /** Mean luma of the face, 0..255, and its standard deviation. */
  readonly luma: number;
  readonly contrast: number;
  /** Difference of the two halves' mean luma over their sum, 0..1. */
  readonly sideLight: number;
}

export interface QualityLimits {
  readonly eyeDistancePx: number;
  readonly sharpness: number;
  readonly turn: number;
  readonly nod: readonly [number, number];
  readonly rollDeg: number;
  readonly luma: readonly [number, number];
  readonly contrast: number;
  readonly sideLight: number;
}

export const defaultLimits: QualityLimits = {
  eyeDistancePx: 20,
  sharpness: 0.012,
  turn: 0.4,
  nod: [0.35, 0.85],
  rollDeg: 40,
  luma: [35, 225],
  contrast: 14,
  sideLight: 0.5,
};

/** `landmarks`: 68 points in picture pixels; `chip`: the upright face, RGB float32 of CHIP_PX x CHIP_PX. */
export function measureQuality(landmarks: Float32Array, chip: Float32Array): Quality {
  const [lx, ly] = [mean(landmarks, 36, 42, 0), mean(landmarks, 36, 42, 1)];
  const [rx, ry] = [mean(landmarks, 42, 48, 0), mean(landmarks, 42, 48, 1)];
  const eyeDistancePx = Math.hypot(rx - lx, ry - ly);
  const [ex, ey] = [(rx - lx) / eyeDistancePx, (ry - ly) / eyeDistancePx];
  /** Along the eyes' line and below it, from the middle between the eyes, in pixels. */
  const along = (x: number, y: number) => (x - (lx + rx) / 2) * ex + (y - (ly + ry) / 2) * ey;
  const below = (x: number, y: number) => -(x - (lx + rx) / 2) * ey + (y - (ly + ry) / 2) * ex;
  const nose = [landmarks[60]!, landmarks[61]!] as const;
  const mouth = [mean(landmarks, 48, 68, 0), mean(landmarks, 48, 68, 1)] as const;
  return {
    eyeDistancePx,
    turn: Math.abs(along(...nose)) / eyeDistancePx,
    nod: below(...nose) / below(...mouth),
    rollDeg: Math.abs((Math.atan2(ey, ex) * 180) / Math.PI),
    ...lightAndFocus(chip),
  };
}

/** Each reason why this face is not compared, in plain words; none for a good face. A measure that is not a number refuses. */
export function refusals(quality: Quality, limits: QualityLimits = defaultLimits): string[] {
  const within = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high;
  const checks: [boolean, string][] = [
    [
      quality.eyeDistancePx >= limits.eyeDistancePx,
      `too small: ${quality.eyeDistancePx.toFixed(0)} px between the eyes`,
    ],
    [quality.sharpness >= limits.sharpness, `blurred: sharpness ${quality.sharpness.toFixed(4)}`],
    [quality.turn <= limits.turn, `turned away: nose ${quality.turn.toFixed(2)} eye distances off the middle`],
    [within(quality.nod, limits.nod), `head up or down: nose at ${quality.nod.toFixed(2)} of the way to the mouth`],
    [quality.rollDeg <= limits.rollDeg, `tilted by ${quality.rollDeg.toFixed(0)} degrees`],
    [
      within(quality.luma, limits.luma),
      `too ${quality.luma < limits.luma[0] ? "dark" : "bright"}: luma ${quality.luma.toFixed(0)}`,
    ],
    [quality.contrast >= limits.contrast, `flat light: contrast ${quality.contrast.toFixed(0)}`],
    [quality.sideLight <= limits.sideLight, `lit from one side: ${quality.sideLight.toFixed(2)}`],
  ];
  return checks.filter(([ok]) => !ok).map(([, why]) => why);
}

/** 0..1, the margin of the tightest measure: orders the faces of one track, best shot first. */
export function qualityScore(quality: Quality, limits: QualityLimits = defaultLimits): number {
  const margins = [
    quality.eyeDistancePx / (4 * limits.eyeDistancePx),
    quality.sharpness / (4 * limits.sharpness),
    1 - quality.turn / limits.turn,
    1 - quality.rollDeg / (2 * limits.rollDeg),
    quality.contrast / (4 * limits.contrast),
    1 - quality.sideLight / limits.sideLight,
  ];
  return Math.min(1, Math.max(0, Math.min(...margins)));
}

function lightAndFocus(chip: Float32Array): Pick<Quality, "sharpness" | "luma" | "contrast" | "sideLight"> {
  // The middle of the chip: brow to chin, cheek to cheek.
  const from = Math.ceil(CHIP_PX * 0.25);
  const to = CHIP_PX - from;
  const lumaAt = (x: number, y: number) => {
    const i = (y * CHIP_PX + x) * 3;
    return 0.299 * chip[i]! + 0.587 * chip[i + 1]! + 0.114 * chip[i + 2]!;
  };
  let [sum, squares, laplacian, left, right] = [0, 0, 0, 0, 0];
  for (let y = from; y < to; y++)
    for (let x = from; x < to; x++) {
      const luma = lumaAt(x, y);
      sum += luma;
      squares += luma * luma;
      laplacian += (4 * luma - lumaAt(x - 1, y) - lumaAt(x + 1, y) - lumaAt(x, y - 1) - lumaAt(x, y + 1)) ** 2;
      if (x < CHIP_PX / 2) left += luma;
      else right += luma;
    }
  const count = (to - from) ** 2;
  const luma = sum / count;
  const variance = Math.max(0, squares / count - luma * luma);
  return {
    sharpness: variance > 0 ? laplacian / count / variance : 0,
    luma,
    contrast: Math.sqrt(variance),
    sideLight: left + right > 0 ? Math.abs(left - right) / (left + right) : 1,
  };
}

function mean(landmarks: Float32Array, from: number, to: number, axis: 0 | 1): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += landmarks[2 * i + axis]!;
  return sum / (to - from);
}
