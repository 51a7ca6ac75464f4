import assert from "node:assert/strict";
import { test } from "uvu";
import { type Known, step } from "./lifecycle.ts";
import type { Report } from "./report.ts";

const at = "2026-11-22T18:04:13.000000000Z";
const place = { lat: 40, lon: -80, ellipse95: { semiMajorM: 8, semiMinorM: 5, azimuthDeg: 20 } };
const report: Report = {
  incident: "e1",
  of: "event",
  firedAt: at,
  probability: 1,
  probabilityKnown: false,
  text: "somebody lies still",
};

const reported = (known: Known | undefined, over: Partial<Report> = {}) =>
  step(known, { kind: "reported", report: { ...report, ...over } }, at);
const opened = () => {
  const outcome = reported(undefined);
  assert.ok(outcome.kind === "applied");
  return outcome.known;
};

test("the first report opens an unreviewed incident of its kind at version 1, without rounds", () => {
  const { kind, version, status, rounds, alertedAt } = opened();
  assert.deepEqual([kind, version, status, rounds.length, alertedAt], ["event", 1, "unreviewed", 0, at]);
});

test("a later place makes version 2, the same place again does not make version 3", () => {
  const placed = reported(opened(), { place });
  assert.ok(placed.kind === "applied" && placed.changed);
  assert.deepEqual([placed.known.version, placed.known.place], [2, place]);
  const again = reported(placed.known, { place: { ...place } });
  assert.ok(again.kind === "applied" && !again.changed);
});

test("a verdict on version 1 conflicts with a place that came as version 2", () => {
  const placed = reported(opened(), { place });
  assert.ok(placed.kind === "applied");
  const verdict = { kind: "verdict" as const, by: "ann", status: "confirmed" as const, reason: "seen", seenVersion: 1 };
  const late = step(placed.known, verdict, at);
  assert.ok(late.kind === "refused" && late.conflict);
});

test("a caller's report is refused on a robot's event", () => {
  const outcome = reported(opened(), { of: "caller" });
  assert.ok(outcome.kind === "refused");
  assert.match(outcome.why, /of kind event, not caller/);
});

test.run();
