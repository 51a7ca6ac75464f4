/** What the gateway keeps of faces, and for how long: by a clock that the test moves. */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FacePossible, FaceProbe } from "#contract/face.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { envelope, makeFolder } from "../testing.ts";
import { FaceAuditChain } from "./audit.ts";
import { onFaceConfirmed, sayFaceConfirmed } from "./confirmed.ts";
import { FaceLists } from "./lists.ts";
import { FaceMatches } from "./matches.ts";
import { openFacesDatabase, Seal } from "./schema.ts";
import { embeddingText, inDays, makeAuthority, makeList, pictureOf, revocationOf } from "./testing.ts";

const police = await makeAuthority("k1", "Police of Testville");
const neighbours = await makeAuthority("k2", "Police of Nexttown");
const HOUR_MS = 3_600_000;
const { folder, remove } = makeFolder();
test.after(remove);

let made = 0;
async function make() {
  const file = join(folder, `faces${made++}.sqlite`);
  const db = openFacesDatabase(file);
  const seal = new Seal(randomBytes(32));
  const audit = new FaceAuditChain(db);
  const policy = { falseAlertRate: 0.05, confidence: 0.95, longestDays: 30 };
  const lists = new FaceLists(db, seal, audit, [police, neighbours], policy);
  const jws = await sign(makeList(police.authority), police);
  const enrolled = await lists.enrol({ jws, pictures: { p1: pictureOf("p1") } }, "eve");
  assert.is(enrolled.kind, "done");
  const matches = new FaceMatches(db, seal, audit, lists, { probeMs: 48 * HOUR_MS, suppressMs: 12 * HOUR_MS });
  const { sha256 } = lists.wanted()[0]!;
  const possible = (match: string): FacePossible => ({
    ...envelope("n01"),
    match,
    list: { id: "missing", sha256, people: 1 },
    person: "p1",
    score: { distance: 0.41, thresholdDistance: 0.6, log10LikelihoodRatio: 2, words: "w" },
    looks: 3,
    quality: 0.6,
    camera: "front",
    seenFrom: inDays(0),
    seenUntil: inDays(0),
    falseMatchRateUpper: 0.0043,
    falseAlertRateUpper: 0.0043,
  });
  const probe = (match: string): FaceProbe => ({ match, chipJpeg: "AAAA", embedding: embeddingText(0.25), spread: 0 });
  return { db, file, audit, lists, matches, possible, probe };
}

test("a match that nobody judged within 48 hours has expired, its picture deleted; not a minute before", async () => {
  const { matches, possible, probe } = await make();
  matches.take(possible("m1"), probe("m1"));
  assert.equal(matches.expire(Date.now() + 48 * HOUR_MS - 60_000), []);
  assert.is(matches.probe("m1")?.spread, 0);
  const [over] = matches.expire(Date.now() + 48 * HOUR_MS + 1000);
  assert.equal([over?.status, over?.hasProbe], ["expired", false]);
  assert.is(matches.probe("m1"), undefined);
});

test("a rejected one is kept for 12 hours, as long as the pair is suppressed; a confirmed one for its 48", async () => {
  const { matches, possible, probe } = await make();
  for (const [match, status] of [
    ["m1", "rejected"],
    ["m2", "confirmed"],
  ] as const) {
    matches.take(possible(match), probe(match));
    assert.is(matches.judge(match, "bob", { status, reason: "r", version: 1 }).kind, "done");
  }
  assert.equal(
    matches.suppressions(new Set(["missing"])).map(({ match }) => match),
    ["m1"],
  );
  assert.equal(matches.suppressions(new Set(["other"])), [], "only for lists that a device holds");
  const over = matches.expire(Date.now() + 12 * HOUR_MS + 1000);
  assert.equal(
    over.map(({ match, status }) => [match, status]),
    [["m1", "rejected"]],
  );
  assert.equal(matches.suppressions(new Set(["missing"])), []);
  assert.ok(matches.probe("m2"));
});

test("a list that has run out loses its embeddings and pictures here too", async () => {
  const { lists, audit } = await make();
  assert.equal(lists.expire(), []);
  const late = Date.now() + 11 * 24 * HOUR_MS;
  assert.equal(lists.wanted(late), [], "and is delivered to nobody");
  assert.equal(lists.expire(late), ["missing"]);
  assert.is(lists.picture("missing", "p1"), undefined);
  assert.match(audit.read(1).entries[0]!.text, "embeddings and pictures are deleted");
});

test("a list is replaced: open and escalated matches under the version before cannot be decided, and expire; a rejected one stays", async () => {
  const { matches, lists, possible, probe } = await make();
  for (const match of ["m1", "m2", "m3"]) matches.take(possible(match), probe(match));
  matches.judge("m2", "bob", { status: "escalated", reason: "r", version: 1 });
  matches.judge("m3", "bob", { status: "rejected", reason: "r", version: 1 });
  assert.equal(matches.expire(), [], "nothing while the list is the same");
  const other = makeList(police.authority);
  const people = [{ ...other.people[0]!, person: "p2" }];
  assert.is((await lists.enrol({ jws: await sign({ ...other, people }, police), pictures: {} }, "eve")).kind, "done");
  for (const [match, version] of [
    ["m1", 1],
    ["m2", 2],
  ] as const) {
    const judged = matches.judge(match, "ann", { status: "confirmed", reason: "r", version });
    assert.match(judged.kind === "refused" ? judged.why : judged.kind, "another version of list missing");
  }
  assert.equal(
    matches.expire().map(({ match, status, hasProbe }) => [match, status, hasProbe]),
    [
      ["m1", "expired", false],
      ["m2", "expired", false],
    ],
  );
  assert.equal([matches.view("m3")?.status, matches.view("m3")?.hasProbe], ["rejected", true]);
});

test("a list that was revoked a moment ago: its open match cannot be confirmed, also before it was tidied away", async () => {
  const { matches, lists, possible, probe } = await make();
  matches.take(possible("m1"), probe("m1"));
  await lists.revoke("missing", await sign(revocationOf(police.authority), police), "eve");
  const judged = matches.judge("m1", "bob", { status: "confirmed", reason: "r", version: 1 });
  assert.match(judged.kind === "refused" ? judged.why : judged.kind, "list missing is revoked meanwhile");
});

test("another authority's list of the same id is refused, and the one that is there stays", async () => {
  const { lists } = await make();
  const before = lists.about("missing")?.sha256;
  const jws = await sign(makeList(neighbours.authority), neighbours);
  const refused = await lists.enrol({ jws, pictures: {} }, "eve");
  assert.match(
    refused.kind === "refused" ? refused.why.join() : refused.kind,
    'list missing is that of "Police of Testville", "Police of Nexttown" cannot replace it; sign this one with another id',
  );
  assert.is(lists.about("missing")?.sha256, before);
});

test("a row of the chain that is altered, or taken out, breaks it", async () => {
  const { audit, file, db } = await make();
  for (const i of [1, 2, 3]) audit.append("viewed", "bob", `look ${i}`, { match: "m1" });
  assert.equal(audit.verify(), { ok: true, length: 4 });
  const other = new DatabaseSync(file);
  other.exec("UPDATE audit SET by = 'eve' WHERE seq = 3");
  assert.is(audit.verify().brokenAtSeq, 3);
  other.exec("UPDATE audit SET by = 'bob' WHERE seq = 3; DELETE FROM audit WHERE seq = 2");
  assert.is(audit.verify().ok, false);
  other.close();
  db.close();
});

test("what was sealed under one name does not open under another, nor with one bit changed", () => {
  const seal = new Seal(randomBytes(32));
  const sealed = seal.close(Buffer.from("face"), "match m1");
  assert.is(seal.open(sealed, "match m1").toString(), "face");
  assert.throws(() => seal.open(sealed, "match m2"));
  sealed[30] = sealed[30]! ^ 1;
  assert.throws(() => seal.open(sealed, "match m1"));
});

test("whoever asked is told of a confirmation, and nobody else's gateway is", () => {
  const context = { bus: {} } as Parameters<typeof onFaceConfirmed>[0];
  const told: string[] = [];
  onFaceConfirmed(context, ({ match }) => told.push(match));
  const confirmed = { match: "m1", incident: "face-m1", node: "n01", by: "bob", reason: "r" };
  sayFaceConfirmed(context, confirmed);
  sayFaceConfirmed({ bus: {} } as typeof context, confirmed);
  assert.equal(told, ["m1"]);
});

test.run();
