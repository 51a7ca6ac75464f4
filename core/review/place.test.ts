import assert from "node:assert/strict";
import { test } from "uvu";
import { placeOfRounds } from "./place.ts";

const round = (northM: number, eastM: number, ellipse95 = { semiMajorM: 3, semiMinorM: 3, azimuthDeg: 0 }) => ({
  // One degree of latitude at 40 N is 111 034.6 m, of longitude 85 394.3 m (WGS84).
  lat: 40 + northM / 111_034.6,
  lon: -80 + eastM / 85_394.3,
  ellipse95,
  probability: 0.9,
});

test("no rounds have no place; one round has its own", () => {
  assert.equal(placeOfRounds([]), undefined);
  const one = round(0, 0);
  assert.deepEqual(placeOfRounds([one]), { lat: one.lat, lon: one.lon, ellipse95: one.ellipse95 });
});

test("ten rounds at one place are no better placed than one: their errors are common", () => {
  const place = placeOfRounds(Array.from({ length: 10 }, () => round(0, 0)));
  assert.ok(Math.abs((place?.ellipse95.semiMajorM ?? 0) - 3) < 1e-9);
});

test("two exact rounds 20 m apart to the east give the middle, 24.5 m wide on the 90 degree axis", () => {
  const exact = { semiMajorM: 0, semiMinorM: 0, azimuthDeg: 0 };
  const place = placeOfRounds([round(0, 0, exact), round(0, 20, exact)]);
  assert.ok(place);
  // Spread of +-10 m about the middle: sigma 10 m, times sqrt(5.991).
  assert.ok(Math.abs(place.ellipse95.semiMajorM - 24.477) < 0.01, String(place.ellipse95.semiMajorM));
  assert.ok(place.ellipse95.semiMinorM < 0.01);
  assert.ok(Math.abs(place.ellipse95.azimuthDeg - 90) < 0.01);
  assert.ok(Math.abs((place.lon + 80) * 85_394.3 - 10) < 0.01);
});

test("azimuth, major and minor axis of a long ellipse come back as they went in", () => {
  const long = { semiMajorM: 50, semiMinorM: 5, azimuthDeg: 120 };
  const place = placeOfRounds([round(0, 0, long), round(0, 0, long)]);
  assert.ok(place);
  assert.ok(Math.abs(place.ellipse95.azimuthDeg - 120) < 1e-6);
  assert.ok(Math.abs(place.ellipse95.semiMajorM - 50) < 1e-6 && Math.abs(place.ellipse95.semiMinorM - 5) < 1e-6);
});

test("a wild round of 300 m moves a good incident by less than a metre", () => {
  const wild = round(200, 0, { semiMajorM: 300, semiMinorM: 300, azimuthDeg: 0 });
  const place = placeOfRounds([round(0, 0), round(0, 0), wild]);
  assert.ok(place && Math.abs(place.lat - 40) * 111_034.6 < 1);
});

test.run();
