import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Scores, ShotFixed, ShotHeard } from "#contract/shot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { WEIGHTS } from "./belief.ts";
import { arrivalsOf } from "./case-figures.ts";
import { cleanCase, randomFrom, shotCase } from "./cases.ts";
import { recomputeRejected, recomputeShot } from "./evidence.ts";
import { finalLocaliser } from "./localiser.ts";

function someShots(count: number, over = {}, scores?: Scores): ShotFixed[] {
  const random = randomFrom(5);
  const localiser = finalLocaliser({ airTempC: 20 });
  const shots = [];
  for (let k = 0; k < count; k++) {
    const one = shotCase(random, { ...cleanCase, speedMps: 343.2, ...over }, k * 8, `s${k}-`);
    const told = scores && { scores, probability: scores.gunshot };
    for (const arrival of arrivalsOf(one)) shots.push(...localiser.push({ ...arrival, ...told }).shots);
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

/** Solved and written by the code and the weights that shipped with model 6 (commit e461bfe): six nodes that told all classes, three with a bearing, one of them wrong. */
const ofModel6 = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "shot-of-model-6.json"), "utf8"),
) as ShotFixed;
const differing = (shot: ShotFixed) => recomputeShot(shot).checks.flatMap(({ figure, same }) => (same ? [] : [figure]));

test("a shot that was sealed under model 6 is found again to the last figure, whatever the belief's weights are today", () => {
  assert.is(ofModel6.solver!.beliefWeights, undefined);
  assert.is(ofModel6.probability.toFixed(4), "0.5572");
  assert.is(recomputeShot(ofModel6).checks.length, 25);
  assert.equal(differing(ofModel6), []);
});

test("the weights that a record names are those it is computed again from", () => {
  // By the clearer half of the detectors alone, 0.91, 0.84 and 0.75: the mean of their log odds is 1.69, a probability of 0.844.
  const named: ShotFixed = {
    ...ofModel6,
    probability: 0.844,
    solver: { ...ofModel6.solver!, beliefWeights: [0, 1, 0, 0] },
  };
  const found = recomputeShot(named).checks.find(({ figure }) => figure === "probability");
  assert.is(found?.recomputed.toFixed(3), "0.844");
  assert.equal(differing({ ...named, probability: found!.recomputed }), []);
  const other = {
    ...named,
    probability: found!.recomputed,
    solver: { ...named.solver!, beliefWeights: [0, 1.1, 0, 0] },
  };
  assert.equal(differing(other), ["probability"]);
});

test("what is solved today names today's weights, and verifies from them", () => {
  const [shot] = someShots(
    1,
    { nodes: [6, 6] },
    { gunshot: 0.8, firework: 0.2, vehicle: 0, impact: 0, glass: 0, other: 0 },
  );
  assert.equal(shot!.solver!.beliefWeights, [...WEIGHTS]);
  assert.equal(differing(shot!), []);
});

test.run();
