import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncidentState } from "#contract/incident.ts";
import type { Health, LiveEvent } from "#contract/ops-api.ts";
import { incidentOf, nodeStates, siteOf } from "../fixtures/city.ts";
import {
  callingOf,
  callsForSomebody,
  emptyPicture,
  fold,
  isOpen,
  type Picture,
  queueOf,
  sortKey,
  withIncident,
  withPage,
} from "./picture.ts";

const at = "2026-11-22T18:05:00Z";
const health: Health = { bus: "ok", flows: "ok", clocks: { synchronised: 12, total: 12 }, detail: {} };
const shot = (id: string, firedAt: string, more: Partial<IncidentState> = {}): IncidentState => ({
  ...incidentOf({ id, firedAt }),
  ...more,
});
const first = shot("a", "2026-11-22T18:04:12Z");
const second = shot("b", "2026-11-22T18:04:12.5Z");
const third = shot("c", "2026-11-22T18:04:40.123456789Z");

function snapshot(incidents: IncidentState[], seq = 1): LiveEvent {
  return { type: "snapshot", seq, at, incidents, total: 40, nodes: nodeStates(siteOf(), at), health };
}
const from = (event: LiveEvent, picture: Picture = emptyPicture) => fold(picture, event);

test("a snapshot replaces everything, newest firing first, whatever its order and decimals", () => {
  const { picture, gap } = from(snapshot([first, third, second]));
  assert.is(gap, false);
  assert.equal(picture.order, ["c", "b", "a"]);
  assert.is(picture.total, 40);
  assert.is(picture.nodes.size, 12);
  assert.is(picture.asOf, at);
  assert.ok(sortKey("2026-11-22T18:04:12Z") < sortKey("2026-11-22T18:04:12.5Z"));
});

test("a new incident takes its place in time and counts; the old picture is untouched", () => {
  const before = from(snapshot([first, third])).picture;
  const { picture } = from({ type: "incident", seq: 2, at, incident: second }, before);
  assert.equal(picture.order, ["c", "b", "a"]);
  assert.is(picture.total, 41);
  assert.equal(before.order, ["c", "a"]);
});

test("an older version that comes late changes nothing", () => {
  const before = withIncident(from(snapshot([first])).picture, { ...first, version: 3, status: "confirmed" });
  const after = withIncident(before, { ...first, version: 2 });
  assert.is(after, before);
  assert.is(after.incidents.get("a")?.status, "confirmed");
});

test("a firing time that a later version moves moves the incident in the queue", () => {
  const before = from(snapshot([first, second])).picture;
  const after = withIncident(before, { ...first, version: 2, firedAt: "2026-11-22T18:04:13Z" });
  assert.equal(after.order, ["a", "b"]);
  assert.is(after.total, 40);
});

test("sequence 5 after sequence 2 is a gap; 3 is not", () => {
  const two = from({ type: "health", seq: 2, at, health }, from(snapshot([first])).picture).picture;
  assert.is(from({ type: "health", seq: 5, at, health }, two).gap, true);
  assert.is(from({ type: "health", seq: 3, at, health }, two).gap, false);
});

test("an older page is added behind what is there and never takes a newer version back", () => {
  const before = withIncident(from(snapshot([third])).picture, { ...third, version: 4 });
  const after = withPage(before, [first, third], 2);
  assert.equal(after.order, ["c", "a"]);
  assert.is(after.incidents.get("c")?.version, 4);
  assert.is(after.total, 2);
});

test("open are the unreviewed and the escalated; only the unreviewed that nobody took call for somebody", () => {
  const taken = shot("t", at, { takenBy: { by: "jd", at } });
  const escalated = shot("e", at, { status: "escalated" });
  const dismissed = shot("d", at, { status: "dismissed" });
  assert.equal([first, taken, escalated, dismissed].map(isOpen), [true, true, true, false]);
  assert.equal([first, taken, escalated, dismissed].map(callsForSomebody), [true, false, false, false]);
  const picture = from(snapshot([first, taken, escalated, dismissed])).picture;
  assert.equal([...queueOf(picture, "open")].sort(), ["a", "e", "t"]);
  assert.is(queueOf(picture, "all").length, 4);
});

test("what calls is told newest first, but nothing remote before what is not; what nobody measured is not remote", () => {
  const rocket = shot("rocket", at, { probability: 0.004 });
  const fallen = shot("fallen", at, { kind: "event", probability: 0.01, probabilityKnown: false });
  const taken = shot("taken", at, { takenBy: { by: "jd", at } });
  const burst = shot("burst", at, { probability: 0.95 });
  const order = (each: readonly IncidentState[]) => callingOf(each).map(({ incident }) => incident);
  assert.equal(order([rocket, fallen, taken, burst]), ["fallen", "burst", "rocket"]);
  assert.equal(order([rocket]), ["rocket"]);
});

test("a node's word replaces what that node said before and leaves the others", () => {
  const before = from(snapshot([])).picture;
  const lost = { ...before.nodes.get("n03")!, status: "lost" as const };
  const { picture } = from({ type: "node", seq: 2, at, node: lost }, before);
  assert.is(picture.nodes.get("n03")?.status, "lost");
  assert.is(picture.nodes.get("n02")?.status, "online");
});

test.run();
