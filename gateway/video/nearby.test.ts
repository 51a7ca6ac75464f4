/** Which cameras an incident asks for by itself. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import type { FlightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import type { CameraState } from "#contract/video.ts";
import type { GatewayConfig } from "../config.ts";
import { camerasNear, camerasOfFlight, followFlights, stoppedByHand } from "./nearby.ts";

const test = suite("cameras nearby");
const camera = (stream: string): CameraState => ({ camera: "front", stream, phase: "idle" });
/** A ten-thousandth of a degree of latitude is 11.1 m. */
const node = (id: string, northM: number) =>
  ({ id, position: { lat: 40 + northM / 111_132, lon: -80, altM: 250 } }) as GatewayConfig["nodes"][number];
const nodes = [
  node("a", 140),
  node("b", 20),
  node("c", 160),
  node("d", -60),
  { id: "e" } as GatewayConfig["nodes"][number],
];
const cameras = ["a", "b", "c", "d", "e"].map((id) => camera(`${id}.front`));
const incident = { status: "unreviewed", place: { lat: 40, lon: -80 } } as unknown as IncidentState;

test("within 150 m, nearest first, at most as many as configured; a node without a position has none", () => {
  const find = (maxCameras: number) => camerasNear(incident, cameras, nodes, { radiusM: 150, maxCameras });
  assert.deepEqual(find(6), ["b.front", "d.front", "a.front"]);
  assert.deepEqual(find(2), ["b.front", "d.front"]);
});

test("a drone in its dock is not a camera nearby, however near its dock is", () => {
  const docked = nodes.map((each) =>
    each.id === "b" ? { ...each, parties: ["node" as const, "drone" as const] } : each,
  );
  assert.deepEqual(camerasNear(incident, cameras, docked, { radiusM: 150, maxCameras: 6 }), ["d.front", "a.front"]);
});

test("none for a dismissed incident, and none where no place is known", () => {
  const limits = { radiusM: 150, maxCameras: 6 };
  assert.deepEqual(camerasNear({ ...incident, status: "dismissed" }, cameras, nodes, limits), []);
  const { place: _, ...nowhere } = incident;
  assert.deepEqual(camerasNear(nowhere as IncidentState, cameras, nodes, limits), []);
});

test("a drone's own camera while it flies for an incident, and not in its dock", () => {
  const state = (phase: string, over = {}) => ({ node: "d", phase, incident: "i1", ...over }) as unknown as FlightState;
  assert.deepEqual(camerasOfFlight(state("onScene"), cameras), ["d.front"]);
  assert.deepEqual(camerasOfFlight(state("docked"), cameras), []);
  assert.deepEqual(camerasOfFlight(state("onScene", { incident: undefined }), cameras), []);
});

/** What was done, in order; `holds`: whether the want still does. */
function follow(holds: () => boolean) {
  const done: string[] = [];
  const asked = new Set<string>();
  const heard = followFlights({
    cameras: () => cameras,
    first: (stream) => !asked.has(stream) && Boolean(asked.add(stream)),
    ask: (stream, of) => done.push(`${stream} asked for ${of}`),
    again: (stream, of) => done.push(`${stream} asked for ${of} again`),
    wants: {
      prolong: (stream, key, forS) => holds() && done.push(`${stream} ${key} ${forS} s more`) > 0,
    },
    forS: 600,
  });
  return { done, fly: (phase: string) => heard({ node: "d", phase, incident: "i1" } as unknown as FlightState) };
}

test("of a flight the picture is asked for once and wanted longer with each word from the air; the dock prolongs nothing", () => {
  const { done, fly } = follow(() => true);
  for (const phase of ["arming", "climbing", "transit", "onScene", "docked"]) fly(phase);
  assert.deepEqual(done, ["d.front asked for i1", ...Array(2).fill("d.front incident:i1 600 s more")]);
});

test("a want that ran out while nothing was heard of the flight is asked for anew by the next word from the air, not from the dock", () => {
  let holds = true;
  const { done, fly } = follow(() => holds);
  fly("climbing");
  holds = false;
  fly("docked");
  fly("onScene");
  assert.deepEqual(done, ["d.front asked for i1", "d.front asked for i1 again"]);
});

test("a recording that a person ended last is not begun by the gateway; one that the gateway ended is", () => {
  const entry = (by: string, act: string, stream = "d.front") =>
    ({ kind: "video", by, data: { stream, act } }) as TimelineEntry;
  const viewed = { kind: "viewed", by: "ann", data: { stream: "d.front" } } as TimelineEntry;
  const begun = [entry("gateway", "start"), viewed];
  assert.equal(stoppedByHand(begun, "d.front"), false);
  assert.equal(stoppedByHand([...begun, entry("gateway", "stop"), viewed], "d.front"), false);
  assert.equal(stoppedByHand([...begun, entry("ann", "stop"), viewed], "d.front"), true);
  assert.equal(stoppedByHand([...begun, entry("ann", "stop"), entry("ann", "start")], "d.front"), false);
  assert.equal(stoppedByHand([...begun, entry("ann", "stop", "n01.front")], "d.front"), false);
  assert.equal(stoppedByHand([], "d.front"), false);
});

test.run();
