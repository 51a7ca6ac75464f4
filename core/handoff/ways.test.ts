/** Plane, fence, ground, pattern, traffic, energy and airspace, in numbers that a person can check. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { windowOpen } from "./airspace.ts";
import { groundSpeedMps, homeS, travelS } from "./energy.ts";
import { edgeDistanceM, forbidden, forbiddenAlong, within } from "./fence.ts";
import { bearingDeg, distanceM, movedBy, offsetM } from "./local.ts";
import { missionPath, planMission } from "./plan.ts";
import { dockAt, rehearsalSite } from "./rehearsal-site.ts";
import { groundWidthM, patternFor } from "./search-pattern.ts";
import { flightAltM, groundAltM, surfaceAltM, type Terrain } from "./terrain.ts";
import { nearTraffic } from "./traffic.ts";

const ways = suite("ways");
const at = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });
const near = (actual: number, expected: number, within_: number, what = "") =>
  assert.ok(Math.abs(actual - expected) <= within_, `${what} ${actual}, expected ${expected}`);

ways("one minute of latitude at 45 degrees is 1852.2 m, of longitude 1313.7 m (WGS84)", () => {
  near(distanceM({ lat: 45, lon: 7 }, { lat: 45 + 1 / 60, lon: 7 }), 1852.2, 0.5);
  near(distanceM({ lat: 45, lon: 7 }, { lat: 45, lon: 7 + 1 / 60 }), 1313.9, 0.5);
});
ways("over the date line the way is short", () => {
  near(offsetM({ lat: 0, lon: 179.999 }, { lat: 0, lon: -179.999 }).eastM, 222.6, 0.1);
});
ways("there and back again ends within a centimetre", () => {
  const away = movedBy(dockAt, { eastM: 1234, northM: -987 });
  const back = offsetM(dockAt, away);
  near(back.eastM, 1234, 0.01);
  near(back.northM, -987, 0.01);
  near(bearingDeg(dockAt, at(100, 100)), 45, 0.01);
});

const fence = {
  keepIn: [at(-100, -100), at(100, -100), at(100, 100), at(-100, 100)],
  keepOut: [{ name: "school", corners: [at(20, -10), at(40, -10), at(40, 10), at(20, 10)] }],
};
ways("10 m inside the edge is inside, with a margin of 20 m it is not; the school never is", () => {
  assert.is(within(fence.keepIn, at(90, 0)), true);
  near(edgeDistanceM(fence.keepIn, at(90, 0)), 10, 0.05);
  assert.is(forbidden(fence, at(90, 0)), undefined);
  assert.match(forbidden(fence, at(90, 0), 20)!, /10 m from the geofence's edge/);
  assert.match(forbidden(fence, at(130, 0))!, /30 m outside/);
  assert.match(forbidden(fence, at(30, 0))!, /school/);
});
ways("a line between two good points through the school is forbidden", () => {
  assert.match(forbiddenAlong(fence, [at(0, 0), at(60, 0)])!, /school/);
  assert.is(forbiddenAlong(fence, [at(0, 50), at(60, 50)]), undefined);
});

/** Ground rising by 10 m every 100 m to the east, a 60 m tower in the middle cell. */
const terrain: Terrain = {
  southWest: { lat: dockAt.lat, lon: dockAt.lon },
  cellM: 100,
  columns: 3,
  rows: 3,
  groundM: [0, 10, 20, 0, 10, 20, 0, 10, 20],
  surfaceM: [0, 10, 20, 0, 70, 20, 0, 10, 20],
};
ways("50 m east the ground is at 5 m; off the grid nobody knows", () => {
  near(groundAltM(terrain, at(50, 50))!, 5, 0.1);
  assert.is(groundAltM(terrain, at(-10, 50)), undefined);
  assert.is(flightAltM(terrain, at(250, 50), 40, 12), undefined);
});
ways("40 m above ground far from the tower, 12 m above the tower near it", () => {
  near(surfaceAltM(terrain, at(80, 80), 30)!, 70, 0);
  near(flightAltM(terrain, at(10, 0.5), 40, 12, 5)!, 82, 0.2, "the cell's corner is the tower's neighbour");
  near(flightAltM({ ...terrain, surfaceM: terrain.groundM }, at(50, 50), 40, 12)!, 45, 0.1);
});

const camera = { fieldOfViewDeg: 90, overlap: 0.2, standOffM: 20 };
const place = (semiMajorM: number, semiMinorM: number, azimuthDeg = 0) => ({
  ...at(0, 0),
  ellipse95: { semiMajorM, semiMinorM, azimuthDeg },
});
ways("from 40 m a lens of 90 degrees sees 80 m; an ellipse of 10 m is circled at 20 m", () => {
  near(groundWidthM(camera, 40), 80, 1e-9);
  const orbit = patternFor(place(10, 5), 40, camera);
  assert.is(orbit.kind, "orbit");
  for (const point of orbit.points) near(distanceM(point, dockAt), 20, 0.1);
});
ways("an ellipse of 150 by 60 m is searched: every point of it is within half a picture of a track", () => {
  const search = patternFor(place(150, 60, 90), 40, camera);
  assert.is(search.kind, "search");
  assert.ok(search.spacingM! <= 64);
  for (let k = 0; k < 200; k++) {
    const angle = k * 2.399963;
    const radius = Math.sqrt(k / 200);
    const point = at(150 * radius * Math.cos(angle), 60 * radius * Math.sin(angle));
    const tracksM = search.points.flatMap((end, n) =>
      n % 2 ? [edgeDistanceM([search.points[n - 1]!, end], point)] : [],
    );
    assert.ok(Math.min(...tracksM) <= 40, `${Math.min(...tracksM)} m from the nearest track`);
  }
});

const rules = { horizontalM: 500, verticalM: 100, lookaheadS: 60, forgetS: 20 };
const own = { ...at(0, 0), altM: 50 };
const plane = (eastM: number, altM: number, headingDeg: number) => ({
  icao: "a",
  ...at(eastM, 0),
  altM,
  headingDeg,
  speedMps: 50,
  heardTickMs: 0,
});
ways(
  "an aircraft 3 km east at 50 m/s is near when it comes, not when it goes, passes 200 m above, or was heard 30 s ago",
  () => {
    assert.is(nearTraffic([plane(3000, 60, 270)], own, 0, rules).length, 1);
    near(nearTraffic([plane(3000, 60, 270)], own, 0, rules)[0]!.closingS!, 60, 0.5);
    assert.is(nearTraffic([plane(3000, 60, 90)], own, 0, rules).length, 0);
    assert.is(nearTraffic([plane(3000, 250, 270)], own, 0, rules).length, 0);
    assert.is(nearTraffic([plane(300, 60, 270)], own, 30_000, rules).length, 0);
  },
);
ways("one that sinks through our height from above is near", () => {
  const sinking = { ...plane(1000, 350, 270), climbMps: -30 };
  assert.is(nearTraffic([sinking], own, 0, rules).length, 1);
});
ways("unknown height and speed give way: doubt counts as ours", () => {
  assert.is(nearTraffic([{ icao: "b", ...at(400, 0), heardTickMs: 0 }], own, 0, rules).length, 1);
});

const performance = { cruiseMps: 10, climbMps: 4, descentMps: 2, enduranceS: 1000 };
ways("10 m/s against 6 m/s of wind leaves 4, across it 8, with it 16; across 10 nothing", () => {
  const wind = (fromDeg: number, speedMps = 6) => ({ fromDeg, speedMps });
  near(groundSpeedMps(10, 0, wind(0)), 4, 1e-9);
  near(groundSpeedMps(10, 0, wind(90)), 8, 1e-9);
  near(groundSpeedMps(10, 0, wind(180)), 16, 1e-9);
  assert.is(groundSpeedMps(10, 0, wind(90, 10)), 0);
});
ways("home from 100 m away and 20 m up at a return height of 40 m: 5 s up, 10 s over, 20 s down", () => {
  near(travelS([at(0, 0), at(100, 0)], performance, undefined), 10, 0.01);
  near(homeS({ ...at(100, 0), heightM: 20 }, dockAt, 40, performance, undefined), 35, 0.02);
});

ways("a window from 22:00 to 04:00 on Saturdays is open on Sunday at 3, not on Monday at 3", () => {
  const window = { days: [6], from: "22:00", to: "04:00" };
  assert.is(windowOpen(window, Date.UTC(2026, 10, 22, 3)), true);
  assert.is(windowOpen(window, Date.UTC(2026, 10, 23, 3)), false);
  assert.is(windowOpen(window, Date.UTC(2026, 10, 21, 22)), true);
});

ways("a plan flies at its lane, in legs of 100 m at most, and its mission fits the autopilot", () => {
  const site = rehearsalSite({ onSceneS: 600 });
  const mission = {
    flight: "f",
    incident: "i",
    incidentVersion: 1,
    place: { ...place(5, 3), ...at(700, 0) },
    laneHeightM: 50,
    corridor: [],
  };
  const planned = planMission(mission, dockAt, site);
  if (!planned.ok) throw new Error(planned.why);
  const { out, scene } = planned.plan;
  for (const point of [...out, ...scene]) near(point.heightM, 50, 0.01);
  for (let k = 1; k < out.length; k++) assert.ok(distanceM(out[k - 1]!, out[k]!) <= 100.01);
  // 680 m straight on at one altitude: the autopilot is given the two ends.
  assert.equal([out.length, missionPath(planned.plan, site).points.length], [8, 2 + 12 + 1]);
});
ways("a corner of one degree between two ways of 1500 m stays: without it the way would pass it by 13 m", () => {
  const turned = (alongM: number) => at(1500 + alongM * Math.cos(Math.PI / 180), alongM * Math.sin(Math.PI / 180));
  const out = Array.from({ length: 31 }, (_, k) => (k <= 15 ? at(k * 100, 0) : turned((k - 15) * 100)));
  const level = (point: (typeof out)[number]) => ({ ...point, altM: 50, heightM: 50 });
  const plan = { out: out.map(level), scene: [level(turned(1500))], pattern: "orbit" as const, placeAltM: 0 };
  const { points } = missionPath(plan, rehearsalSite());
  assert.equal(
    points.slice(0, -1).map(({ lat, lon }) => ({ lat, lon })),
    [out[0], out[15], out[30]],
  );
  const climbs = plan.out.map((point, k) => ({ ...point, altM: k === 7 ? 60 : 50 }));
  assert.is(missionPath({ ...plan, out: climbs }, rehearsalSite()).points.length, 3 + 3 + 1);
});
ways(
  "ten minutes around a place: the round of 20 m is 124 m long, 25 s at 5 m/s, so 25 rounds: once and 24 jumps back, not 300 points",
  () => {
    const site = rehearsalSite({ onSceneS: 600 });
    const mission = {
      flight: "f",
      incident: "i",
      incidentVersion: 1,
      place: { ...place(5, 3), ...at(250, 0) },
      laneHeightM: 50,
      corridor: [],
    };
    const planned = planMission(mission, dockAt, site);
    if (!planned.ok) throw new Error(planned.why);
    const { out, scene, radiusM } = planned.plan;
    const { points, again } = missionPath(planned.plan, site);
    assert.equal([out.length, scene.length, points.length], [4, 12, 2 + 13]);
    assert.equal(again, { from: 2, through: 13, times: 24 });
    assert.equal([radiusM, site.performance.sceneMps], [20, 5]);
    assert.equal(points.at(-1), scene[0]);
  },
);
ways("where only the place itself may be flown to, it stays there for the scene's time", () => {
  const site = rehearsalSite({ onSceneS: 600 });
  const plan = { out: [{ ...at(0, 0), altM: 50, heightM: 50 }], scene: [{ ...at(90, 0), altM: 50, heightM: 50 }] };
  const { points, again } = missionPath({ ...plan, pattern: "orbit", placeAltM: 0 }, site);
  assert.equal([points.length, points[1]!.stayS, again], [2, 600, undefined]);
});
ways("roofs of 120 m under a ceiling of 120 m leave no way, in words", () => {
  const site = rehearsalSite();
  const tall = { ...site, terrain: { ...site.terrain, surfaceM: site.terrain.groundM.map((g) => g + 120) } };
  const mission = { flight: "f", incident: "i", incidentVersion: 1, place: place(5, 3), laneHeightM: 50, corridor: [] };
  const planned = planMission(mission, dockAt, tall);
  assert.is(planned.ok, false);
  assert.match(planned.ok ? "" : planned.why, /takes 132 m above ground, 120 m are allowed/);
});

ways.run();
