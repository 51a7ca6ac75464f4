import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { flattenedVerify, importJWK } from "jose";
import { test } from "uvu";
import * as v from "valibot";
import { EvidenceBundle } from "#contract/evidence.ts";
import { readSigningKey } from "../keys.ts";
import { envelope, makeFolder, makeShot, SITE } from "../testing.ts";
import { sha256Hex, verifyChain } from "./chain.ts";
import { Clips } from "./clips.ts";
import { makeEvidence } from "./evidence.ts";
import { HeardLog } from "./heard.ts";
import { Incidents } from "./incidents.ts";
import { openDatabase } from "./schema.ts";

/** Whether the signature fits the body, as a reader without the gateway finds out. */
async function holds({ body, signature, key }: EvidenceBundle): Promise<boolean> {
  const payload = Buffer.from(canonicalize(body) as string).toString("base64url");
  return flattenedVerify({ ...signature, payload }, await importJWK(key, "EdDSA")).then(
    () => true,
    () => false,
  );
}

test("a bundle holds shots, arrivals, sound and record, its own making last; its signature breaks with any figure", async () => {
  const { folder, remove } = makeFolder();
  const db = openDatabase(join(folder, "incidents.sqlite"));
  const incidents = new Incidents(db);
  const clips = new Clips(db, incidents, randomBytes(32));
  const heard = new HeardLog(db);
  const key = await readSigningKey(folder);
  const shot = makeShot();
  incidents.ingest(shot);
  heard.add({
    ...envelope("n01"),
    id: "s1-n01",
    toa: "2026-11-22T18:04:12.4Z",
    toaSigmaS: 0.0002,
    scores: { gunshot: 1, firework: 0, vehicle: 0, impact: 0, glass: 0, other: 0 },
    peakDbFs: -10,
    onsetSigmaS: 0.0001,
    clockSigmaS: 0.0001,
  });
  clips.ask("i1", [shot]);
  const pcm = Buffer.alloc(3_200, 1);
  clips.store({
    ...envelope("n01"),
    arrival: "s1-n01",
    incident: "i1",
    start: "2026-11-22T18:04:12Z",
    sampleRateHz: 16_000,
    onsetS: 0.1,
    pcm16: pcm.toString("base64"),
    pcmSha256: sha256Hex(pcm),
    voice: { speechProbability: 0, action: "passed" },
  });
  const sources = { site: SITE, incidents, clips, heard, key };
  assert.equal(await makeEvidence(sources, "none", "ann"), undefined);
  const bundle = await makeEvidence(sources, "i1", "ann");
  assert.ok(bundle);
  const read = v.parse(EvidenceBundle, JSON.parse(JSON.stringify(bundle)));
  assert.equal(await holds(read), true);
  assert.deepEqual([read.body.shots.length, read.body.heard.length, read.body.clips.length], [1, 1, 1]);
  assert.equal(read.body.clips[0]?.pcmSha256, sha256Hex(pcm));
  assert.equal(read.body.record.at(-1)?.text, "took the evidence away");
  assert.deepEqual(verifyChain(read.body.record as never), { ok: true, length: 3 });
  assert.equal(await holds({ ...read, body: { ...read.body, madeFor: "bob" } }), false);
  const moved = structuredClone(read);
  if (moved.body.shots[0]) moved.body.shots[0].lat += 1e-9;
  assert.equal(await holds(moved), false);
  db.close();
  remove();
});

test("the signing key is made once, readable by the gateway alone, and stays the same over restarts", async () => {
  const { folder, remove } = makeFolder();
  const first = await readSigningKey(folder);
  const second = await readSigningKey(folder);
  assert.equal(first.publicJwk.kid, second.publicJwk.kid);
  assert.equal(statSync(join(folder, "evidence-key.jwk")).mode & 0o777, 0o600);
  assert.equal("d" in first.publicJwk, false);
  remove();
});

test.run();
