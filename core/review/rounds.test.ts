import assert from "node:assert/strict";
import { test } from "uvu";
import type { ShotFixed } from "#contract/shot.ts";
import { summaryOf } from "./rounds.ts";

/** A round that many metres north of the first place, fired that many seconds after 18:04:12. */
function round(atS: number, northM: number, over: Partial<ShotFixed> = {}): ShotFixed {
  return {
    v: 1,
    id: `r${atS}`,
    node: "tri",
    at: "2026-11-22T18:04:20Z",
    time: `2026-11-22T18:04:${(12 + atS).toFixed(3)}Z`,
    lat: 40 + northM / 111_035,
    lon: -80,
    ellipse95: { semiMajorM: 3, semiMinorM: 3, azimuthDeg: 0 },
    probability: 0.95,
    nodesUsed: ["n01", "n02", "n03", "n04"],
    rejected: [],
    incident: "i1",
    version: 1,
    rmsResidualS: 0,
    solvedMs: 1,
    arrivals: [],
    airTempC: 10,
    speedOfSoundMps: 337,
    ...over,
  };
}
const summary = (...rounds: ShotFixed[]) => summaryOf({ counting: rounds, unlikely: [] }, undefined, rounds[0]!);

test("a single round tells nothing of shooters", () => {
  const { shooters, movedM } = summary(round(0, 0));
  assert.deepEqual([shooters, movedM], [undefined, undefined]);
});

test("three rounds within a metre: one shooter who stood still", () => {
  const { shooters, movedM } = summary(round(0, 0), round(0.3, 1), round(0.6, 0));
  assert.equal(shooters?.count, "one");
  assert.ok(movedM!.distanceM < 1, `${movedM!.distanceM} m`);
});

test("rounds 12 m apart within 4 s: one shooter who moved 12 m", () => {
  const { shooters, movedM } = summary(round(0, 0), round(2, 6), round(4, 12));
  assert.equal(shooters?.count, "one");
  assert.ok(Math.abs(movedM!.distanceM - 12) < 0.2, `${movedM!.distanceM} m`);
});

test("rounds 60 m apart within half a second: several shooters, no movement", () => {
  const { shooters, movedM } = summary(round(0, 0), round(0.5, 60));
  assert.equal(shooters?.count, "several");
  assert.match(shooters!.why, /60 m apart within 0.50 s/);
  assert.equal(movedM, undefined);
});

test("a round that fits two places, is unverified or unlikely makes nobody a second shooter", () => {
  const far = { lat: 40, lon: -80, ellipse95: { semiMajorM: 3, semiMinorM: 3, azimuthDeg: 0 }, probability: 0.5 };
  for (const over of [{ unverified: true }, { alternatives: [far] }, { probability: 0.3 }])
    assert.equal(summary(round(0, 0), round(0.2, 0), round(0.5, 60, over)).shooters?.count, "one");
});

test("all rounds withdrawn: what was said of shooters is taken back", () => {
  const before = summary(round(0, 0), round(0.5, 60));
  const { shooters, rounds } = summaryOf({ counting: [], unlikely: [] }, before, round(0.5, 60, { withdrawn: "echo" }));
  assert.deepEqual([shooters, rounds], [undefined, []]);
});

test.run();
