import assert from "node:assert/strict";
import { test } from "uvu";
import type { Area } from "./plane.ts";
import { ruleOn, type Situation, speedForM, usualSafety } from "./safety.ts";

const square: Area = {
  keepIn: [
    { eastM: -50, northM: -50 },
    { eastM: 50, northM: -50 },
    { eastM: 50, northM: 50 },
    { eastM: -50, northM: 50 },
  ],
  keepOut: [
    {
      name: "pond",
      corners: [
        { eastM: 20, northM: -5 },
        { eastM: 30, northM: -5 },
        { eastM: 30, northM: 5 },
        { eastM: 20, northM: 5 },
      ],
    },
  ],
};
const rad = Math.PI / 180;
const beams = (front: number | undefined, rear = 6.45) => [
  { azimuthRad: 30 * rad, rangeM: 6.45 },
  { azimuthRad: 0, rangeM: front },
  { azimuthRad: -30 * rad, rangeM: 6.45 },
  { azimuthRad: Math.PI, rangeM: rear },
];
const pose = { eastM: 0, northM: 0, yawRad: 0, radius95M: 1, speedMps: 0, ageS: 0.05 };
const free: Situation = {
  wanted: { speedMps: 1, yawRateRadps: 0.2 },
  board: { link: "up", latched: false },
  pose,
  ranges: { ageS: 0.05, beams: beams(6.45) },
  area: square,
  nearestPersonM: undefined,
};

interface Row {
  why: string;
  change: Partial<Situation>;
  speedMps: number;
  turns?: boolean;
  limits: string[];
}

// Way d, braking 1 m/s2 after 0.4 s: v = sqrt(0.16 + 2 d) - 0.4.
const rows: Row[] = [
  { why: "nothing in the way", change: {}, speedMps: 1, limits: [] },
  { why: "3 m/s wanted", change: { wanted: { speedMps: 3, yawRateRadps: 0 } }, speedMps: 1.2, limits: ["speed"] },
  {
    why: "5 rad/s wanted",
    change: { wanted: { speedMps: 0.5, yawRateRadps: 5 } },
    speedMps: 0.5,
    limits: ["turn-rate"],
  },
  {
    why: "a wall 1.1 m ahead: 0.5 m of way",
    change: { ranges: { ageS: 0, beams: beams(1.1) } },
    speedMps: Math.sqrt(1.16) - 0.4,
    limits: ["obstacle"],
  },
  {
    why: "a wall that was 1.5 m ahead 0.4 s ago, at 1 m/s: 0.5 m of way",
    change: { ranges: { ageS: 0.4, beams: beams(1.5) }, pose: { ...pose, speedMps: 1 } },
    speedMps: Math.sqrt(1.16) - 0.4,
    limits: ["obstacle"],
  },
  { why: "a wall 0.6 m ahead", change: { ranges: { ageS: 0, beams: beams(0.6) } }, speedMps: 0, limits: ["obstacle"] },
  {
    why: "a wall 0.6 m ahead, driving backwards",
    change: { ranges: { ageS: 0, beams: beams(0.6) }, wanted: { speedMps: -0.5, yawRateRadps: 0 } },
    speedMps: -0.5,
    limits: [],
  },
  {
    why: "a wall 0.5 m behind, driving backwards",
    change: { ranges: { ageS: 0, beams: beams(6.45, 0.5) }, wanted: { speedMps: -0.5, yawRateRadps: 0 } },
    speedMps: 0,
    limits: ["obstacle"],
  },
  {
    why: "the fence 3 m on, less 0.5 m margin and 1 m of doubt: 1.5 m of way",
    change: { pose: { ...pose, eastM: 47, northM: 20 }, wanted: { speedMps: 1.2, yawRateRadps: 0 } },
    speedMps: 1.2,
    limits: [],
  },
  {
    why: "the fence 1.7 m on: 0.2 m of way",
    change: { pose: { ...pose, eastM: 48.3, northM: 20 } },
    speedMps: Math.sqrt(0.56) - 0.4,
    limits: ["geofence"],
  },
  {
    why: "the pond 1.7 m on",
    change: { pose: { ...pose, eastM: 18.3 } },
    speedMps: Math.sqrt(0.56) - 0.4,
    limits: ["geofence"],
  },
  {
    why: "along the pond's edge",
    change: { pose: { ...pose, eastM: 18.3, yawRad: Math.PI / 2 } },
    speedMps: 1,
    limits: [],
  },
  {
    why: "outside the fence",
    change: { pose: { ...pose, eastM: 51 } },
    speedMps: 0,
    turns: false,
    limits: ["geofence"],
  },
  { why: "in the pond", change: { pose: { ...pose, eastM: 25 } }, speedMps: 0, turns: false, limits: ["geofence"] },
  { why: "a person 2 m away", change: { nearestPersonM: 2 }, speedMps: 0.5, limits: ["person-near"] },
  { why: "a person 0.6 m away", change: { nearestPersonM: 0.6 }, speedMps: 0, limits: ["person-near"] },
  {
    why: "the emergency stop, before all else",
    change: { board: { link: "up", latched: true }, pose: undefined },
    speedMps: 0,
    turns: false,
    limits: ["emergency-stop"],
  },
  {
    why: "a silent board",
    change: { board: { link: "lost", latched: false } },
    speedMps: 0,
    turns: false,
    limits: ["board"],
  },
  { why: "no pose", change: { pose: undefined }, speedMps: 0, turns: false, limits: ["pose"] },
  { why: "a pose 0.6 s old", change: { pose: { ...pose, ageS: 0.6 } }, speedMps: 0, turns: false, limits: ["pose"] },
  {
    why: "a pose of age NaN",
    change: { pose: { ...pose, ageS: Number.NaN } },
    speedMps: 0,
    turns: false,
    limits: ["pose"],
  },
  {
    why: "a place known to 9 m",
    change: { pose: { ...pose, radius95M: 9 } },
    speedMps: 0,
    turns: false,
    limits: ["place-doubt"],
  },
  { why: "no ranges", change: { ranges: undefined }, speedMps: 0, turns: false, limits: ["ranges"] },
  {
    why: "ranges 0.6 s old",
    change: { ranges: { ageS: 0.6, beams: beams(6.45) } },
    speedMps: 0,
    turns: false,
    limits: ["ranges"],
  },
  {
    why: "a range that says nothing",
    change: { ranges: { ageS: 0, beams: beams(undefined) } },
    speedMps: 0,
    turns: false,
    limits: ["ranges"],
  },
  {
    why: "a wanted speed that is no number",
    change: { wanted: { speedMps: Number.NaN, yawRateRadps: 0 } },
    speedMps: 0,
    turns: false,
    limits: ["board"],
  },
];

for (const { why, change, speedMps, turns, limits } of rows) {
  test(`${why}: ${speedMps.toFixed(2)} m/s`, () => {
    const ruling = ruleOn({ ...free, ...change }, usualSafety);
    assert.ok(Math.abs(ruling.given.speedMps - speedMps) < 1e-9, `${ruling.given.speedMps}`);
    assert.deepEqual(
      ruling.limits.map(({ limit }) => limit),
      limits,
    );
    if (turns === false) assert.equal(ruling.given.yawRateRadps, 0);
    assert.ok(ruling.limits.every((limit) => limit.why.length > 5));
  });
}

test("whatever is wanted, it only takes away: never faster, never the other way, never a turn that was not wanted", () => {
  for (let speedMps = -3; speedMps <= 3; speedMps += 0.25) {
    for (let yawRateRadps = -3; yawRateRadps <= 3; yawRateRadps += 0.5) {
      for (const nearestPersonM of [undefined, 0.5, 2, 10]) {
        for (const front of [0.2, 1, 6]) {
          const ranges = { ageS: 0, beams: beams(front) };
          const { given } = ruleOn(
            { ...free, wanted: { speedMps, yawRateRadps }, nearestPersonM, ranges },
            usualSafety,
          );
          assert.ok(given.speedMps * speedMps >= 0 && Math.abs(given.speedMps) <= Math.abs(speedMps));
          assert.ok(given.yawRateRadps * yawRateRadps >= 0 && Math.abs(given.yawRateRadps) <= Math.abs(yawRateRadps));
        }
      }
    }
  }
});

test("at the speed allowed for a way, reaction and braking take exactly that way", () => {
  for (const wayM of [0.1, 0.5, 1, 3, 6]) {
    const v = speedForM(wayM, 1, 0.4);
    assert.ok(Math.abs(v * 0.4 + (v * v) / 2 - wayM) < 1e-9);
  }
  assert.equal(speedForM(-1, 1, 0.4), 0);
  assert.equal(speedForM(Number.NaN, 1, 0.4), 0);
});

test.run();
