import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { Rng } from "#sim/rng.ts";
import { Assignment } from "./assignment.ts";
import { figuresOf, nearestNeighbour, square } from "./testing-crossings.ts";
import type { Look, Sighting } from "./track-types.ts";
import { Tracker } from "./tracker.ts";

const person = (azimuthRad: number, rangeM?: number, more: Partial<Sighting> = {}): Sighting => ({
  azimuthRad,
  azimuthSigmaRad: 0.01,
  ...(rangeM === undefined ? {} : { rangeM, rangeSigmaM: rangeM * 0.05 }),
  kinds: { person: 0.9 },
  ...more,
});

const lookAt = (timeS: number, sightings: Sighting[], more: Partial<Look> = {}): Look => ({
  timeS,
  sensor: "front",
  fromM: [0, 0],
  view: { azimuthRad: 0, widthRad: 2, maxRangeM: 50 },
  detects: 0.9,
  falsePerLook: 0.1,
  sees: ["person", "vehicle"],
  sightings,
  ...more,
});

const saidBy = (tracker: Tracker) => (look: Look) => {
  tracker.look(look);
  return tracker.tracks(look.timeS).map(({ id, xyM: [x, y] }) => ({ id, x, y }));
};

test("the assignment is the cheapest of all, by trying all", () => {
  const rng = new Rng("assignment");
  const assignment = new Assignment(5, 5);
  for (let round = 0; round < 200; round++) {
    const [rows, columns] = [rng.int(1, 5), rng.int(0, 5)];
    for (let i = 0; i < rows * columns; i++) assignment.costs[i] = rng.uniform(-10, 4);
    const cost = (i: number, j: number) => assignment.costs[i * columns + j]!;
    const best = (i: number, used: number): number => {
      if (i === rows) return 0;
      let least = best(i + 1, used);
      for (let j = 0; j < columns; j++)
        if (!(used & (1 << j)) && cost(i, j) < 0) least = Math.min(least, cost(i, j) + best(i + 1, used | (1 << j)));
      return least;
    };
    assignment.solve(rows, columns);
    let sum = 0;
    const taken = new Set<number>();
    for (let i = 0; i < rows; i++) {
      const j = assignment.columnOf[i]!;
      if (j < 0) continue;
      assert.not(taken.has(j));
      taken.add(j);
      sum += cost(i, j);
    }
    assert.ok(Math.abs(sum - best(0, 0)) < 1e-9, `round ${round}: ${sum} against ${best(0, 0)}`);
  }
});

test("six people crossing with clutter and misses: followed, and better than nearest neighbour without a gate", () => {
  const worlds = [1, 2, 3, 4].map((seed) => ({ ...square, seed }));
  const own = figuresOf(worlds, () => saidBy(new Tracker()));
  const peer = figuresOf(worlds, nearestNeighbour);
  const told = JSON.stringify({ own, peer });
  assert.ok(own.followed > 0.95, told);
  assert.ok(own.rmseM < 0.75, told);
  assert.ok(own.ospaM < peer.ospaM / 3, told);
  assert.ok(own.identitySwitches < peer.identitySwitches / 10, told);
  assert.ok(own.falseTracksPerHour < peer.falseTracksPerHour / 5, told);
});

test("a track is confirmed at the fourth sighting, coasts when hidden, and ends", () => {
  const tracker = new Tracker();
  for (let i = 0; i < 3; i++) tracker.look(lookAt(i * 0.2, [person(0.1, 10)]));
  assert.is(tracker.tracks(0.4).length, 0);
  assert.is(tracker.tracks(0.4, true)[0]?.phase, "tentative");
  tracker.look(lookAt(0.6, [person(0.1, 10)]));
  const [track] = tracker.tracks(0.6);
  assert.is(track?.phase, "confirmed");
  assert.is(track?.kind, "person");
  tracker.look(lookAt(0.8, []));
  assert.is(tracker.tracks(0.8)[0]?.phase, "coasting");
  for (let i = 5; i < 20; i++) tracker.look(lookAt(i * 0.2, []));
  assert.is(tracker.tracks(4).length, 0);
  assert.equal([tracker.counts.born, tracker.counts.confirmed, tracker.counts.died], [1, 1, 1]);
});

test("a sighting five sigmas off begins a track of its own, even where false detections are as good as unknown", () => {
  const tracker = new Tracker();
  const sure = { falsePerLook: 0.001 };
  for (let i = 0; i < 20; i++) tracker.look(lookAt(i * 0.2, [person(0.1, 10)], sure));
  const [known] = tracker.tracks(3.8);
  const near = tracker.look(lookAt(4, [person(0.13, 10)], sure));
  assert.equal(near.tracks, [known?.id]);
  const far = tracker.look(lookAt(4.2, [person(0.23, 10)], sure));
  assert.not.equal(far.tracks, [known?.id]);
});

test("looking away is no miss: a track outside the view lives on while its place is known", () => {
  const tracker = new Tracker();
  for (let i = 0; i < 20; i++) tracker.look(lookAt(i * 0.2, [person(0.1, 10)]));
  const away = { view: { azimuthRad: Math.PI, widthRad: 1, maxRangeM: 50 } };
  for (let i = 20; i < 40; i++) tracker.look(lookAt(i * 0.2, [], away));
  const [track] = tracker.tracks(8);
  assert.ok(track, "still there after 4 s");
  assert.ok(track!.covariance[0]! > 0.3, `its doubt grows: ${track!.covariance[0]}`);
  for (let i = 40; i < 200; i++) tracker.look(lookAt(i * 0.2, [], away));
  assert.is(tracker.tracks(40).length, 0);
});

test("direction alone gives no place: from one spot the range stays open by more than 35 m; going to and fro it is found", () => {
  const still = new Tracker();
  for (let i = 0; i < 30; i++) still.look(lookAt(i * 0.2, [person(0.3)]));
  const [ray] = still.tracks(6);
  assert.ok(ray?.bearingOnly);
  assert.ok(ray!.rangeM[1] - ray!.rangeM[0] > 35, `${ray!.rangeM}`);

  const moving = new Tracker();
  const rng = new Rng("bearings");
  let inside = 0;
  for (let i = 0; i <= 75; i++) {
    // Straight ahead at one speed would leave the range open to anything that moves along: the robot goes to and fro.
    const y = 8 * Math.sin(0.12 * i);
    const azimuthRad = Math.atan2(2 - y, 18) + 0.01 * rng.normal();
    moving.look(lookAt(i * 0.2, [person(azimuthRad)], { fromM: [0, y] }));
    const [track] = moving.tracks(i * 0.2);
    const range = Math.hypot(18, 2 - y);
    if (track && track.rangeM[0] < range && range < track.rangeM[1]) inside++;
  }
  const [found] = moving.tracks(15);
  // Somebody may walk: the range is found within some metres, and the stated interval holds it.
  const offM = Math.hypot(found!.xyM[0] - 18, found!.xyM[1] - 2);
  assert.ok(offM < 9, `${found!.xyM}`);
  assert.ok(found!.rangeM[1] - found!.rangeM[0] < 28, `${found!.rangeM}`);
  assert.ok(inside > 60, `true range inside the stated one in ${inside} of 73 looks`);
  // One measured range settles what directions left open.
  still.look(lookAt(6, [person(0.3, 20)]));
  assert.not(still.tracks(6)[0]?.bearingOnly);
});

test("a sound and a person in one direction stay two; a voice joins the person and both sensors are named", () => {
  const ear = {
    sensor: "array",
    sees: ["sound", "person"] as const,
    detects: 0.1,
    view: { azimuthRad: 0, widthRad: 7, maxRangeM: 50 },
  };
  const tracker = new Tracker();
  for (let i = 0; i < 6; i++) {
    tracker.look(lookAt(i * 0.2, [person(0.1, 10)]));
    tracker.look(lookAt(i * 0.2 + 0.1, [person(0.1, undefined, { azimuthSigmaRad: 0.05, kinds: { sound: 1 } })], ear));
  }
  const kinds = tracker.tracks(1.2).map((track) => track.kind);
  assert.equal(kinds.sort(), ["person", "sound"]);
  const voice = { azimuthSigmaRad: 0.05, kinds: { person: 0.8, sound: 0.2 } };
  const { tracks } = tracker.look(lookAt(1.3, [person(0.1, undefined, voice)], ear));
  const joined = tracker.tracks(1.3).find((track) => track.id === tracks[0]);
  assert.is(joined?.kind, "person");
  assert.equal([...joined!.sensors].sort(), ["array", "front"]);
});

test("a look 0.3 s late gives nearly the track of looks in order; one of 2 s is counted and dropped", () => {
  const [inOrder, late] = [new Tracker(), new Tracker()];
  const looks = Array.from({ length: 26 }, (_, i) =>
    lookAt(i * 0.2, [person(Math.atan2(-3 + i * 0.3, 12), Math.hypot(12, -3 + i * 0.3))]),
  );
  for (const look of looks) inOrder.look(look);
  for (const i of [...looks.keys()].map((i) => (i === 23 ? 24 : i === 24 ? 23 : i))) late.look(looks[i]!);
  const [a, b] = [inOrder.tracks(5)[0]!, late.tracks(5)[0]!];
  assert.ok(Math.hypot(a.xyM[0] - b.xyM[0], a.xyM[1] - b.xyM[1]) < 0.03);
  assert.ok(late.look(lookAt(3, [person(0, 10)])).late);
  assert.is(late.counts.lateLooks, 1);
});

test("a thousand sightings at once: tracks and sightings stay within their limits, the rest is counted", () => {
  const tracker = new Tracker({ maxTracks: 16, maxSightings: 32 });
  const many = Array.from({ length: 1000 }, (_, i) => person(-1 + i / 500, 20));
  tracker.look(lookAt(0, many));
  assert.is(tracker.tracks(0, true).length, 16);
  assert.is(tracker.counts.noRoom, 16);
  assert.is(tracker.counts.badSightings, 968);
  const outcome = tracker.look(lookAt(0.2, [person(Number.NaN, 5), person(0, 5)]));
  assert.is(outcome.tracks[0], 0);
});

test("limits that cannot be are named", () => {
  assert.throws(
    () => new Tracker({ maxTracks: 0, confirmHits: 9 }),
    (error: unknown) => error instanceof Fault && error.lines.length === 2 && /maxTracks/.test(error.message),
  );
});

test.run();
