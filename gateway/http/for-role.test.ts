import assert from "node:assert/strict";
import { test } from "uvu";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { incidentFor, timelineFor } from "./for-role.ts";

const entry = (kind: TimelineEntry["kind"], by = "ann", data: unknown = { secret: kind }): TimelineEntry => ({
  seq: 1,
  at: "2026-11-22T18:04:12Z",
  kind,
  by,
  text: `secret ${kind}`,
  data,
  previousHash: "a",
  hash: "b",
});
const reported = entry("opened", "bob", { kind: "reported", report: { of: "face", facts: { person: "p7" } } });
const kindsRead = (entries: TimelineEntry[]) => entries.filter(({ withheld }) => !withheld).map(({ kind }) => kind);

test("a technician reads of callers, matches and pictures only that an entry stands there", () => {
  const record = [
    entry("shot"),
    entry("placed", "caller-c1"),
    entry("caller"),
    entry("face"),
    entry("video"),
    reported,
  ];
  const shown = timelineFor(["technician"], "gunfire", record);
  assert.deepEqual(kindsRead(shown), ["shot"]);
  assert.equal(JSON.stringify(shown.slice(1)).includes("secret"), false);
  assert.equal(JSON.stringify(shown).includes("p7"), false);
  assert.deepEqual(
    shown.map(({ kind, seq, at, hash }) => [kind, seq, at, hash]),
    record.map(({ kind, seq, at, hash }) => [kind, seq, at, hash]),
  );
});

test("in an incident about one person a technician reads no words that somebody typed of them", () => {
  const record = [entry("opened"), entry("placed"), entry("note"), entry("verdict"), entry("backup"), entry("viewed")];
  for (const about of ["caller", "face"] as const)
    assert.deepEqual(kindsRead(timelineFor(["technician"], about, record)), ["viewed"]);
  assert.equal(kindsRead(timelineFor(["technician"], "gunfire", record)).length, record.length);
});

test("a pilot reads callers and video, and no match; dispatch, reviewers and admins read all", () => {
  const record = [entry("caller"), entry("video"), entry("placed", "caller-c1"), entry("face"), reported];
  assert.deepEqual(kindsRead(timelineFor(["pilot"], "face", record)), ["caller", "video", "placed"]);
  for (const role of ["dispatch", "reviewer", "admin"] as const)
    assert.deepEqual(timelineFor([role], "face", record), record);
  assert.equal(kindsRead(timelineFor(["technician", "dispatch"], "face", record)).length, record.length);
});

test("where a caller is, is not in the incident that a technician gets; a shot's place is", () => {
  const caller = {
    kind: "caller",
    place: { lat: 40.44 },
    verdict: { by: "ann", reason: "safe with her sister" },
  } as never;
  assert.equal(/40\.44|sister/.test(JSON.stringify(incidentFor(["technician"], caller))), false);
  assert.equal(incidentFor(["pilot"], caller), caller);
  const shot = { kind: "gunfire", place: { lat: 40.44 } } as never;
  assert.equal(incidentFor(["technician"], shot), shot);
});

test.run();
