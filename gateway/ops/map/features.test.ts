import { test } from "uvu";
import * as assert from "uvu/assert";
import { conditionOf } from "#contract/node-condition.ts";
import { detailOf, incidentOf, nodeStates, siteOf } from "../fixtures/city.ts";
import { enOf } from "../geometry.ts";
import { incidentFeatures, nodeFeatures, placesOf, ringFeatures, selectedFeatures } from "./features.ts";
import { countConditions, countThere, placedNodes } from "./placed-nodes.ts";

const firedAt = "2026-11-22T18:04:12Z";
const site = siteOf();
const states = new Map(nodeStates(site, firedAt).map((state) => [state.node, state]));

test("of twelve nodes ten hear, one is lost and one has a clock that is not trusted; each state has its own icon", () => {
  const nodes = placedNodes(site, states);
  assert.equal(countConditions(nodes), { ok: 10, clock: 1, fault: 0, lost: 1, unknown: 0 });
  assert.is(
    nodeFeatures(nodes).features.find(({ properties }) => properties.id === "n09")?.properties.icon,
    "node-lost",
  );
  assert.is(conditionOf(undefined), "unknown");
  assert.is(conditionOf({ ...states.get("n01")!, status: "fault" }), "fault");
  const clock = { source: "ntp", synchronised: true, sigmaS: 2.5 } as const;
  assert.is(conditionOf({ ...states.get("n01")!, clock }), "clock", "stepped by 2.5 s and not measured since");
  const selfTest = { at: firedAt, passed: false, detail: "no sound for 5 s" };
  assert.is(conditionOf({ ...states.get("n01")!, selfTest }), "fault", "who hears nothing is not shown as hearing");
});

test("an incident never is a bare mark: each mark comes with its bound", () => {
  const { features } = incidentFeatures([
    incidentOf({ id: "a", firedAt }),
    incidentOf({ id: "b", firedAt, twoPlaces: true }),
  ]);
  const count = (shape: string) => features.filter(({ properties }) => properties.shape === shape).length;
  assert.is(count("mark"), 3);
  assert.is(count("bound"), 3);
});

test("what nobody has reviewed says on the map what it is and its bound; what was reviewed is but a mark", () => {
  const labels = (incident: Parameters<typeof incidentFeatures>[0][number]) =>
    incidentFeatures([incident]).features.flatMap(({ properties }) => properties.label ?? []);
  assert.equal(labels(incidentOf({ id: "a", firedAt, rounds: 3, semiMajorM: 2.2 })), ["3 rounds\nwithin 3 m"]);
  assert.equal(labels(incidentOf({ id: "b", firedAt, rounds: 1, semiMajorM: 11, twoPlaces: true })), [
    "A · 1 round\nwithin 11 m",
    "B · 1 round\nwithin 14 m",
  ]);
  assert.equal(labels(incidentOf({ id: "c", firedAt, status: "confirmed" })), []);
});

test("what waits for somebody lies on top of what was reviewed, the newer on the older", () => {
  const later = "2026-11-22T18:05:12Z";
  const { features } = incidentFeatures([
    incidentOf({ id: "waits", firedAt }),
    incidentOf({ id: "waits too", firedAt: later }),
    incidentOf({ id: "done", firedAt: later, status: "confirmed" }),
    incidentOf({ id: "long done", firedAt, status: "confirmed" }),
  ]);
  const marks = features.flatMap(({ properties }) => (properties.shape === "mark" ? [properties] : []));
  assert.equal(
    marks.sort((a, b) => Number(a.order) - Number(b.order)).map(({ incident }) => incident),
    ["long done", "done", "waits", "waits too"],
  );
});

test("of twelve nodes eleven are there; of one that is lost and one that never spoke none is", () => {
  assert.equal(countThere(site.nodes, states), { there: 11, all: 12, faulty: 0 });
  const lost = { ...states.get("n01")!, status: "lost" as const };
  assert.equal(countThere([{ id: "n01" }, { id: "n02" }], new Map([["n01", lost]])), { there: 0, all: 2, faulty: 0 });
});

test("a node that is there and faulty is counted as both; a drone's dock that the site names is no lamppost that hears", () => {
  const n01 = states.get("n01")!;
  const now = new Map(states)
    .set("n01", { ...n01, status: "fault" })
    .set("n02", { ...n01, node: "n02", roles: ["fly"] });
  assert.equal(countThere(site.nodes, now), { there: 11, all: 12, faulty: 1 });
  const nodes = placedNodes(site, now);
  assert.equal(countConditions(nodes), { ok: 8, clock: 1, fault: 1, lost: 1, unknown: 0 });
  assert.not.ok(nodes.some(({ id }) => id === "n02"));
});

test("two places that fit are A with 59 % and B with 41 %", () => {
  const incident = incidentOf({ id: "b", firedAt, rounds: 1, twoPlaces: true });
  assert.equal(
    placesOf(incident).map(({ letter, probability }) => [letter, Math.round(probability * 100)]),
    [
      ["A", 59],
      ["B", 41],
    ],
  );
  const labels = selectedFeatures(incident).features.flatMap(({ properties }) =>
    properties.shape === "mark" ? [properties.label] : [],
  );
  assert.equal(labels, ["A · 59 %\nwithin 3 m", "B · 41 %\nwithin 14 m"]);
});

test("an incident without a place draws nothing", () => {
  const { place: _, ...placeless } = incidentOf({ id: "a", firedAt, rounds: 0 });
  assert.is(selectedFeatures(placeless).features.length, 0);
  assert.is(incidentFeatures([placeless]).features.length, 0);
});

test("the rings of all six arrivals pass through the place", () => {
  const incident = incidentOf({ id: "a", firedAt });
  const shot = detailOf(site, incident).shots[0]!;
  const { features } = ringFeatures(shot);
  assert.is(features.length, 6);
  for (const { geometry } of features) {
    const points = geometry.coordinates as [number, number][];
    const nearest = Math.min(...points.map(([lon, lat]) => Math.hypot(...enOf(shot, { lat, lon }))));
    const spacing = Math.hypot(...enOf(asPlace(points[0]!), asPlace(points[1]!)));
    assert.ok(nearest < spacing / 2 + 2, `${nearest} m`);
  }
});

function asPlace([lon, lat]: [number, number]) {
  return { lat, lon };
}

test.run();
