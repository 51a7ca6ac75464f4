import { test } from "uvu";
import * as assert from "uvu/assert";
import { CENTRE, incidentOf } from "../fixtures/city.ts";
import { ScriptedDrone } from "../fixtures/drone.ts";
import { enOf, offset } from "../geometry.ts";
import { type Drone, withControl, withState } from "../state/drones.ts";
import { boxOfDrone, courseOf, droneFeatures } from "./drone-features.ts";

const [lon, lat] = offset(CENTRE.lat, CENTRE.lon, -330, 250);
const dock = { lat, lon };
const incident = incidentOf({ id: "01K0SHOT8F2A", firedAt: "2026-11-22T18:04:12Z" });

function droneAt(phase: ConstructorParameters<typeof ScriptedDrone>[0]["phase"], progress: number): Drone {
  const { state, control } = new ScriptedDrone({
    id: "d1",
    dock,
    incident,
    ...(phase && { phase }),
    progress,
  }).speak();
  const atMs = Date.parse(state.at);
  return withControl(withState(new Map(), state, atMs), control, atMs).get("d1")!;
}
const shapes = (drone: Drone, afterMs = 0) =>
  droneFeatures([drone], drone.stateHeardMs + afterMs).features.map(({ properties }) => properties);

test("a tenth of the way out three legs are left: to the corner, to the scene, and the orbit of 12 points closed", () => {
  const { way, pattern } = courseOf(droneAt("transit", 0.1).state!);
  assert.is(way.length, 3);
  assert.is(pattern.length, 13);
  for (const [plon, plat] of pattern) {
    assert.ok(Math.abs(Math.hypot(...enOf(incident.place!, { lat: plat, lon: plon })) - 32) < 0.1);
  }
});

test("past the corner one leg is left; over the scene none but the orbit; on the way home straight to the dock", () => {
  assert.is(courseOf(droneAt("transit", 0.8).state!).way.length, 2);
  assert.equal(courseOf(droneAt("onScene", 1.2).state!).way, []);
  const home = courseOf(droneAt("returning", 0.5).state!);
  assert.equal(home.way.at(-1), [lon, lat]);
  assert.equal(home.pattern, []);
});

test("nobody knows the way of a pilot: none is drawn", () => {
  assert.equal(courseOf(droneAt("piloted", 0.5).state!), { way: [], pattern: [] });
});

test("a drone has name, height and ETA, its bound, its way with the lane's height, and its dock with the door", () => {
  const drone = droneAt("transit", 0.5);
  const all = shapes(drone);
  assert.equal(
    all.map(({ shape }) => shape),
    ["dock", "way", "way", "lane", "bound", "drone"],
  );
  assert.is(all[0]!.label, "dock d1\ndoor open");
  assert.is(all[3]!.label, "lane 40 m");
  assert.is(all[5]!.icon, "drone-live");
  assert.match(String(all[5]!.label), /^d1 · 38 m up\nETA \d+ s$/);
});

test("not heard for 12 s it is hollow, says so and gives no ETA", () => {
  const drone = droneAt("transit", 0.5);
  const last = shapes(drone, 12_000).at(-1)!;
  assert.is(last.icon, "drone-old");
  assert.is(last.label, "d1 · 38 m up\nlast heard 12 s ago");
});

test("before take-off the dock says what it waits for, and the way is drawn already", () => {
  const all = shapes(droneAt("asked", 0));
  assert.equal(
    all.map(({ shape }) => shape),
    ["dock", "way", "way", "lane"],
  );
  assert.is(all[0]!.label, "d1\nwaits for authorisation");
});

test("in its dock it is its dock only", () => {
  const all = shapes(droneAt("docked", 0));
  assert.equal(
    all.map(({ shape, label }) => [shape, label]),
    [["dock", "d1"]],
  );
});

test("the box of a drone on its way holds the drone and the far side of the orbit", () => {
  const drone = droneAt("transit", 0.2);
  const [west, south, east, north] = boxOfDrone(drone)!;
  const { position } = drone.state!.vehicle;
  assert.ok(west <= position!.lon && north >= position!.lat);
  const [e, n] = enOf(incident.place!, { lat: south, lon: east });
  assert.ok(e > 27 && n < -27, `${e} m east, ${n} m north`);
});

test.run();
