import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { calculateJwkThumbprint, exportJWK, FlattenedSign, generateKeyPair } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EvidenceBundle } from "#contract/evidence.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { arrivalsOf } from "#core/localise/case-figures.ts";
import { cleanCase, randomFrom, shotCase } from "#core/localise/cases.ts";
import { finalLocaliser } from "#core/localise/localiser.ts";
import { hashOfEntry } from "#gateway/incidents/chain.ts";

const tocsin = join(import.meta.dirname, "..", "tocsin");
const folder = mkdtempSync(join(tmpdir(), "evidence-"));
const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
const { x = "" } = await exportJWK(publicKey);

function oneShot(): ShotFixed {
  const localiser = finalLocaliser({ airTempC: 20 });
  for (const arrival of arrivalsOf(shotCase(randomFrom(9), cleanCase))) localiser.push(arrival);
  const [shot] = localiser.flush();
  return { ...shot!, v: 1, node: "hub", at: shot!.time };
}

/** A bundle as a gateway makes it. */
async function sealed(): Promise<EvidenceBundle> {
  const shot = oneShot();
  const { lat, lon, ellipse95, probability, time } = shot;
  const facts = {
    seq: 1,
    at: time,
    kind: "opened" as const,
    by: "network",
    text: "opened",
    data: { kind: "shot", shot },
    previousHash: "0".repeat(64),
  };
  const body = JSON.parse(
    JSON.stringify({
      v: 1,
      kind: "tocsin/evidence",
      site: "town",
      madeAt: time,
      madeFor: "reviewer",
      incident: {
        v: 1,
        id: "m1",
        node: "gateway",
        at: time,
        incident: shot.incident,
        version: 1,
        kind: "gunfire",
        status: "unreviewed",
        firedAt: time,
        alertedAt: time,
        place: { lat, lon, ellipse95 },
        probability,
        rounds: [{ shot: shot.id, shotVersion: 1, time, lat, lon, ellipse95, probability }],
        hash: hashOfEntry(facts),
      },
      shots: [shot],
      heard: [],
      clips: [],
      record: [{ ...facts, hash: hashOfEntry(facts) }],
      ledger: { length: 1, hash: hashOfEntry(facts) },
    }),
  ) as EvidenceBundle["body"];
  return sealedBy(body, privateKey, publicKey);
}

async function sealedBy(body: EvidenceBundle["body"], by: CryptoKey, of: CryptoKey): Promise<EvidenceBundle> {
  const { protected: header = "", signature } = await new FlattenedSign(
    new TextEncoder().encode(canonicalize(body) as string),
  )
    .setProtectedHeader({ alg: "EdDSA" })
    .sign(by);
  const { x = "" } = await exportJWK(of);
  return { body, signature: { protected: header, signature }, key: { kty: "OKP", crv: "Ed25519", x } };
}

function verify(bundle: unknown, ...args: string[]) {
  const file = join(folder, "bundle.json");
  writeFileSync(file, JSON.stringify(bundle));
  const run = spawnSync(tocsin, ["evidence", "verify", file, "--json", ...args], { encoding: "utf8" });
  const lines = run.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return {
    code: run.status,
    told: run.stderr,
    summary: lines.at(-1),
    different: lines.filter((line) => line.same === false),
  };
}

const bundle = await sealed();
const keyFile = join(folder, "keys.json");
writeFileSync(keyFile, JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x }] }));

test("an untouched bundle: every figure is as stored, by its own key and by the gateway's", () => {
  const { code, summary } = verify(bundle);
  assert.is(code, 0);
  assert.is(summary.different, 0);
  assert.ok(summary.figures > 20);
  assert.is(verify(bundle, "--key", keyFile).code, 0);
});

test("any edit breaks the seal, and an edited figure is named", () => {
  const moved = structuredClone(bundle);
  moved.body.shots[0]!.lat += 1e-5;
  const { code, different } = verify(moved);
  assert.is(code, 1);
  const named = different.map(({ figure }) => figure);
  assert.ok(named.includes("lat") && named.includes("signature by the bundle's own key"), named.join());
  // What an incident says of itself is held against its record: whoever seals a bundle anew with a key of their own is found too.
  const surer = structuredClone(bundle);
  Object.assign(surer.body.incident, { probability: 0.999, status: "confirmed", hash: "0".repeat(64) });
  assert.equal(
    verify(surer).different.flatMap(({ of, figure }) => (of === "incident" ? [figure] : [])),
    ["status, by its record", "probability, by its record", "its newest change is on the record"],
  );
  // A field that no schema knows is an edit too.
  assert.is(verify({ ...bundle, body: { ...bundle.body, remark: "" } }).code, 1);
  const record = structuredClone(bundle);
  record.body.record[0]!.text = "opened by nobody";
  assert.ok(verify(record).different.some(({ of, figure }) => of === "record entry 1" && figure === "hash"));
});

test("a record entry of a shot without the shot is a finding, and no fault of the given key", () => {
  const forged = structuredClone(bundle);
  forged.body.record[0]!.data = { kind: "shot" };
  const { code, told, different } = verify(forged, "--key", keyFile);
  assert.is(code, 1, told);
  const named = different.map(({ of, figure }) => `${of}: ${figure}`);
  for (const one of ["bundle: signature by the given key", "record entry 1: its change can be made"])
    assert.ok(named.includes(one), named.join());
});

test("a place moved by a street and sealed anew by another key is told without --key", async () => {
  const body = structuredClone(bundle.body);
  body.incident.place!.lat += 1e-3;
  const other = await generateKeyPair("EdDSA", { extractable: true });
  const { different } = verify(await sealedBy(body, other.privateKey, other.publicKey));
  assert.equal(
    different.map(({ of, figure }) => [of, figure]),
    [["incident", "place, by its record"]],
  );
});

test("sealed by another key than the given one: refused", async () => {
  const { publicKey: other } = await generateKeyPair("EdDSA", { extractable: true });
  const file = join(folder, "other.json");
  writeFileSync(file, JSON.stringify(await exportJWK(other)));
  const { code, different } = verify(bundle, "--key", file);
  assert.equal([code, different.map(({ figure }) => figure)], [1, ["signature by the given key"]]);
  const [given, own] = await Promise.all(
    [other, publicKey].map(async (key) => calculateJwkThumbprint(await exportJWK(key))),
  );
  assert.is(different[0]!.recomputed, `another key: ${given} is given, ${own} is in the bundle`);
});

test("what is no bundle is told in one line with exit 65", () => {
  const { code, told } = verify({ hello: 1 });
  assert.is(code, 65);
  assert.match(told, /not an evidence bundle: body/);
});

test("a file that cannot be read is named, with why and what to do; no errno alone, no stack", () => {
  const run = (file: string) => {
    const { status, stderr } = spawnSync(tocsin, ["evidence", "verify", file], { encoding: "utf8" });
    assert.is(status, 65, stderr);
    return stderr.trim().replace(`tocsin evidence: ${file}: `, "");
  };
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const fix = "; name an evidence bundle, such as the gateway's /api/incidents/ID/evidence gives it";
  assert.is(run(join(folder, "nope.json")), `there is no such file${fix}`);
  assert.is(run(folder), `is a folder, not a file${fix}`);
  assert.is(run(write("empty.json", "")), `is empty${fix}`);
  assert.match(
    run(write("cut.json", '{"body": [1')),
    /^is not JSON: [^\n]*position 11 [^\n]*; name an evidence bundle/,
  );
  assert.is(run(write("noise.json", Uint8Array.of(1, 27, 91, 50, 74))), `is not JSON, not even text${fix}`);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
