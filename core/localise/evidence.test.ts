import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ShotFixed, ShotHeard } from "#contract/shot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { arrivalsOf } from "./case-figures.ts";
import { cleanCase, randomFrom, shotCase } from "./cases.ts";
import { recomputeRejected, recomputeShot } from "./evidence.ts";
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

test("what was put out is computed again from the nodes' messages; a message moved by 0.1 ms and a mark taken off are noticed", () => {
  const random = randomFrom(6);
  const arrivals = arrivalsOf(shotCase(random, { ...cleanCase, nodes: [8, 8], extraEcho: 1 }));
  const localiser = finalLocaliser({ airTempC: 20 });
  const [shot] = [
    ...arrivals.flatMap((one) => localiser.push(one).shots),
    ...localiser.flush(),
  ] as unknown as ShotFixed[];
  assert.is(shot!.rejected.length, 8);
  const heard = arrivals as unknown as ShotHeard[];
  const checks = recomputeRejected(shot!, heard);
  assert.equal([checks.length, checks.filter(({ same }) => same).length], [8, 8]);
  const moved = heard.map((one) => (one.id === shot!.rejected[0]!.id ? { ...one, toa: later(one.toa) } : one));
  assert.is(recomputeRejected(shot!, moved).filter(({ same }) => !same).length, 1);

  const [four] = someShots(1, { nodes: [4, 4] });
  assert.is(four!.unverified, true);
  const { unverified, ...unmarked } = four!;
  assert.ok(
    recomputeShot(unmarked as ShotFixed).checks.some(({ figure, same }) => figure === "marked unverified" && !same),
  );
});

test.run();
