import assert from "node:assert/strict";
import { test } from "uvu";
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { backupFor, flightFor, incidentFor, timelineFor } from "./for-role.ts";

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

const everyKind = (["opened", "placed", "shot", "notice", "acknowledged", "taken", "verdict", "note", "clip"] as const)
  .concat(["viewed", "flight", "video", "backup", "face", "caller"] as never)
  .map((kind) => entry(kind));
const roles = ["technician", "pilot", "dispatch", "reviewer", "admin"] as const;

test("what each role reads of a record: technicians no words that somebody typed, pilots none of a match", () => {
  const machines = ["placed", "shot", "notice", "taken", "clip", "viewed"];
  const all = everyKind.map(({ kind }) => kind);
  const ofMatch = ["placed", "shot", "taken", "clip", "viewed", "video", "caller"];
  const withoutFace = all.filter((kind) => kind !== "face");
  const read: Record<(typeof roles)[number], Partial<Record<IncidentState["kind"], string[]>>> = {
    technician: {
      gunfire: ["opened", ...machines],
      event: ["opened", ...machines],
      backup: machines,
      caller: ["shot", "taken", "clip", "viewed"],
      face: ["shot", "taken", "clip", "viewed"],
    },
    pilot: { gunfire: withoutFace, event: withoutFace, backup: withoutFace, caller: withoutFace, face: ofMatch },
    dispatch: { gunfire: all, face: all, caller: all },
    reviewer: { gunfire: all, face: all, caller: all },
    admin: { gunfire: all, face: all, caller: all },
  };
  for (const role of roles)
    for (const [about, kinds] of Object.entries(read[role])) {
      const shown = timelineFor([role], about as IncidentState["kind"], everyKind);
      assert.deepEqual(kindsRead(shown), kinds, `${role} of ${about}`);
      assert.equal(JSON.stringify(shown).split("secret ").length - 1, kinds.length, "no text of the others");
    }
});

test("a person with two roles reads what either may", () => {
  assert.equal(kindsRead(timelineFor(["technician", "dispatch"], "face", everyKind)).length, everyKind.length);
});

test("the words of a verdict reach dispatch, reviewers and admins; pilots but those on a match; technicians none", () => {
  const words = (role: (typeof roles)[number], kind: string) => {
    const state = { kind, place: { lat: 40.44 }, verdict: { by: "ann", reason: "her red coat" } } as never;
    return /red coat/.test(JSON.stringify(incidentFor([role], state)));
  };
  assert.deepEqual(
    roles.map((role) => ["gunfire", "caller", "face"].map((kind) => words(role, kind))),
    [
      [false, false, false],
      [true, true, false],
      [true, true, true],
      [true, true, true],
      [true, true, true],
    ],
  );
});

test("where a caller is, is not in the incident that a technician gets; a shot's place is", () => {
  const caller = {
    kind: "caller",
    place: { lat: 40.44 },
    verdict: { by: "ann", reason: "safe with her sister" },
  } as never;
  assert.equal(/40\.44|sister/.test(JSON.stringify(incidentFor(["technician"], caller))), false);
  assert.equal(incidentFor(["pilot"], caller), caller);
  const match = { kind: "face", place: { lat: 40.44 } } as never;
  assert.equal(/40\.44/.test(JSON.stringify(incidentFor(["technician"], match))), false);
  assert.equal(/40\.44/.test(JSON.stringify(incidentFor(["pilot"], match))), true);
  const shot = { kind: "gunfire", place: { lat: 40.44 } } as never;
  assert.deepEqual(incidentFor(["technician"], shot), shot);
});

const flight = (phase: string) =>
  ({
    phase,
    incident: "i1",
    authorisation: { how: "person", by: "ann", at: "2026-11-22T18:04:12Z", why: "her red coat" },
    vehicle: { connected: true, position: { lat: 40.44, lon: -79.99 }, batteryRemaining: 0.7 },
    dock: { position: { lat: 40.4, lon: -79.9 }, door: "open" },
    plan: { path: [{ lat: 40.44, lon: -79.99, heightM: 50 }], place: { lat: 40.44, lon: -79.99 }, laneHeightM: 50 },
    camera: { pointing: "place", at: { lat: 40.44, lon: -79.99, heightM: 0 } },
  }) as never;

test("of a flight to a caller or a match a technician gets phase, battery and dock, and where it is only once it stands", () => {
  for (const about of ["caller", "face", undefined] as const) {
    const shown = flightFor(["technician"], flight("onScene"), about);
    assert.equal(/40\.44|red coat/.test(JSON.stringify(shown)), false, about);
    assert.deepEqual(
      [shown.phase, shown.vehicle.batteryRemaining, shown.dock.door, shown.plan?.laneHeightM, shown.camera?.pointing],
      ["onScene", 0.7, "open", 50, "place"],
    );
    assert.equal(flightFor(["technician"], flight("landedAway"), about).vehicle.position?.lat, 40.44);
  }
  const toShot = flightFor(["technician"], flight("onScene"), "gunfire");
  assert.deepEqual([toShot.plan?.place?.lat, toShot.authorisation?.why], [40.44, "not for your role"]);
});

test("why somebody sent a drone to a match is not for its pilot, its place is; a caller's are both", () => {
  const shown = flightFor(["pilot"], flight("onScene"), "face");
  assert.deepEqual([shown.plan?.place?.lat, shown.authorisation?.why], [40.44, "not for your role"]);
  const [toCaller, toMatch] = [flight("onScene"), flight("onScene")];
  assert.equal(flightFor(["pilot"], toCaller, "caller"), toCaller);
  assert.equal(flightFor(["dispatch"], toMatch, "face"), toMatch);
});

test("a call for backup at a match has no typed words for a pilot, neither of who called, nor of who answered, nor of who sent a robot", () => {
  const asked = [
    { unit: "car-1", robot: false, chosen: "144 s away", text: "her red coat" },
    { unit: "r1", robot: true, chosen: "ann sends it: her red coat" },
  ];
  const calledBy = { how: "person", by: "ann", why: "her red coat" };
  const call = { why: "her red coat", calledBy, asked, text: "her red coat", place: { lat: 40.44 } } as never;
  const shown = backupFor(["pilot"], call, "face");
  assert.equal(/red coat/.test(JSON.stringify(shown)), false);
  assert.deepEqual([shown.place.lat, shown.asked[0]?.chosen], [40.44, "144 s away"]);
  assert.equal(backupFor(["pilot"], call, "caller"), call);
  for (const role of ["dispatch", "reviewer", "admin"] as const) assert.equal(backupFor([role], call, "face"), call);
});

test.run();
