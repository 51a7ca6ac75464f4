import { test } from "uvu";
import * as assert from "uvu/assert";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "./geo.ts";
import { patternOf } from "./rounds.ts";

const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const round = (s: number, eastM: number, northM: number) => {
  const { lat, lon } = frame.toWgs84(eastM, northM, 0);
  const time = utcOfNs(1_800_000_000_000_000_000n + BigInt(Math.round(s * 1e9)));
  return { time, lat, lon, ellipse95: { semiMajorM: 2, semiMinorM: 1, azimuthDeg: 30 } };
};

test("three rounds half a second apart from one place: one shooter who stood", () => {
  const pattern = patternOf([round(0.5, 0.3, 0), round(0, 0, 0.2), round(1, -0.2, 0.1)]);
  assert.equal(
    [pattern.rounds, pattern.gapsS.map((gap) => gap.toFixed(2)), pattern.shooters.count],
    [3, ["0.50", "0.50"], "one"],
  );
  assert.ok(pattern.movedM!.distanceM < 1.5 && pattern.movedM!.sigmaM > 0.5);
});

test("two rounds 100 m apart within a second: several shooters, since nobody runs 100 m/s", () => {
  const { shooters, movedM } = patternOf([round(0, 0, 0), round(1, 100, 0)]);
  assert.is(shooters.count, "several");
  assert.match(shooters.why, /rounds 1 and 2 were fired 100 m apart within 1\.00 s/);
  assert.is(movedM, undefined);
});

test("rounds along 20 m in 5 s: one shooter who moved 20 m", () => {
  const { shooters, movedM } = patternOf([0, 1, 2, 3, 4, 5].map((s) => round(s, 4 * s, 0)));
  assert.is(shooters.count, "one");
  assert.ok(Math.abs(movedM!.distanceM - 20) < 0.01, String(movedM!.distanceM));
});

test("one round says nothing of the number of shooters", () => {
  assert.is(patternOf([round(0, 0, 0)]).shooters.count, "unknown");
});

test.run();
