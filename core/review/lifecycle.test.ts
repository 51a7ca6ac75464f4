import assert from "node:assert/strict";
import { test } from "uvu";
import type { ShotFixed } from "#contract/shot.ts";
import { type Change, type Known, NETWORK, step } from "./lifecycle.ts";

const at = "2026-11-22T18:04:13.000000000Z";

function shot(over: Partial<ShotFixed> = {}): ShotFixed {
  return {
    v: 1,
    id: "s1",
    node: "tri",
    at,
    time: "2026-11-22T18:04:12.1Z",
    lat: 40,
    lon: -80,
    ellipse95: { semiMajorM: 3, semiMinorM: 2, azimuthDeg: 0 },
    probability: 0.9,
    nodesUsed: ["n01", "n02", "n03"],
    rejected: [],
    incident: "i1",
    version: 1,
    rmsResidualS: 0,
    solvedMs: 1,
    arrivals: [],
    airTempC: 10,
    speedOfSoundMps: 337,
    ...over,
  };
}

function after(...changes: Change[]): Known {
  let known: Known | undefined;
  for (const change of changes) {
    const outcome = step(known, change, at);
    assert.equal(outcome.kind, "applied", outcome.kind === "refused" ? outcome.why : "");
    if (outcome.kind === "applied") known = outcome.known;
  }
  return known as Known;
}
const fired = (over?: Partial<ShotFixed>): Change => ({ kind: "shot", shot: shot(over) });
const verdict = (status: "confirmed" | "dismissed" | "escalated" | "unreviewed", seenVersion: number): Change => ({
  kind: "verdict",
  by: "jd",
  status,
  reason: "firework seen",
  seenVersion,
});

test("the first round opens an unreviewed incident at version 1 with the time of firing", () => {
  const known = after(fired());
  assert.deepEqual(
    [known.status, known.version, known.firedAt, known.alertedAt, known.rounds.length],
    ["unreviewed", 1, "2026-11-22T18:04:12.1Z", at, 1],
  );
});

test("rounds stand in order of firing, and the incident is as likely as its likeliest round", () => {
  const known = after(
    fired({ id: "late", time: "2026-11-22T18:04:12.3Z", probability: 0.6 }),
    fired({ id: "early", time: "2026-11-22T18:04:12.25Z", probability: 0.8 }),
  );
  assert.deepEqual(
    known.rounds.map((round) => round.shot),
    ["early", "late"],
  );
  assert.equal(known.probability, 0.8);
  assert.equal(known.firedAt, "2026-11-22T18:04:12.25Z");
});

test("a newer version of a round replaces it; an older one that comes late changes nothing", () => {
  const known = after(fired({ version: 3, lat: 41 }));
  const outcome = step(known, fired({ version: 2, lat: 42 }), at);
  assert.ok(outcome.kind === "applied" && !outcome.changed);
  assert.equal(outcome.known.rounds[0]?.lat, 41);
  assert.equal(after(fired({ version: 1 }), fired({ version: 2, lat: 42 })).rounds.length, 1);
});

test("a verdict on a version before the newest round is a conflict; one after somebody took it is not", () => {
  const twoRounds = after(fired(), fired({ id: "s2" }));
  const stale = step(twoRounds, verdict("dismissed", 1), at);
  assert.ok(stale.kind === "refused" && stale.conflict);
  const taken = after(fired(), { kind: "taken", by: "ann" });
  assert.equal(taken.version, 2);
  assert.equal(step(taken, verdict("confirmed", 1), at).kind, "applied");
});

test("undo is a new version with its own reason, not an edit", () => {
  const known = after(fired(), verdict("dismissed", 1), verdict("unreviewed", 2));
  assert.deepEqual([known.version, known.status, known.verdict?.status], [3, "unreviewed", "unreviewed"]);
});

test("what a verdict says on the record is said in words, and a bound is rounded up", () => {
  const said = (known: Known | undefined, change: Change) => {
    const outcome = step(known, change, at);
    return outcome.kind === "applied" ? outcome.text : outcome.why;
  };
  const wide = fired({ ellipse95: { semiMajorM: 3.2, semiMinorM: 2, azimuthDeg: 0 } });
  assert.equal(said(undefined, wide), "round s1 version 1: 90 %, within 4 m, heard by 3 nodes");
  assert.equal(said(after(fired()), verdict("dismissed", 1)), "dismissed: firework seen");
  const dismissed = after(fired(), verdict("dismissed", 1));
  assert.equal(said(dismissed, verdict("unreviewed", 2)), "to be looked at again (was dismissed): firework seen");
  assert.equal(said(dismissed, verdict("confirmed", 2)), "confirmed (was dismissed): firework seen");
});

test("a new round after a dismissal puts the incident before a person again; a better fix of a known round does not", () => {
  const dismissed = [fired(), verdict("dismissed", 1)];
  assert.equal(after(...dismissed, fired({ id: "s2" })).status, "unreviewed");
  assert.equal(after(...dismissed, fired({ version: 2 })).status, "dismissed");
  assert.equal(after(fired(), verdict("confirmed", 1), fired({ id: "s2" })).status, "confirmed");
});

test("a round that did not count when a person dismissed the incident, and counts now, puts it before a person again", () => {
  const minRoundProbability = 0.1;
  const said = (over: Partial<ShotFixed>): Change => ({ kind: "shot", shot: shot(over), minRoundProbability });
  const seen = [
    said({ probability: 0.6 }),
    said({ id: "s2", probability: 0.2, lat: 40.0002 }),
    said({ id: "s2", version: 2, probability: 0.004, lat: 40.0002 }),
    verdict("dismissed", 3),
  ];
  const dismissed = after(...seen);
  assert.deepEqual([dismissed.rounds.length, dismissed.unlikelyRounds?.length], [1, 1]);
  const likely = step(dismissed, said({ id: "s2", version: 3, probability: 0.97, lat: 40.0002 }), at);
  assert.ok(likely.kind === "applied");
  assert.deepEqual(
    [likely.known.status, likely.known.verdict, likely.known.rounds.length],
    ["unreviewed", undefined, 2],
  );
  assert.match(
    likely.text,
    /counts as a round again; one round more counts after the dismissal: to be looked at again$/,
  );
  const still = after(...seen, said({ id: "s2", version: 3, probability: 0.003, lat: 40.0002 }));
  assert.equal(still.status, "dismissed");
});

test("when every round is withdrawn the network dismisses what nobody took, says why, and takes it back with a new round", () => {
  const gone = after(fired(), fired({ version: 2, withdrawn: "merged into s9" }));
  assert.deepEqual([gone.status, gone.verdict?.by, gone.rounds.length, gone.probability], ["dismissed", NETWORK, 0, 0]);
  assert.match(gone.verdict?.reason ?? "", /merged into s9/);
  assert.ok(gone.place, "the place stays where it was last known");
  const back = after(fired(), fired({ version: 2, withdrawn: "merged" }), fired({ version: 3 }));
  assert.deepEqual([back.status, back.verdict, back.rounds.length], ["unreviewed", undefined, 1]);
});

test("a withdrawal takes no incident out of the hands of the person who has it", () => {
  const known = after(fired(), { kind: "taken", by: "ann" }, fired({ version: 2, withdrawn: "merged" }));
  assert.deepEqual([known.status, known.takenBy?.by], ["unreviewed", "ann"]);
});

test("two candidate places stay two while every round has them, and are settled by a round that has one", () => {
  const alternatives = [
    { lat: 40.1, lon: -80, ellipse95: { semiMajorM: 9, semiMinorM: 9, azimuthDeg: 0 }, probability: 0.4 },
  ];
  assert.equal(after(fired({ alternatives })).alternatives?.length, 1);
  assert.equal(after(fired({ alternatives }), fired({ id: "s2" })).alternatives, undefined);
});

test("an incident is unverified only while every round of it is", () => {
  assert.equal(after(fired({ unverified: true })).unverified, true);
  assert.equal(after(fired({ unverified: true }), fired({ id: "s2" })).unverified, undefined);
});

test("a note goes on the record and leaves the version; nothing can be said of an incident that is not there", () => {
  const known = after(fired());
  const noted = step(known, { kind: "note", by: "ann", text: "caller on line 2" }, at);
  assert.ok(noted.kind === "applied" && !noted.changed && noted.known.version === 1);
  assert.equal(step(undefined, { kind: "taken", by: "ann" }, at).kind, "refused");
});

const called: Change = {
  kind: "reported",
  report: {
    incident: "c1",
    of: "caller",
    firedAt: at,
    probability: 1,
    probabilityKnown: false,
    text: "a link for a caller",
  },
};
const corner = { lat: 40.1, lon: -80.1, ellipse95: { semiMajorM: 24, semiMinorM: 24, azimuthDeg: 0 } };

test("a new place is a new version, and a verdict given on the version before it still holds", () => {
  const known = after(called, { kind: "placed", place: corner, text: "within 24 m" }, verdict("confirmed", 1));
  assert.deepEqual([known.version, known.status, known.place], [3, "confirmed", corner]);
  assert.equal(step(undefined, { kind: "placed", place: corner, text: "" }, at).kind, "refused");
});

test.run();
