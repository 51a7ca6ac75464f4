import { test } from "uvu";
import * as assert from "uvu/assert";
import { offset } from "./geometry.ts";
import { nearestStreets, streetLines, streetWords } from "./nearest-street.ts";

const origin = { lat: 40.66, lon: -73.91 };
const at = (e: number, n: number) => offset(origin.lat, origin.lon, e, n);
const lines = streetLines({
  features: [
    { properties: { name: "Dumont Ave" }, geometry: { type: "LineString", coordinates: [at(-500, 0), at(500, 0)] } },
    { properties: { name: "Powell St" }, geometry: { type: "LineString", coordinates: [at(0, -500), at(0, 500)] } },
    { properties: {}, geometry: { type: "LineString", coordinates: [at(0, 3), at(9, 3)] } },
    { properties: { name: "a point" }, geometry: { type: "Point", coordinates: at(0, 0) } },
  ],
});
const words = (e: number, n: number, short = false) => {
  const [lon, lat] = at(e, n);
  return streetWords(nearestStreets(lines, { lat, lon }), short);
};

test("lines without a name and other shapes are left out", () => {
  assert.is(lines.length, 2);
});

test("10 m from one street and 20 m from another is at their crossing", () => {
  assert.is(words(20, 10), "Dumont Ave at Powell St");
});

test("40 m north of the street, 120 m from the cross street", () => {
  assert.is(words(120, 40), "40 m off Dumont Ave near Powell St");
  assert.is(words(120, 40, true), "Dumont Ave near Powell St");
});

test("beyond 250 m of every street nothing is claimed", () => {
  assert.is(words(400, 400), undefined);
  assert.is(words(2000, 2000), undefined);
});

test.run();
