import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeCity } from "./city.ts";
import { Plane } from "./place.ts";

const between = (a: { eastM: number; northM: number }, b: { eastM: number; northM: number }) =>
  Math.hypot(a.eastM - b.eastM, a.northM - b.northM);

test("a metre is a metre: 1000 m north and east are as many degrees as the ellipsoid's radii say", () => {
  const plane = new Plane({ lat: 40.6631, lon: -73.9089, altM: 0 });
  const sin2 = Math.sin((40.6631 * Math.PI) / 180) ** 2;
  const e2 = 0.00669437999014;
  const meridianM = (6_378_137 * (1 - e2)) / (1 - e2 * sin2) ** 1.5;
  const parallelM = (6_378_137 / Math.sqrt(1 - e2 * sin2)) * Math.cos((40.6631 * Math.PI) / 180);
  const north = plane.geodetic({ eastM: 0, northM: 1000, upM: 0 });
  const east = plane.geodetic({ eastM: 1000, northM: 0, upM: 0 });
  assert.ok(Math.abs((north.lat - 40.6631) * (Math.PI / 180) * meridianM - 1000) < 0.01);
  assert.ok(Math.abs((east.lon + 73.9089) * (Math.PI / 180) * parallelM - 1000) < 0.01);
});

test("there and back again is the same place to 0.1 mm", () => {
  const plane = new Plane({ lat: 40.6631, lon: -73.9089, altM: 0 });
  for (const place of [
    { eastM: 431.2, northM: -388.1, upM: 5.5 },
    { eastM: -1500, northM: 900, upM: 80 },
  ]) {
    const back = plane.enu(plane.geodetic(place));
    assert.ok(between(place, back) < 1e-4 && Math.abs(place.upM - back.upM) < 1e-4);
  }
});

test("twenty cities of ten lampposts: ids n01 to n10, neighbours 150 to 350 m apart, 5 to 6 m up, none in a wall", () => {
  for (let seed = 0; seed < 20; seed++) {
    const city = makeCity(seed);
    assert.equal(
      city.site.nodes.map((node) => node.id),
      ["n01", "n02", "n03", "n04", "n05", "n06", "n07", "n08", "n09", "n10"],
    );
    for (const { at } of city.lampposts) {
      const nearestM = Math.min(
        ...city.lampposts.filter((other) => other.at !== at).map((other) => between(other.at, at)),
      );
      assert.ok(nearestM > 150 && nearestM < 350, `seed ${seed}: ${nearestM}`);
      assert.ok(at.upM >= 5 && at.upM <= 6);
      assert.not.ok(city.buildings.covers(at.eastM, at.northM, 0.4));
    }
  }
});

test("the site says where the survey puts the nodes: within a metre of the truth at 0.25 m sigma, not on it", () => {
  const city = makeCity(4, { nodes: 12 });
  city.site.nodes.forEach((node, i) => {
    const { at } = city.lampposts[i]!;
    const off = between(city.plane.enu(node), at);
    assert.ok(off < 1.2 && off > 1e-4, `${off}`);
    assert.is(node.posSigmaM, 0.25);
    assert.ok(Math.abs(node.altM - at.upM) < 1.2);
  });
});

test("streets are named lines within a kilometre or so, houses closed polygons that do not stand in the carriageway", () => {
  const city = makeCity(5);
  assert.ok(city.streetsGeoJson.features.length > 12);
  assert.is(new Set(city.streets.map((street) => street.name)).size, city.streets.length);
  for (const { geometry, properties } of city.streetsGeoJson.features) {
    assert.match(String(properties.name), /^[A-Z][a-z]+ (Street|Avenue)$/);
    assert.is(geometry.type, "LineString");
    assert.is(geometry.coordinates.length, 21);
  }
  assert.ok(city.buildingsGeoJson.features.length > 300);
  for (const { geometry } of city.buildingsGeoJson.features) {
    const ring = geometry.coordinates[0] as number[][];
    assert.equal(ring[0], ring[ring.length - 1]);
  }
  const inTheWay = city.streets.flatMap(({ line }) => line).filter(([x, y]) => city.buildings.covers(x, y, 3));
  assert.is(inTheWay.length, 0);
});

test("streets bend: no street of a city is straight to a metre", () => {
  for (const { line } of makeCity(6).streets) {
    const [a, b] = [line[0]!, line[line.length - 1]!];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const off = Math.max(
      ...line.map((p) => Math.abs((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / length),
    );
    assert.ok(off > 1, `${off}`);
  }
});

test("forty lampposts make a larger city, not a denser one", () => {
  const city = makeCity(7, { nodes: 40 });
  const nearest = city.lampposts.map(({ at }) =>
    Math.min(...city.lampposts.filter((o) => o.at !== at).map((o) => between(o.at, at))),
  );
  assert.ok(Math.min(...nearest) > 100, `${Math.min(...nearest)}`);
  assert.is(city.site.nodes[39]!.id, "n40");
});

test("the same seed builds the same city", () => {
  const print = (seed: number) =>
    JSON.stringify([makeCity(seed).site, makeCity(seed).streetsGeoJson, makeCity(seed).buildingsGeoJson]);
  assert.is(print(8), print(8));
  assert.is.not(print(8), print(9));
});

test.run();
