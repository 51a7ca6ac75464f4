/** What a person detector on the robot's camera would say of the people around: it misses some, sees some that are not there, and is never exact. */
import type { Rng } from "../rng.ts";
import type { Body } from "./body.ts";
import type { Look, Seen } from "./messages.ts";
import type { Point, Surroundings } from "./surroundings.ts";

const view = { widthDeg: 100, maxRangeM: 30 };
const DETECTS = 0.93;
const FALSE_A_LOOK = 0.01;
const AZIMUTH_SIGMA_DEG = 1;
/** By where the feet stand in the picture: a share of the range. */
const RANGE_SIGMA = 0.08;
const DEG = 180 / Math.PI;

export function cameraLook(body: Body, around: Surroundings, utcMs: number, rng: Rng): Look {
  const from: Point = [body.eastM, body.northM];
  const observations: Seen[] = [];
  for (const { eastM, northM, lying } of around.people) {
    const rangeM = Math.hypot(eastM - from[0], northM - from[1]);
    const azimuthDeg = -DEG * turned(Math.atan2(northM - from[1], eastM - from[0]) - body.yawRad);
    const inView = Math.abs(azimuthDeg) < view.widthDeg / 2 && rangeM < view.maxRangeM && rangeM > 0.6;
    if (!inView || around.hidden(from, [eastM, northM]) || !rng.chance(DETECTS)) continue;
    const fallen = lying ? rng.uniform(0.8, 0.99) : rng.uniform(0.01, 0.15);
    observations.push(seen(azimuthDeg, rangeM, rng, { fallen }));
  }
  if (rng.chance(FALSE_A_LOOK)) {
    observations.push(seen(rng.uniform(-45, 45), rng.uniform(3, 25), rng, { fallen: rng.uniform(0, 0.3) }));
  }
  return { utcMs, sensor: "front", view, sees: ["person"], observations };
}

/** A sound that the robot's ears give a direction and a name. */
export function heard(body: Body, label: string, at: Point, utcMs: number, rng: Rng): Look {
  const azimuthDeg = -DEG * turned(Math.atan2(at[1] - body.northM, at[0] - body.eastM) - body.yawRad);
  const score = rng.uniform(0.9, 0.98);
  const observations: Seen[] = [
    { kind: "sound", azimuthDeg: azimuthDeg + rng.normal(0, 4), sigmaDeg: 4, score, marks: { [label]: score } },
  ];
  return { utcMs, sensor: "ears", view: { widthDeg: 360, maxRangeM: 200 }, sees: ["sound"], observations };
}

function seen(azimuthDeg: number, rangeM: number, rng: Rng, marks: Record<string, number>): Seen {
  const rangeSigmaM = 0.1 + RANGE_SIGMA * rangeM;
  return {
    kind: "person",
    azimuthDeg: azimuthDeg + rng.normal(0, AZIMUTH_SIGMA_DEG),
    sigmaDeg: AZIMUTH_SIGMA_DEG,
    rangeM: Math.max(0.3, rangeM + rng.normal(0, rangeSigmaM)),
    rangeSigmaM,
    score: rng.uniform(0.75, 0.98),
    marks,
  };
}

function turned(rad: number): number {
  return Math.atan2(Math.sin(rad), Math.cos(rad));
}
