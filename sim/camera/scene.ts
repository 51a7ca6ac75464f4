/** What a simulated camera sees: the city's buildings as flat-shaded blocks, people and cars as boxes, ground and sky. Metres east, north, up. */
import type { Building } from "../buildings.ts";

export interface CameraPose {
  eastM: number;
  northM: number;
  upM: number;
  /** Clockwise from north. */
  yawDeg: number;
  /** Below the horizon is negative; -90 to 45. */
  pitchDeg: number;
  /** Across the picture. */
  fovDeg: number;
}

/** Somebody or something that stands or moves in the scene. */
export interface Actor {
  eastM: number;
  northM: number;
  widthM: number;
  heightM: number;
  /** Colour in BT.601 studio range. */
  yuv: readonly [number, number, number];
}

/** Planar YUV 4:2:0: luma, then the two chroma planes at half width and half height. */
export interface Picture {
  widthPx: number;
  heightPx: number;
  bytes: Uint8Array;
}

/** Both sides must be even. */
export function newPicture(widthPx: number, heightPx: number): Picture {
  if (widthPx % 2 !== 0 || heightPx % 2 !== 0) throw new RangeError("the sides of a picture must be even");
  return { widthPx, heightPx, bytes: new Uint8Array((widthPx * heightPx * 3) / 2) };
}

const SEEN_M = 400;
const NEAR_M = 0.3;
const rad = Math.PI / 180;

interface Hit {
  inM: number;
  outM: number;
  heightM: number;
  shade: number;
  tint: number;
}

/** Paints the scene; columns two pixels wide. Verticals stay vertical, as after a lens correction. */
export class SceneRenderer {
  readonly #buildings: readonly Building[];

  constructor(buildings: readonly Building[]) {
    this.#buildings = buildings;
  }

  paint(picture: Picture, pose: CameraPose, actors: readonly Actor[]): void {
    const { widthPx, heightPx } = picture;
    const focal = widthPx / 2 / Math.tan((pose.fovDeg * rad) / 2);
    const sinPitch = Math.sin(pose.pitchDeg * rad);
    const cosPitch = Math.cos(pose.pitchDeg * rad);
    const near = this.#buildings.filter(
      ({ corners: [corner] }) => corner && Math.hypot(corner[0] - pose.eastM, corner[1] - pose.northM) < SEEN_M + 100,
    );
    /** Row of a point at `aheadM` in the picture's vertical plane and `upM` over the camera; undefined behind the camera. */
    const rowOf = (aheadM: number, upM: number): number | undefined => {
      const forward = aheadM * cosPitch + upM * sinPitch;
      if (forward < NEAR_M) return undefined;
      return heightPx / 2 - (focal * (upM * cosPitch - aheadM * sinPitch)) / forward;
    };
    const depth = new Float64Array(widthPx / 2);
    for (let half = 0; half < widthPx / 2; half++) {
      const across = Math.atan((2 * half + 1 - widthPx / 2) / focal);
      const bearing = pose.yawDeg * rad + across;
      const ahead = Math.cos(across);
      const [dx, dy] = [Math.sin(bearing), Math.cos(bearing)];
      this.#ground(picture, pose, half, focal, ahead, dx, dy);
      const hits = hitsAlong(near, pose, dx, dy);
      depth[half] = SEEN_M;
      for (const hit of hits) {
        const base = rowOf(hit.inM * ahead, -pose.upM);
        const edge = rowOf(hit.inM * ahead, hit.heightM - pose.upM);
        const back = rowOf(hit.outM * ahead, hit.heightM - pose.upM);
        const haze = Math.min(1, hit.inM / SEEN_M);
        if (pose.upM > hit.heightM && edge !== undefined && back !== undefined)
          fillColumn(picture, half, back, edge, mix(90, 150, haze), 126, 130);
        const foot = base ?? (pose.upM >= 0 ? heightPx : 0);
        if (edge !== undefined) fillColumn(picture, half, edge, foot, mix(hit.shade, 150, haze), hit.tint, 132);
        if (pose.upM < hit.heightM) depth[half] = Math.min(depth[half]!, hit.inM);
      }
    }
    const far = (actor: Actor) => Math.hypot(actor.eastM - pose.eastM, actor.northM - pose.northM);
    for (const actor of [...actors].sort((a, b) => far(b) - far(a))) {
      const distanceM = far(actor);
      const bearing = Math.atan2(actor.eastM - pose.eastM, actor.northM - pose.northM) - pose.yawDeg * rad;
      const across = Math.atan2(Math.sin(bearing), Math.cos(bearing));
      if (distanceM < NEAR_M || distanceM > SEEN_M || Math.abs(across) > 1.2) continue;
      const middle = widthPx / 2 + focal * Math.tan(across);
      const aheadM = distanceM * Math.cos(across);
      const halfWidth = (focal * actor.widthM) / 2 / Math.max(aheadM, 1);
      const top = rowOf(aheadM, actor.heightM - pose.upM);
      const foot = rowOf(aheadM, -pose.upM);
      if (top === undefined || foot === undefined) continue;
      const from = Math.max(0, Math.floor((middle - halfWidth) / 2));
      const to = Math.min(widthPx / 2 - 1, Math.floor((middle + halfWidth) / 2));
      for (let half = from; half <= to; half++)
        if (distanceM < depth[half]!) fillColumn(picture, half, top, foot, ...actor.yuv);
    }
  }

  /** Sky above the horizon; below it ground with a chequer of 10 m and street-coloured squares. */
  #ground(
    picture: Picture,
    pose: CameraPose,
    half: number,
    focal: number,
    ahead: number,
    dx: number,
    dy: number,
  ): void {
    const { widthPx, heightPx, bytes } = picture;
    const sinPitch = Math.sin(pose.pitchDeg * rad);
    const cosPitch = Math.cos(pose.pitchDeg * rad);
    const chromaU = widthPx * heightPx;
    const chromaV = chromaU + chromaU / 4;
    for (let row = 0; row < heightPx; row += 2) {
      const tan = (heightPx / 2 - row) / focal;
      const forward = cosPitch - tan * sinPitch;
      const up = sinPitch + tan * cosPitch;
      let y = 150 + Math.min(60, Math.max(0, up * 120));
      let u = 138;
      let v = 120;
      if (up < -1e-3 && forward > 0) {
        const distanceM = ((-pose.upM / up) * forward) / ahead;
        const haze = Math.min(1, distanceM / SEEN_M);
        const i = Math.floor((pose.eastM + dx * distanceM) / 10);
        const j = Math.floor((pose.northM + dy * distanceM) / 10);
        y = mix(((i + j) & 1) === 0 ? 74 : 84, 150, haze);
        u = 127;
        v = 128;
      }
      const at = row * widthPx + 2 * half;
      bytes[at] = bytes[at + 1] = y;
      bytes[at + widthPx] = bytes[at + widthPx + 1] = y;
      const chroma = ((row >> 1) * widthPx) / 2 + half;
      bytes[chromaU + chroma] = u;
      bytes[chromaV + chroma] = v;
    }
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/** Buildings that a ray from the camera crosses, the farthest first. */
function hitsAlong(buildings: readonly Building[], pose: CameraPose, dx: number, dy: number): Hit[] {
  const hits: Hit[] = [];
  for (const { corners, heightM } of buildings) {
    let from = NEAR_M;
    let to = SEEN_M;
    let facing = 0;
    for (let k = 0; k < corners.length && from < to; k++) {
      const a = corners[k]!;
      const b = corners[(k + 1) % corners.length]!;
      const nx = b[1] - a[1];
      const ny = a[0] - b[0];
      const outside = nx * (pose.eastM - a[0]) + ny * (pose.northM - a[1]);
      const slope = nx * dx + ny * dy;
      if (Math.abs(slope) < 1e-12) {
        if (outside > 0) from = SEEN_M;
      } else if (slope < 0) {
        if (-outside / slope > from) {
          from = -outside / slope;
          facing = Math.abs(nx) / Math.hypot(nx, ny);
        }
      } else to = Math.min(to, -outside / slope);
    }
    if (from < to) {
      const tint = 116 + (Math.abs(Math.round(corners[0]![0] * 7 + corners[0]![1] * 13)) % 5) * 5;
      hits.push({ inM: from, outM: to, heightM, shade: 70 + 70 * facing, tint });
    }
  }
  return hits.sort((a, b) => b.inM - a.inM);
}

function fillColumn(
  { widthPx, heightPx, bytes }: Picture,
  half: number,
  top: number,
  foot: number,
  y: number,
  u: number,
  v: number,
): void {
  const from = Math.max(0, Math.round(top / 2));
  const to = Math.min(heightPx / 2, Math.round(foot / 2));
  const chromaU = widthPx * heightPx;
  const chromaV = chromaU + chromaU / 4;
  for (let pair = from; pair < to; pair++) {
    const at = 2 * pair * widthPx + 2 * half;
    bytes[at] = bytes[at + 1] = y;
    bytes[at + widthPx] = bytes[at + widthPx + 1] = y;
    const chroma = (pair * widthPx) / 2 + half;
    bytes[chromaU + chroma] = u;
    bytes[chromaV + chroma] = v;
  }
}
