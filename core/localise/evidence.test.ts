import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ShotFixed } from "#contract/shot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { arrivalsOf } from "./case-figures.ts";
import { cleanCase, randomFrom, shotCase } from "./cases.ts";
import { recomputeShot } from "./evidence.ts";
import { finalLocaliser } from "./localiser.ts";

function someShots(count: number, over = {}): ShotFixed[] {
  const random = randomFrom(5);
  const localiser = finalLocaliser({ airTempC: 20 });
  const shots = [];
  for (let k = 0; k < count; k++) {
    const one = shotCase(random, { ...cleanCase, speedMps: 343.2, ...over }, k * 8, `s${k}-`);
    for (const arrival of arrivalsOf(one)) shots.push(...localiser.push(arrival).shots);
  }
  shots.push(...localiser.flush());
  return shots.map((shot) => ({ ...shot, v: 1, node: "hub", at: shot.time }));
}

const later = (utc: string) => utcOfNs(nsOfUtc(utc) + 100_000n);

test("every figure of a hundred shots is found again", () => {
  const shots = someShots(100);
  assert.is(shots.length, 100);
  for (const shot of shots) {
    const { checks, why } = recomputeShot(JSON.parse(JSON.stringify(shot)));
    assert.is(why, undefined);
    assert.ok(checks.length >= 8 + 2 * shot.arrivals.length);
    assert.equal(
      checks.filter((check) => !check.same),
      [],
    );
  }
});

test("a place moved by 10 cm, a time of arrival by 0.1 ms and a weight by a tenth are each noticed", () => {
  const [shot] = someShots(1);
  const edits: ((s: ShotFixed) => void)[] = [
    (s) => (s.lat += 0.1 / 111_000),
    (s) => (s.arrivals[0]!.toaSigmaS *= 2),
    (s) => (s.arrivals[1]!.toa = later(s.arrivals[1]!.toa)),
    (s) => (s.arrivals[2]!.weight = 0.9),
    (s) => (s.ellipse95.semiMajorM *= 1.1),
    (s) => (s.probability += 0.01),
    (s) => (s.time = later(s.time)),
  ];
  for (const edit of edits) {
    const copy = JSON.parse(JSON.stringify(shot)) as ShotFixed;
    edit(copy);
    assert.ok(
      recomputeShot(copy).checks.some((check) => !check.same),
      edit.toString(),
    );
  }
});

test.run();
