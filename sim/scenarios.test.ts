import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeCity } from "./city.ts";
import { burstAmongDistractors, onlyDistractors, twoShooters } from "./scenarios.ts";

const city = makeCity(1);

test("fifty bursts: three rounds 150 to 400 ms apart from one place, a firework and a door at least 150 m and 2.5 s away", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { truth } = burstAmongDistractors(city, seed);
    assert.is(truth.shots.length, 3);
    const [a, b, c] = truth.shots;
    for (const gap of [b!.atS - a!.atS, c!.atS - b!.atS]) assert.ok(gap >= 0.15 && gap <= 0.4, `${gap}`);
    assert.ok(a!.lat === b!.lat && b!.lon === c!.lon);
    assert.ok(["45", "40", "9mm"].includes(a!.weapon));
    assert.equal(truth.distractors.map((d) => d.kind).sort(), ["door", "firework"]);
    for (const other of truth.distractors) {
      assert.ok(Math.hypot(other.eastM - a!.eastM, other.northM - a!.northM) >= 150);
      assert.ok(Math.abs(other.atS - a!.atS) >= 2, `${other.atS} ${a!.atS}`);
    }
  }
});

test("shots are fired in streets within the network: seen from each, lampposts stand on all sides (no gap of 180 degrees)", () => {
  for (let seed = 0; seed < 50; seed++) {
    const [shot] = burstAmongDistractors(city, seed).truth.shots;
    const bearings = city.lampposts
      .map(({ at }) => Math.atan2(at.eastM - shot!.eastM, at.northM - shot!.northM))
      .sort((a, b) => a - b);
    const gaps = bearings.map((b, i) => (bearings[i + 1] ?? bearings[0]! + 2 * Math.PI) - b);
    assert.ok(Math.max(...gaps) < Math.PI, `seed ${seed}`);
    assert.not.ok(city.buildings.covers(shot!.eastM, shot!.northM));
  }
});

test("degrees and metres of the truth are the same place", () => {
  const [shot] = burstAmongDistractors(city, 3).truth.shots;
  const back = city.plane.enu({ lat: shot!.lat, lon: shot!.lon, altM: 1.5 });
  assert.ok(Math.hypot(back.eastM - shot!.eastM, back.northM - shot!.northM) < 1e-3);
});

test("two shooters fire within a second of each other, 60 m apart or more", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { truth } = twoShooters(city, seed);
    const [first, second] = [0, 1].map((burst) => truth.shots.find((shot) => shot.burst === burst)!);
    assert.ok(Math.abs(second!.atS - first!.atS) < 1);
    assert.ok(Math.hypot(second!.eastM - first!.eastM, second!.northM - first!.northM) >= 60);
  }
});

test("distractors alone hold no shot", () => {
  const { truth, events } = onlyDistractors(city, 4, 6);
  assert.is(truth.shots.length, 0);
  assert.is(truth.distractors.length, 6);
  assert.ok(events.every((event) => event.source.kind !== "gunshot"));
});

test("the same seed is the same scenario, another seed another", () => {
  assert.equal(burstAmongDistractors(city, 9).truth, burstAmongDistractors(city, 9).truth);
  assert.not.equal(burstAmongDistractors(city, 9).truth, burstAmongDistractors(city, 10).truth);
});

test.run();
