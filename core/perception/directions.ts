/** Where in the world a picture's pixels point, for a level pinhole camera with its optical axis in the middle. */

export interface Optics {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of the whole width. */
  readonly horizontalFovDeg: number;
  /** Of the optical axis above the horizon; negative looks down. */
  readonly tiltDeg: number;
}

export interface Direction {
  /** Clockwise from the optical axis. */
  readonly azimuthDeg: number;
  readonly elevationDeg: number;
}

const DEG = 180 / Math.PI;

export function directionOf(optics: Optics, x: number, y: number): Direction {
  const focalPx = optics.widthPx / 2 / Math.tan(optics.horizontalFovDeg / 2 / DEG);
  const right = (x - optics.widthPx / 2) / focalPx;
  const down = (y - optics.heightPx / 2) / focalPx;
  const tilt = optics.tiltDeg / DEG;
  // The ray (right, down, 1) turned up by the tilt.
  const forward = Math.cos(tilt) + down * Math.sin(tilt);
  const up = Math.sin(tilt) - down * Math.cos(tilt);
  return {
    azimuthDeg: Math.atan2(right, forward) * DEG,
    elevationDeg: Math.atan2(up, Math.hypot(right, forward)) * DEG,
  };
}

/** One sigma of a box's middle: a tenth of its width (boxes of moving people breathe), and never less than `leastDeg`. */
export function bearingSigmaDeg(optics: Optics, box: { x: number; widthPx: number }, leastDeg = 0.3): number {
  const y = optics.heightPx / 2;
  const left = directionOf(optics, box.x, y).azimuthDeg;
  const right = directionOf(optics, box.x + box.widthPx, y).azimuthDeg;
  return Math.max(leastDeg, (right - left) / 10);
}
