import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EvidenceBundle } from "#contract/evidence.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { Clips } from "#gateway/incidents/clips.ts";
import { makeEvidence } from "#gateway/incidents/evidence.ts";
import { HeardLog } from "#gateway/incidents/heard.ts";
import { Incidents } from "#gateway/incidents/incidents.ts";
import { openDatabase } from "#gateway/incidents/schema.ts";
import { readSigningKey } from "#gateway/keys.ts";
import { makeFolder, makeShot, SITE } from "#gateway/testing.ts";
import { findingsOf } from "./evidence-check.ts";

/** What a gateway that went through this gives of the incident `i1`. */
async function bundleOf(happens: (incidents: Incidents, db: DatabaseSync) => void): Promise<EvidenceBundle> {
  const { folder, remove } = makeFolder();
  const db = openDatabase(join(folder, "incidents.sqlite"));
  const incidents = new Incidents(db);
  happens(incidents, db);
  const clips = new Clips(db, incidents, randomBytes(32));
  const key = await readSigningKey(folder);
  const bundle = await makeEvidence({ site: SITE, incidents, clips, heard: new HeardLog(db), key }, "i1", "ann");
  db.close();
  remove();
  return JSON.parse(JSON.stringify(bundle)) as EvidenceBundle;
}

/** What differs, less the figures of its shots, whose arrivals are made up here, and the seal, which each edit breaks. */
async function different(bundle: EvidenceBundle): Promise<string[]> {
  const findings = await findingsOf(bundle, bundle, undefined);
  return findings
    .filter(({ same, figure }) => !same && !figure.startsWith("signature"))
    .filter(({ of, figure }) => !of.startsWith("shot") || figure === "the whole of it, by the record")
    .map(({ of, figure }) => `${of}: ${figure}`);
}

const second: Partial<ShotFixed> = {
  id: "s2",
  lat: 40.4407,
  time: "2026-11-22T18:04:13.3Z",
  ellipse95: { semiMajorM: 7, semiMinorM: 4, azimuthDeg: 110 },
};

function reopened(incidents: Incidents): void {
  incidents.ingest(makeShot());
  incidents.take("i1", "ann");
  incidents.note("i1", "ann", "a car that backfires");
  incidents.verdict("i1", "ann", { status: "dismissed", reason: "a car", version: 2 });
  incidents.fact("i1", "viewed", "ann", "heard the sound", { kind: "shot" });
  incidents.ingest(makeShot(second));
  incidents.ingest(makeShot({ version: 2, probability: 0.99 }));
  incidents.verdict("i1", "bob", { status: "confirmed", reason: "two rounds", version: 5 });
}

const opened = {
  incident: "i1",
  of: "caller",
  firedAt: "2026-11-22T18:04:12Z",
  probability: 0.5,
  probabilityKnown: false,
  text: "two bangs",
} as const;
const place = { lat: 40.44, lon: -79.99, ellipse95: { semiMajorM: 30, semiMinorM: 30, azimuthDeg: 0 } };
const candidates = [
  { ...place, probability: 0.6 },
  { ...place, lat: 40.442, probability: 0.4 },
];

const lives: Record<string, (incidents: Incidents) => void> = {
  "dismissed, opened again by a second round, and confirmed": reopened,
  "withdrawn by the network and told anew": (incidents) => {
    incidents.ingest(makeShot());
    incidents.ingest(makeShot({ version: 2, withdrawn: "a firework" }));
    incidents.ingest(makeShot({ version: 3 }));
    incidents.ingest(makeShot({ version: 4, withdrawn: "a firework" }));
  },
  "a caller, whose place comes later and moves": (incidents) => {
    incidents.report(opened, "caller");
    incidents.report({ ...opened, place, text: "and where" }, "caller");
    incidents.place("i1", { ...place, lat: 40.441 }, "caller", "moved");
    incidents.verdict("i1", "bob", { status: "escalated", reason: "a second call", version: 3 });
  },
  "a round of two places that the neighbours solved first": (incidents) => {
    incidents.ingest(makeShot({ node: "n01", solvedLocally: true, unverified: true, alternatives: candidates }));
    incidents.ingest(makeShot({ version: 1, alternatives: candidates }));
    incidents.ingest(makeShot({ version: 1, node: "n02", solvedLocally: true }));
  },
  "a round that moves over from another incident": (incidents) => {
    incidents.ingest(makeShot());
    incidents.ingest(makeShot({ ...second, incident: "i2" }));
    incidents.ingest(makeShot({ ...second, incident: "i1", version: 2 }));
  },
};
for (const [life, happens] of Object.entries(lives))
  test(`an incident is what its record makes of it: ${life}`, async () => {
    const bundle = await bundleOf(happens);
    assert.ok(bundle.body.record.length >= 3);
    assert.equal(await different(bundle), []);
  });

test("a place moved by eleven metres, another verdict, another shot: each differs from the record, however it is sealed", async () => {
  const bundle = await bundleOf(reopened);
  const edited = async (edit: (body: EvidenceBundle["body"]) => void) => {
    const copy = structuredClone(bundle);
    edit(copy.body);
    return different(copy);
  };
  const moved = await edited(({ incident }) => {
    incident.place!.lat += 1e-4;
  });
  assert.equal(moved, ["incident: place, by its record"]);
  const digits = await edited(({ incident }) => {
    incident.place!.lat *= 1 + 1e-15;
  });
  assert.equal(digits, []);
  const judged = await edited(({ incident }) => {
    incident.verdict!.by = "carl";
  });
  assert.equal(judged, ["incident: verdict, by its record"]);
  const wider = await edited(({ incident }) => {
    incident.rounds[1]!.ellipse95.semiMajorM = 70;
  });
  assert.equal(wider, ["incident: rounds, by its record"]);
  const warmer = await edited(({ shots }) => {
    shots[0]!.airTempC = 13;
  });
  assert.equal(warmer, [`shot ${bundle.body.shots[0]!.id}: the whole of it, by the record`]);
  const older = await edited(({ incident, record }) => {
    incident.hash = record[0]!.hash;
  });
  assert.equal(older, ["incident: its newest change is on the record"]);
});

test("how many rounds were fired is reckoned again; another number is found, a record from before it was told verifies, one with other weights by those", async () => {
  const bundle = await bundleOf(reopened);
  const verdictOn = (edit: (told: EvidenceBundle["body"]["incident"]) => void) => {
    const copy = structuredClone(bundle);
    edit(copy.body.incident);
    return different(copy);
  };
  assert.is(bundle.body.incident.roundsBetween?.level, 0.95);
  assert.equal(await different(bundle), []);
  assert.equal(await verdictOn((incident) => incident.roundsBetween!.high++), ["incident: rounds fired, between"]);
  assert.equal(await verdictOn((incident) => delete incident.roundsBetween), []);
  // Another model may have held it for impossible that more rounds follow.
  const other = await verdictOn((incident) => {
    incident.roundsBetween!.weights.splice(5, 2, 0, 0);
  });
  assert.equal(other, ["incident: rounds fired, between", "incident: weights of the rounds fired"]);
  // Sealed anew with weights that nobody released, and the interval that they give.
  const forged = await verdictOn((incident) => {
    const stored = incident.roundsBetween!;
    stored.weights[7] = stored.weights[7]! + 1e-6;
  });
  assert.equal(forged, ["incident: weights of the rounds fired"]);
});

test("a round that counts no more is in the bundle, and counted again by the threshold on its record", async () => {
  const bundle = await bundleOf((_, db) => {
    const gateway = new Incidents(db, 0.1);
    gateway.ingest(makeShot());
    gateway.ingest(makeShot({ ...second, probability: 0.2 }));
    gateway.ingest(makeShot({ ...second, probability: 0.004, version: 2 }));
  });
  const { rounds, unlikelyRounds } = bundle.body.incident;
  assert.equal([rounds.length, unlikelyRounds?.length], [1, 1]);
  assert.equal(await different(bundle), []);
  bundle.body.incident.rounds.push(bundle.body.incident.unlikelyRounds!.pop()!);
  assert.ok((await different(bundle)).includes("incident: rounds, by its record"));
});

test("an entry of a shot, or a report, without it is a finding about that entry", async () => {
  for (const data of [{ kind: "shot" }, { kind: "reported" }]) {
    const bundle = await bundleOf(reopened);
    const entry = bundle.body.record.at(-1)!;
    Object.assign(entry, { kind: data.kind === "shot" ? "shot" : "note", data });
    const of = `record entry ${entry.seq}`;
    assert.equal(await different(bundle), [`${of}: hash`, `${of}: its change can be made`]);
  }
});

test.run();
