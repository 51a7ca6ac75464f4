/** Bearings and shock waves beside the times: a right one tells places apart, a wrong one is put out. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Arrival, ShockWave, ShotFixed } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { bearingCueOf, travelCueOf } from "./cues.ts";
import { recomputeShot } from "./evidence.ts";
import { frameAt } from "./geo.ts";
import { finalLocaliser } from "./localiser.ts";
import type { Shot } from "./shot-record.ts";

const c = 343.2;
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const startNs = 1_800_000_000_000_000_000n;
type Xy = readonly [number, number];
const three: Xy[] = [
  [250, 0],
  [150, 220],
  [-120, 260],
];
const around: Xy[] = [...three, [-300, 20], [-180, -220], [40, -300], [230, -190], [20, 60]];

const bearingDeg = ([x, y]: Xy, [px, py]: Xy) => ((Math.atan2(px - x, py - y) * 180) / Math.PI + 360) % 360;

function heardFrom([x, y]: Xy, posts: readonly Xy[]): Arrival[] {
  return posts.map(([px, py], k) => ({
    id: `a${k}`,
    node: `post-${k}`,
    ...frame.toWgs84(px, py, 6),
    altM: 6,
    toa: utcOfNs(startNs + BigInt(Math.round((1e9 * Math.hypot(px - x, py - y, 4.5)) / c))),
    toaSigmaS: 5e-4,
  }));
}

/** A round at 800 m/s in that direction: the shock wave comes first from the point of its way that it is soonest heard from. */
function shockAt(from: Xy, azimuthDeg: number, post: Xy): ShockWave {
  const [ux, uy] = [Math.sin((azimuthDeg * Math.PI) / 180), Math.cos((azimuthDeg * Math.PI) / 180)];
  let soonestS = Number.POSITIVE_INFINITY;
  let at: Xy = from;
  for (let alongM = 0; alongM < 800; alongM += 0.05) {
    const point: Xy = [from[0] + ux * alongM, from[1] + uy * alongM];
    const s = alongM / 800 + Math.hypot(post[0] - point[0], post[1] - point[1]) / c;
    if (s < soonestS) {
      soonestS = s;
      at = point;
    }
  }
  const leadS = Math.hypot(post[0] - from[0], post[1] - from[1]) / c - soonestS;
  return { leadS, sigmaS: 5e-4, bearingDeg: bearingDeg(post, at), bearingSigmaDeg: 2 };
}

function locate(arrivals: readonly Arrival[]): Shot {
  const localiser = finalLocaliser({ airTempC: 20 });
  const shots = [
    ...arrivals.toSorted((a, b) => (a.toa < b.toa ? -1 : 1)).flatMap((one) => localiser.push(one).shots),
    ...localiser.flush(),
  ];
  assert.is(shots.length, 1);
  return shots[0]!;
}

function missM({ lat, lon }: { lat: number; lon: number }, [x, y]: Xy): number {
  const { eastM, northM } = frame.toLocal(lat, lon, 0);
  return Math.hypot(eastM - x, northM - y);
}

/** Both places that the three posts' times fit. */
function bothPlaces(): [Xy, Xy] {
  const truth: Xy = [330, 330];
  const shot = locate(heardFrom(truth, three));
  const places = [shot, ...shot.alternatives!].map(({ lat, lon }) => {
    const { eastM, northM } = frame.toLocal(lat, lon, 0);
    return [eastM, northM] as const;
  });
  assert.is(places.length, 2);
  const other = places.find((place) => Math.hypot(place[0] - truth[0], place[1] - truth[1]) > 50)!;
  return [truth, other];
}

test("three posts and the shock wave at one of them: whichever of the two places it was is told first, the other with 1 % at most", () => {
  for (const place of bothPlaces()) {
    const arrivals = heardFrom(place, three);
    const blast = bearingDeg(three[1]!, place);
    const shockWave = shockAt(place, bearingDeg(place, three[1]!) + 35, three[1]!);
    arrivals[1] = { ...arrivals[1]!, bearingDeg: blast, bearingSigmaDeg: 2, shockWave };
    const shot = locate(arrivals);
    assert.ok(missM(shot, place) < 5, `${missM(shot, place)} m`);
    assert.is(shot.unverified, true);
    for (const { probability } of shot.alternatives ?? []) assert.ok(probability <= 0.01, String(probability));
  }
});

test("without bearings the lead alone rules out a place nearer than the blast must have travelled", () => {
  const [far, near] = bothPlaces().sort(
    (a, b) => Math.hypot(b[0] - 150, b[1] - 220) - Math.hypot(a[0] - 150, a[1] - 220),
  );
  const arrivals = heardFrom(far!, three);
  // A lead of 0.4 s: 192 m at least.
  arrivals[1] = { ...arrivals[1]!, shockWave: { leadS: 0.4, sigmaS: 1e-3 } };
  const shot = locate(arrivals);
  assert.is(shot.alternatives!.length, 1);
  assert.ok(missM(shot.alternatives![0]!, near!) < 5 && shot.alternatives![0]!.probability < 0.05);
  assert.ok(missM(shot, far!) < 5, `${missM(shot, far!)} m`);
});

test("three posts, a line of two microphones at one: whichever side it was, the place on the line's mirror image keeps 5 % at most; where both images fit, both places stay", () => {
  const [one, other] = bothPlaces();
  const post = three[1]!;
  for (const place of [one, other]) {
    for (const turned of [70, -70]) {
      const told = bearingDeg(post, place);
      const beside = (told + turned + 360) % 360;
      for (const [bearing, mirror] of [
        [told, beside],
        [beside, told],
      ] as const) {
        const arrivals = heardFrom(place, three);
        arrivals[1] = { ...arrivals[1]!, bearingsDeg: [bearing, mirror], bearingSigmaDeg: 2 };
        const shot = locate(arrivals);
        assert.ok(missM(shot, place) < 5, `${missM(shot, place)} m`);
        for (const { probability } of shot.alternatives ?? []) assert.ok(probability <= 0.05, String(probability));
        const [cue] = shot.arrivals.find(({ id }) => id === "a1")!.cues!;
        assert.ok(cue!.kind === "bearing" && Math.abs(cue!.residualDeg) < 1 && cue!.weight > 0.9);
      }
    }
  }
  const arrivals = heardFrom(one, three);
  const both: Partial<Arrival> = { bearingsDeg: [bearingDeg(post, one), bearingDeg(post, other)] };
  const plain = locate(arrivals).alternatives![0]!.probability;
  arrivals[1] = { ...arrivals[1]!, ...both, bearingSigmaDeg: 2 };
  const shot = locate(arrivals);
  assert.ok(Math.abs(shot.alternatives![0]!.probability - plain) < 0.05, String(shot.alternatives![0]!.probability));
});

test("a shock wave's range is taken where the blast's side is sure, not where it has a mirror image", () => {
  const shockWave: ShockWave = { leadS: 0.2, sigmaS: 1e-3, bearingDeg: 130, bearingSigmaDeg: 2 };
  const arrival = { shockWave, bearingSigmaDeg: 2 };
  assert.is(travelCueOf({ ...arrival, bearingDeg: 100 })!.travelLeast, false);
  const ofALine: Partial<Arrival> = { ...arrival, bearingsDeg: [100, 260] };
  assert.is(travelCueOf(ofALine)!.travelLeast, true);
});

test("a bearing without its sigma is none; one that is sure of its side is believed before a pair", () => {
  assert.equal(bearingCueOf({ bearingsDeg: [10, 60] }), {});
  const rad = Math.PI / 180;
  assert.equal(bearingCueOf({ bearingDeg: 30, bearingsDeg: [10, 60], bearingSigmaDeg: 2 }), {
    bearingRad: 30 * rad,
    bearingSigmaRad: 2 * rad,
  });
});

test("a range three times too long and a bearing to the other side at one post of eight move the fix by less than 1 cm and are told with no weight", () => {
  const truth: Xy = [60, -40];
  const arrivals = heardFrom(truth, around);
  const without = locate(arrivals);
  const { leadS, ...shock } = shockAt(truth, bearingDeg(truth, around[3]!) + 30, around[3]!);
  const blast = (bearingDeg(around[3]!, truth) + 170) % 360;
  const turned = { ...shock, bearingDeg: (shock.bearingDeg! + 170) % 360, bearingSigmaDeg: 0.5, leadS: 3 * leadS };
  arrivals[3] = { ...arrivals[3]!, bearingDeg: blast, bearingSigmaDeg: 0.5, shockWave: turned };
  const shot = locate(arrivals);
  assert.is(shot.nodesUsed.length, 8);
  assert.ok(Math.abs(missM(shot, truth) - missM(without, truth)) < 0.01);
  const cues = shot.arrivals.find(({ id }) => id === "a3")!.cues!;
  assert.equal(
    cues.map(({ kind, weight }) => [kind, weight < 1e-6]),
    [
      ["bearing", true],
      ["range", true],
    ],
  );
});

test("what the cues weighed is computed again from the record", () => {
  const truth: Xy = [60, -40];
  const arrivals = heardFrom(truth, around.slice(0, 5));
  const shockWave = shockAt(truth, bearingDeg(truth, around[3]!) + 30, around[3]!);
  arrivals[3] = { ...arrivals[3]!, bearingDeg: bearingDeg(around[3]!, truth) + 1, bearingSigmaDeg: 2, shockWave };
  const mirrored: Partial<Arrival> = {
    bearingsDeg: [10, bearingDeg(around[1]!, truth) - 1],
    bearingSigmaDeg: 3,
  };
  arrivals[1] = { ...arrivals[1]!, ...mirrored };
  const shot = locate(arrivals);
  const { checks } = recomputeShot(shot as unknown as ShotFixed);
  assert.equal(
    checks.filter(({ same }) => !same),
    [],
  );
  const figures = checks.map(({ figure }) => figure).filter((figure) => figure.includes("'s "));
  assert.equal(figures, ["weight of post-1's bearing", "weight of post-3's bearing", "weight of post-3's range"]);
  const [, range] = shot.arrivals.find(({ id }) => id === "a3")!.cues!;
  assert.ok(range?.kind === "range" && Math.abs(range.residualM) < range.sigmaM && range.side !== undefined);
});

test.run();
