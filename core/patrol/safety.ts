/**
 * The last word over every velocity before it leaves for the drive board: it only ever takes away. What it wants to know and does not know stops
 * the robot. People it sees make it slower; nothing makes it faster or turns it towards anything.
 */
import { type Area, forbidden, type Point, toEdgeM } from "./plane.ts";

export interface Velocity {
  speedMps: number;
  yawRateRadps: number;
}

export interface SafetyPolicy {
  maxSpeedMps: number;
  maxYawRateRadps: number;
  /** What the brakes surely do, and how long it takes until they begin: sensing, deciding, board, motors. */
  brakingMps2: number;
  reactionS: number;
  /** Kept from whatever the ranges see, and from the fence's edge beyond the doubt of the own place. */
  clearanceM: number;
  fenceMarginM: number;
  /** A measurement older than this is none. */
  poseWithinS: number;
  rangeWithinS: number;
  /** Beyond this radius (95 %) it does not know well enough where it is. */
  maxRadius95M: number;
  /** Not faster than `nearPersonMps` within `nearPersonM` of a person; drives neither way within `clearanceM`. */
  nearPersonM: number;
  nearPersonMps: number;
}

export const usualSafety: SafetyPolicy = {
  maxSpeedMps: 1.2,
  maxYawRateRadps: 1,
  brakingMps2: 1,
  reactionS: 0.4,
  clearanceM: 0.6,
  fenceMarginM: 0.5,
  poseWithinS: 0.5,
  rangeWithinS: 0.5,
  maxRadius95M: 8,
  nearPersonM: 3,
  nearPersonMps: 0.5,
};

export interface Situation {
  wanted: Velocity;
  /** Of the drive board. */
  board: { link: "absent" | "up" | "lost"; latched: boolean };
  pose: (Point & { yawRad: number; radius95M: number; speedMps: number; ageS: number }) | undefined;
  /** Each beam's azimuth counter-clockwise from the nose; `rangeM` undefined is a sensor that says nothing. */
  ranges: { ageS: number; beams: readonly { azimuthRad: number; rangeM: number | undefined }[] } | undefined;
  area: Area;
  /** Metres to the nearest person's track, where there is one. */
  nearestPersonM: number | undefined;
}

export interface Limit {
  limit:
    | "emergency-stop"
    | "board"
    | "pose"
    | "place-doubt"
    | "ranges"
    | "obstacle"
    | "geofence"
    | "person-near"
    | "speed"
    | "turn-rate";
  why: string;
}

export interface Ruling {
  given: Velocity;
  limits: Limit[];
}

/** Beams within this of the way ahead count for it. */
const AHEAD_RAD = (50 * Math.PI) / 180;
const still: Velocity = { speedMps: 0, yawRateRadps: 0 };

/**
 * Speed from which the robot comes to rest within that way: v t + v^2 / (2 a) = d, solved for v.
 */
export function speedForM(wayM: number, brakingMps2: number, reactionS: number): number {
  if (!(wayM > 0)) return 0;
  const lost = brakingMps2 * reactionS;
  return Math.sqrt(lost * lost + 2 * brakingMps2 * wayM) - lost;
}

/** What of the wanted velocity may be driven, and why not more. */
export function ruleOn(situation: Situation, policy: SafetyPolicy): Ruling {
  const stop = stopped(situation, policy);
  if (stop) return { given: still, limits: [stop] };
  const limits: Limit[] = [];
  const { wanted, nearestPersonM } = situation;
  const backwards = wanted.speedMps < 0;
  let most = Number.POSITIVE_INFINITY;
  const lower = (to: number, limit: Limit["limit"], why: string) => {
    if (to >= Math.min(most, Math.abs(wanted.speedMps))) {
      most = Math.min(most, to);
      return;
    }
    most = to;
    limits.push({ limit, why });
  };
  lower(policy.maxSpeedMps, "speed", `${policy.maxSpeedMps.toFixed(1)} m/s is the limit`);
  if (nearestPersonM !== undefined && nearestPersonM < policy.nearPersonM)
    lower(
      nearestPersonM > policy.clearanceM ? policy.nearPersonMps : 0,
      "person-near",
      `a person ${nearestPersonM.toFixed(1)} m away`,
    );
  const { brakingMps2, reactionS, clearanceM } = policy;
  const freeM = freeAheadM(situation, backwards);
  const obstacleMps = speedForM(freeM - clearanceM, brakingMps2, reactionS);
  lower(obstacleMps, "obstacle", `something ${freeM.toFixed(1)} m ${backwards ? "behind" : "ahead"}`);
  const fenceM = fenceAheadM(situation, backwards, policy.fenceMarginM);
  lower(
    speedForM(fenceM, brakingMps2, reactionS),
    "geofence",
    `the fence's edge is ${Math.max(0, fenceM).toFixed(1)} m on`,
  );
  const turnRate = Math.min(policy.maxYawRateRadps, Math.abs(wanted.yawRateRadps));
  if (turnRate < Math.abs(wanted.yawRateRadps))
    limits.push({ limit: "turn-rate", why: `${policy.maxYawRateRadps.toFixed(1)} rad/s is the limit` });
  return {
    given: {
      speedMps: Math.sign(wanted.speedMps) * Math.min(most, Math.abs(wanted.speedMps)),
      yawRateRadps: Math.sign(wanted.yawRateRadps) * turnRate,
    },
    limits,
  };
}

function stopped({ wanted, board, pose, ranges, area }: Situation, policy: SafetyPolicy): Limit | undefined {
  if (board.latched) return { limit: "emergency-stop", why: "the emergency stop is latched" };
  if (board.link !== "up") return { limit: "board", why: `the drive board is ${board.link}` };
  if (!Number.isFinite(wanted.speedMps) || !Number.isFinite(wanted.yawRateRadps))
    return { limit: "board", why: "the wanted velocity is no number" };
  if (!pose) return { limit: "pose", why: "it does not know where it is yet" };
  if (!(pose.ageS <= policy.poseWithinS)) return { limit: "pose", why: `its place is ${pose.ageS.toFixed(1)} s old` };
  if (!(pose.radius95M <= policy.maxRadius95M))
    return { limit: "place-doubt", why: `its place is known to ${pose.radius95M.toFixed(1)} m only` };
  if (!ranges) return { limit: "ranges", why: "the ranges say nothing" };
  if (!(ranges.ageS <= policy.rangeWithinS))
    return { limit: "ranges", why: `the ranges are ${ranges.ageS.toFixed(1)} s old` };
  const dumb = ranges.beams.find(({ rangeM }) => rangeM === undefined || !Number.isFinite(rangeM));
  if (dumb) return { limit: "ranges", why: `the range at ${deg(dumb.azimuthRad)} degrees says nothing` };
  // Out of the fence it may neither go on nor find back by itself: somebody has to look.
  const out = forbidden(area, pose, 0);
  if (out !== undefined) return { limit: "geofence", why: `it is ${out}` };
  return undefined;
}

/** What the ranges saw, less what was driven since. */
function freeAheadM({ ranges, pose }: Situation, backwards: boolean): number {
  let free = Number.POSITIVE_INFINITY;
  let looked = false;
  for (const { azimuthRad, rangeM } of ranges!.beams) {
    const off = Math.abs(Math.atan2(Math.sin(azimuthRad), Math.cos(azimuthRad)));
    const fromWay = backwards ? Math.PI - off : off;
    if (fromWay > AHEAD_RAD) continue;
    looked = true;
    free = Math.min(free, rangeM!);
  }
  // Nowhere without eyes.
  return looked ? free - Math.abs(pose!.speedMps) * ranges!.ageS : 0;
}

function fenceAheadM({ pose, area }: Situation, backwards: boolean, marginM: number): number {
  const yawRad = pose!.yawRad + (backwards ? Math.PI : 0);
  const edges = [area.keepIn, ...area.keepOut.map(({ corners }) => corners)];
  return (
    Math.min(...edges.map((corners) => toEdgeM(corners, pose!, yawRad))) -
    marginM -
    pose!.radius95M -
    Math.abs(pose!.speedMps) * pose!.ageS
  );
}

function deg(rad: number): string {
  return ((rad * 180) / Math.PI).toFixed(0);
}
