import { test } from "uvu";
import * as assert from "uvu/assert";
import { CENTRE, incidentOf } from "../fixtures/city.ts";
import { ScriptedDrone } from "../fixtures/drone.ts";
import { ageS, dronesOut, isOld, pictureOf, refusals, withControl, withList, withState } from "./drones.ts";

const incident = incidentOf({ id: "i1", firedAt: "2026-11-22T18:04:12Z" });
const spoken = (phase: "transit" | "docked", id = "d1") =>
  new ScriptedDrone({ id, dock: CENTRE, incident, phase }).speak();
const T = Date.parse("2026-11-22T18:05:00Z");
const said = (atMs: number, tickMs: number) => ({
  ...spoken("transit").state,
  at: new Date(atMs).toISOString(),
  tickMs,
});

test("a drone that was heard 3.5 s ago is old, one heard 2.5 s ago is not", () => {
  const drone = withState(new Map(), said(T, 1), T).get("d1")!;
  assert.is(ageS(drone, T + 2500), 2.5);
  assert.is(isOld(drone, T + 2500), false);
  assert.is(isOld(drone, T + 3500), true);
});

test("what a restarted gateway finds retained counts from when it was said, and again is no sign of life", () => {
  const first = withState(new Map(), said(T - 60_000, 1), T);
  assert.is(ageS(first.get("d1")!, T), 60);
  const again = withState(first, said(T - 60_000, 1), T + 5000);
  assert.is(ageS(again.get("d1")!, T + 5000), 65);
  const alive = withState(again, said(T - 50_000, 2), T + 6000);
  assert.is(ageS(alive.get("d1")!, T + 6000), 0, "a drone whose clock is 56 s late lives all the same");
});

test("the list does not put back what has come live in the meantime", () => {
  const live = withState(new Map(), { ...said(T, 9), phase: "onScene" }, T);
  const merged = withList(
    live,
    [
      { id: "d1", ageS: 1, state: said(T - 1000, 8) },
      { id: "d2", ageS: null },
    ],
    T,
  );
  assert.is(merged.get("d1")!.state!.phase, "onScene");
  assert.is(ageS(merged.get("d2")!, T), Number.POSITIVE_INFINITY);
});

test("an order echoes the epoch on screen and the newest tick of both messages", () => {
  const { state, control } = spoken("transit");
  const drones = withControl(withState(new Map(), { ...state, tickMs: 900 }, T), { ...control, tickMs: 700 }, T);
  assert.equal(pictureOf(drones.get("d1")!), { epoch: 7, seenTickMs: 900 });
  assert.is(pictureOf(withState(new Map(), state, T).get("d1")!), undefined);
});

test("the drone in the air comes before the one that waits; one at home is not out, and is named where it refused", () => {
  let drones = withState(new Map(), { ...spoken("docked", "d0").state, phase: "asked" }, T);
  drones = withState(drones, spoken("transit", "d1").state, T);
  drones = withState(drones, { ...spoken("docked", "d2").state, hops: [{ hop: "refused", at: incident.at }] }, T);
  assert.equal(
    dronesOut(drones, "i1").map(({ id }) => id),
    ["d1", "d0"],
  );
  assert.equal(
    refusals(drones, "i1").map(({ id }) => id),
    ["d2"],
  );
});

test.run();
