import { test } from "uvu";
import * as assert from "uvu/assert";
import { boxOf, ellipseRing, enOf, metresPerDegree, offset, rangeM } from "./geometry.ts";

const near = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);
const place = { lat: 40.66, lon: -73.91, ellipse95: { semiMajorM: 30, semiMinorM: 10, azimuthDeg: 90 } };

test("a degree of latitude is 110.57 km at the equator and 111.69 km at the pole; of longitude 111.32 km at the equator", () => {
  near(metresPerDegree(0).lat, 110_574, 1);
  near(metresPerDegree(90).lat, 111_694, 1);
  near(metresPerDegree(0).lon, 111_320, 1);
});

test("an ellipse of 30 m by 10 m with its major axis to the east reaches 30 m east and 10 m north", () => {
  const ring = ellipseRing(place);
  const metres = ring.map(([lon, lat]) => enOf(place, { lat, lon }));
  near(Math.max(...metres.map(([e]) => e)), 30, 0.01);
  near(Math.max(...metres.map(([, n]) => n)), 10, 0.01);
  near(metres[0]![0], 30, 0.01);
  assert.equal(ring[0], ring.at(-1));
  assert.is(ring.length, 73);
});

test("an azimuth of 45 degrees points the major axis to the north-east", () => {
  const [e, n] = enOf(place, asPlace(ellipseRing({ ...place, ellipse95: { ...place.ellipse95, azimuthDeg: 45 } })[0]!));
  near(e, 21.21, 0.01);
  near(n, 21.21, 0.01);
});

test("a sound that left at 12 s and arrived a second later at 343 m/s came from 343 m", () => {
  near(rangeM("2026-11-22T18:04:13.000000000Z", "2026-11-22T18:04:12Z", 343), 343, 1e-9);
});

test("offset and back: 100 m east and 50 m south", () => {
  const [e, n] = enOf(place, asPlace(offset(place.lat, place.lon, 100, -50)));
  near(e, 100, 0.001);
  near(n, -50, 0.001);
});

test("nothing has no box", () => {
  assert.is(boxOf([]), undefined);
  assert.equal(
    boxOf([
      [1, 2],
      [-1, 5],
    ]),
    [-1, 2, 1, 5],
  );
});

function asPlace([lon, lat]: readonly [number, number]) {
  return { lat, lon };
}

test.run();
