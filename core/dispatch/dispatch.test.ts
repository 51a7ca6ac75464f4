import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { FlightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import { distanceM, movedBy } from "#core/handoff/local.ts";
import { type Candidate, chooseDrone, type Needs } from "./choose.ts";
import { conflict } from "./deconflict.ts";
import { DispatchConfig, DispatchPolicy, ruling } from "./policy.ts";
import { route } from "./route.ts";

const origin = { lat: 40.66, lon: -73.91 };
const at = (eastM: number, northM: number) => movedBy(origin, { eastM, northM });
const square = (eastM: number, northM: number, halfM: number) => [
  at(eastM - halfM, northM - halfM),
  at(eastM + halfM, northM - halfM),
  at(eastM + halfM, northM + halfM),
  at(eastM - halfM, northM + halfM),
];
const nightMs = Date.UTC(2026, 10, 22, 3, 0);

function incident(over: Partial<IncidentState> = {}): IncidentState {
  return {
    v: 1,
    id: "m1",
    node: "gateway",
    at: "2026-11-22T03:00:00Z",
    incident: "i1",
    version: 1,
    kind: "gunfire",
    status: "unreviewed",
    firedAt: "2026-11-22T03:00:00Z",
    alertedAt: "2026-11-22T03:00:01Z",
    place: { ...at(300, 0), ellipse95: { semiMajorM: 8, semiMinorM: 4, azimuthDeg: 0 } },
    probability: 0.97,
    rounds: [],
    hash: "0".repeat(64),
    ...over,
  };
}
const policy = v.parse(DispatchPolicy, { automatic: {} });

const rules = suite("dispatch policy");
const ruled = (over: Partial<IncidentState>, with_ = policy) => {
  const { kind, ...rest } = ruling(incident(over), with_, nightMs, 1);
  return kind === "fly" ? (rest as { how: string }).how : "no";
};

rules("97 % within 8 m flies by policy", () => assert.is(ruled({}), "policy"));
rules("an unverified fix needs a person, however sure", () =>
  assert.is(ruled({ unverified: true, probability: 1 }), "person"),
);
rules("two places that fit need a person", () =>
  assert.is(ruled({ alternatives: [{ ...incident().place!, probability: 0.4 }] }), "person"),
);
rules("80 % needs a person, 40 % nobody is asked", () => {
  assert.is(ruled({ probability: 0.8 }), "person");
  assert.is(ruled({ probability: 0.4 }), "no");
});
rules("an event that nobody measured is flown to by a person's word alone, whatever probability it carries", () => {
  const events = v.parse(DispatchPolicy, { kinds: ["event"], automatic: {} });
  const event = { kind: "event" as const, probability: 1 };
  assert.is(ruled({ ...event, probabilityKnown: true }, events), "policy");
  assert.is(ruled({ ...event, probabilityKnown: false }, events), "person");
  const { why } = ruling(incident({ ...event, probabilityKnown: false }), events, nightMs, 1);
  assert.match(why, /^probability not measured, within 8 m/);
});
rules("an ellipse of 60 m needs a person, one of 200 m is too wide", () => {
  const wide = (semiMajorM: number) => ({
    place: { ...at(300, 0), ellipse95: { semiMajorM, semiMinorM: 4, azimuthDeg: 0 } },
  });
  assert.is(ruled(wide(60)), "person");
  assert.is(ruled(wide(200)), "no");
});
rules("without an automatic rule a person always decides", () =>
  assert.is(ruled({}, v.parse(DispatchPolicy, {})), "person"),
);
rules("a school's zone is never flown to, a park's only with a person", () => {
  const zones = (rule: string) =>
    v.parse(DispatchPolicy, { automatic: {}, zones: [{ name: "z", corners: square(300, 0, 50), rule }] });
  assert.is(ruled({}, zones("never")), "no");
  assert.is(ruled({}, zones("person")), "person");
});
rules("at night a person decides where the automatic hours are the day's", () => {
  const day = v.parse(DispatchPolicy, { automatic: { hours: [{ from: "08:00", to: "20:00" }] } });
  assert.is(ruled({}, day), "person");
});
rules("hours over midnight are open at 3 o'clock, and no drone flies outside them", () => {
  const hours = (from: string, to: string) => v.parse(DispatchPolicy, { automatic: {}, hours: [{ from, to }] });
  assert.is(ruled({}, hours("22:00", "04:00")), "policy");
  assert.is(ruled({}, hours("04:00", "22:00")), "no");
});
rules("an incident of 20 minutes ago, a dismissed one and one without a place are not flown to", () => {
  assert.is(ruling(incident(), policy, nightMs, 1200).kind, "no");
  assert.is(ruled({ status: "dismissed" }), "no");
  assert.is(ruled({ place: undefined }), "no");
});
rules("two drones within 10 m of height are refused in the configuration", () => {
  const drones = (a: number, b: number) => ({
    drones: [
      { id: "d1", laneHeightM: a },
      { id: "d2", laneHeightM: b },
    ],
    fence: { keepIn: square(0, 0, 1000) },
  });
  assert.is(v.safeParse(DispatchConfig, drones(40, 45)).success, false);
  assert.is(v.safeParse(DispatchConfig, drones(40, 50)).success, true);
});
rules.run();

const ways = suite("ways and drones");
const fence = { keepIn: square(0, 0, 1000), keepOut: [{ name: "hospital", corners: square(200, 0, 60) }] };

ways("the way round a square of 120 m is at most 10 % longer than straight, and never inside", () => {
  const from = at(0, 0);
  const to = at(400, 0);
  const corners = route(from, to, fence)!;
  assert.ok(corners.length >= 1);
  const line = [from, ...corners, to];
  let lengthM = 0;
  for (let k = 1; k < line.length; k++) lengthM += distanceM(line[k - 1]!, line[k]!);
  assert.ok(lengthM > 400 && lengthM < 440, `${lengthM} m`);
});
ways("a free way has no corners; a place inside the zone has no way", () => {
  assert.equal(route(at(0, 300), at(400, 300), fence), []);
  assert.is(route(at(0, 0), at(200, 0), fence), undefined);
});

function drone(
  id: string,
  eastM: number,
  over: { available?: boolean; batteryRemaining?: number; ageS?: number } = {},
): Candidate {
  const position = { ...at(eastM, 0), altM: 0 };
  const state = {
    available: over.available ?? true,
    dock: { position },
    vehicle: { connected: true, batteryRemaining: over.batteryRemaining ?? 0.9 },
    performance: { cruiseMps: 10, climbMps: 4, descentMps: 2 },
  } as unknown as FlightState;
  return { id, laneHeightM: id === "d1" ? 40 : 60, state, ageS: over.ageS ?? 0.5 };
}
const needs: Needs = {
  fence: { keepIn: square(0, 0, 3000), keepOut: [] },
  reserveFraction: 0.2,
  onSceneS: 120,
  wind: undefined,
  courses: [],
  tried: [],
};
const place = { ...at(1000, 0), ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 } };

ways("of two drones the one that is there first goes: 1000 m at 10 m/s and 40 m at 4 m/s are 110 s", () => {
  const { best, others } = chooseDrone([drone("d1", 0), drone("d2", -400)], place, needs);
  assert.is(best!.id, "d1");
  assert.ok(Math.abs(best!.etaS - 110) < 0.5, `${best!.etaS} s`);
  assert.match(others[0]!.why, /d1 is there 45 s earlier/);
});
ways("a head wind of 6 m/s turns 100 s into 250 s, and the nearer drone upwind wins", () => {
  const wind = { speedMps: 6, fromDeg: 90 };
  const { best } = chooseDrone([drone("d1", 0), drone("d2", 1500)], place, { ...needs, wind });
  assert.is(best!.id, "d2");
});
ways("a wind above its speed, an empty battery, silence and absence are each a reason", () => {
  const why = (candidate: Candidate, over: Partial<Needs> = {}) =>
    chooseDrone([candidate], place, { ...needs, ...over }).others[0]!.why;
  assert.match(why(drone("d1", 0), { wind: { speedMps: 11, fromDeg: 90 } }), /against this wind/);
  assert.match(why(drone("d1", 0, { batteryRemaining: 0.4 })), /above its reserve/);
  assert.match(why(drone("d1", 0, { ageS: 9 })), /last heard 9 s ago/);
  assert.match(why({ ...drone("d1", 0), state: undefined }), /never heard/);
});
ways("ways that cross in lanes 20 m apart are flown at once; a dock under the other's lower lane is not", () => {
  const low = { id: "d1", line: [at(-500, 0), at(500, 0)], laneHeightM: 40 };
  const crossing = { id: "d2", line: [at(0, -500), at(0, 500)], laneHeightM: 60 };
  assert.is(conflict(crossing, [low]), undefined);
  const under = { id: "d2", line: [at(0, 20), at(0, 500)], laneHeightM: 60 };
  assert.match(conflict(under, [low])!, /d2 climbs and lands through the lane of d1/);
  assert.match(conflict({ ...crossing, laneHeightM: 45 }, [low])!, /same lane/);
});
ways.run();
