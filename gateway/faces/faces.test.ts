/** A possible match from a device's message to a person's verdict, over the real broker and the real API; the device is a client that speaks its channels. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, importJWK } from "jose";
import type { MqttClient } from "mqtt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BackupState } from "#contract/backup.ts";
import {
  type FaceAudit,
  type FaceListView,
  type FaceMatchDetail,
  type FaceMatchView,
  type FaceOrder,
  type FaceOrderMessage,
  type FacePossible,
  type FaceSuppression,
  type FacesView,
  faceLooked,
  faceOrder,
  facePossible,
  faceReceipt,
  faceState,
} from "#contract/face.ts";
import type { IncidentState } from "#contract/incident.ts";
import { filterOf } from "#contract/topics.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { envelope, joinBroker, publish, SITE, until } from "../testing.ts";
import {
  embeddingText,
  inDays,
  makeAuthority,
  makeList,
  type Office,
  openOffice,
  pictureOf,
  revocationOf,
} from "./testing.ts";

const police = await makeAuthority("k1", "Police of Testville");
const stranger = await makeAuthority("k9", "Police of Testville");
let office: Office;
let device: MqttClient;
/** Orders as the device reads them. */
type Read =
  | { order: "put"; jws: string }
  | { order: "suppress"; suppression: FaceSuppression }
  | Extract<FaceOrder, { order: "revoke" | "key" }>;
const orders: Read[] = [];
const own = await generateKeyPair("ECDH-ES", { crv: "X25519", extractable: true });
const sealTo = (await exportJWK(own.publicKey)).x!;
async function read(payload: Buffer): Promise<void> {
  const { what } = JSON.parse(payload.toString()) as FaceOrderMessage;
  if (what.order !== "put" && what.order !== "suppress") orders.push(what);
  else {
    const text = new TextDecoder().decode((await compactDecrypt(what.sealed, own.privateKey)).plaintext);
    if (what.order === "put") orders.push({ order: "put", jws: text });
    else orders.push({ order: "suppress", suppression: JSON.parse(text) as FaceSuppression });
  }
}
/** Whatever else went over the bus. */
const heard: string[] = [];
let sha256 = "";
let jwsOfList = "";
const SECRET = "sealed chip of the probe";

/** What the device says it holds. */
const say = (over: object = {}) =>
  publish(device, faceState, "n01", {
    ...envelope("n01"),
    comparing: true,
    why: "compares faces with 1 list",
    lists: [],
    revoked: [],
    suppressed: [],
    sealTo,
    ...over,
  });
const orderOf = <K extends Read["order"]>(kind: K, after = 0) =>
  until(
    `order ${kind}`,
    () => orders.slice(after).find((each): each is Extract<Read, { order: K }> => each.order === kind),
    20_000,
  );

async function seal(match: string, x: string): Promise<string> {
  const chipJpeg = Buffer.from(SECRET).toString("base64");
  const probe = { match, chipJpeg, embedding: embeddingText(0.25), spread: 0.01 };
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(probe)))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
    .encrypt(await importJWK({ kty: "OKP", crv: "X25519", x }, "ECDH-ES"));
}

async function possible(match: string, over: Partial<FacePossible> = {}): Promise<FacePossible> {
  return {
    ...envelope("n01"),
    match,
    list: { id: "missing", sha256, people: 1 },
    person: "p1",
    score: { distance: 0.41, thresholdDistance: 0.6, log10LikelihoodRatio: 2, words: "about 100 times likelier" },
    looks: 3,
    quality: 0.6,
    camera: "front",
    seenFrom: inDays(0),
    seenUntil: inDays(0),
    place: { lat: 40.44, lon: -79.99, ellipse95: { semiMajorM: 3, semiMinorM: 3, azimuthDeg: 0 } },
    falseMatchRateUpper: 0.0043,
    falseAlertRateUpper: 0.0043,
    probe: await seal(match, (await orderOf("key")).x),
    ...over,
  };
}
const view = async (match: string) =>
  (await until(`match ${match}`, async () => {
    const { status, body } = await office.call("bob", `/api/faces/matches/${match}`);
    return status === 200 && (body as FaceMatchDetail);
  })) as FaceMatchDetail;

test.before(async () => {
  office = await openOffice([police]);
  device = await joinBroker(office.gateway.ports.mqtt, "n01", { clean: false });
  device.on("message", (topic, payload) => {
    heard.push(topic);
    if (topic.endsWith("face/order")) void read(payload);
  });
  await device.subscribeAsync(filterOf(faceOrder, SITE, "n01"), { qos: 1 });
});
test.after(async () => {
  await device.endAsync();
  await office.stop();
});

test("a device that says what it holds gets the key to seal probes to", async () => {
  await say();
  const { x } = await orderOf("key");
  assert.is((await calculateJwkThumbprint({ kty: "OKP", crv: "X25519", x })).length, 43);
});

test("a list is enrolled by an administrator only, with the authority's signature and the signed picture", async () => {
  const list = makeList(police.authority);
  const ask = { jws: await sign(list, police), pictures: { p1: pictureOf("p1") } };
  assert.is((await office.call("bob", "/api/faces/lists", ask)).status, 403);
  const refusals: [object, RegExp][] = [
    [{ jws: await sign(list, stranger) }, /not signed by the key it names|not trusted/],
    [{ ...ask, pictures: { p1: pictureOf("another") } }, /not the picture that the signature names/],
    [{ jws: await sign(makeList(police.authority, { end: inDays(60) }), police) }, /too long/],
    [{ jws: await sign(makeList(police.authority, { start: inDays(-9), end: inDays(-1) }), police) }, /expired/],
    [{ jws: await sign(makeList(police.authority, { embedderSha256: "0".repeat(64) }), police) }, /another face model/],
  ];
  for (const [body, why] of refusals) {
    const answer = await office.call("eve", "/api/faces/lists", body);
    assert.is(answer.status, 422);
    assert.match((answer.body as { error: string }).error, why);
  }
  const people = Array.from({ length: 40 }, (_, i) => ({ ...list.people[0]!, person: `p${i}` }));
  const large = await office.call("eve", "/api/faces/lists", { jws: await sign({ ...list, people }, police) });
  assert.match((large.body as { error: string }).error, /too large: 40 people are more than the 12/);
  const enrolled = await office.call("eve", "/api/faces/lists", ask);
  jwsOfList = ask.jws;
  assert.is(enrolled.status, 200);
  ({ sha256 } = enrolled.body as FaceListView);
  assert.equal([(enrolled.body as FaceListView).state, (enrolled.body as FaceListView).pictures], ["inForce", 1]);
});

test("the device that lacks the list gets it at once, and not again when it holds it", async () => {
  const { jws } = await orderOf("put");
  assert.match(jws, /^eyJ/);
  const before = orders.length;
  await say({ lists: [{ id: "missing", sha256, inForce: true, why: [] }] });
  await until("the list's device", async () => {
    const { body } = await office.call("bob", "/api/faces/lists");
    return (body as { lists: FaceListView[] }).lists[0]?.devices[0]?.inForce;
  });
  assert.equal(
    orders.slice(before).filter(({ order }) => order === "put"),
    [],
  );
});

test("a possible match is there for reviewers with probe, gallery picture and known error; nothing else has happened", async () => {
  const before = heard.length;
  await publish(device, facePossible, "n01", await possible("m1"));
  const { match } = await view("m1");
  assert.equal([match.status, match.person, match.hasProbe, match.hasGallery], ["open", "p1", true, true]);
  assert.ok(match.knownError.some((line) => /in up to 0\.43 % of cases/.test(line)));
  assert.ok(match.knownError.some((line) => /Of 27 pairs of different people .* 5 were as near/.test(line)));
  assert.ok(match.knownError.some((line) => /demographic group: not measured/.test(line)));
  assert.is((await office.call("bob", "/api/faces/matches/m1/probe")).bytes.toString(), SECRET);
  assert.is((await office.call("bob", "/api/faces/matches/m1/gallery")).bytes.toString(), "what p1 looks like");
  const { body } = await office.call("ann", "/api/incidents");
  assert.equal((body as { incidents: IncidentState[] }).incidents, [], "no incident, so nobody is called or sent");
  assert.equal(heard.slice(before), [], "and nothing is said to the device");
});

test("the pilot sees no faces, and without a log-in nobody does", async () => {
  assert.is((await office.call("pam", "/api/faces/matches/m1/probe")).status, 403);
  assert.is((await fetch(`http://127.0.0.1:${office.gateway.ports.http}/api/faces/matches/m1/probe`)).status, 401);
});

test("on disk neither the probe nor the list's embeddings lie in the clear", () => {
  const files = readdirSync(office.folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const bytes = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
  assert.ok(
    bytes.some((each) => each.includes("about 100 times likelier")),
    "the search finds what is not sealed",
  );
  const probe = Buffer.from(SECRET);
  for (const needle of [probe, probe.toString("base64"), jwsOfList.slice(900, 1100), "what p1 looks like"])
    assert.not.ok(
      bytes.some((each) => each.includes(needle)),
      String(needle).slice(0, 30),
    );
});

test("repeated by QoS 1 it is one match; one of a list that was never enrolled is not shown", async () => {
  const message = await possible("m1");
  await publish(device, facePossible, "n01", message);
  await publish(device, facePossible, "n01", await possible("m0", { list: { id: "other", sha256, people: 1 } }));
  const { match, entries } = await view("m0");
  assert.equal([match.status, match.hasProbe], ["expired", false]);
  assert.match(entries[0]!.text, "never enrolled");
  const { body } = await office.call("bob", "/api/faces/matches?status=open");
  assert.is((body as { total: number }).total, 1);
});

test("rejected: the pair is suppressed on the device, no incident is opened, and it counts once per alert and per face seen", async () => {
  await publish(device, faceLooked, "n01", {
    ...envelope("n01"),
    from: inDays(0),
    until: inDays(0),
    camera: "front",
    lists: [{ id: "missing", sha256 }],
    facesSeen: 200,
    tracks: 20,
    possible: 1,
    unknown: 18,
    undecided: 1,
    suppressed: 0,
  });
  const ask = { status: "rejected", reason: "not them: another nose", version: 1 };
  assert.is((await office.call("bob", "/api/faces/matches/m1/verdict", { ...ask, reason: " " })).status, 400);
  assert.is((await office.call("bob", "/api/faces/matches/m1/verdict", { ...ask, version: 7 })).status, 409);
  assert.is((await office.call("bob", "/api/faces/matches/m1/verdict", ask)).status, 200);
  const { suppression } = await orderOf("suppress");
  assert.equal([suppression.match, suppression.list, suppression.person], ["m1", "missing", "p1"]);
  assert.is(suppression.embedding, embeddingText(0.25));
  assert.is((await office.call("ann", "/api/faces/matches/m1/verdict", { ...ask, version: 2 })).status, 409);
  const { body } = await office.call("ann", "/api/incidents");
  assert.equal((body as { incidents: IncidentState[] }).incidents, []);
  const faces = (await office.call("bob", "/api/faces")).body as FacesView;
  assert.equal([faces.falseAlertsPerFaceSeen.events, faces.falseAlertsPerFaceSeen.of], [1, 200]);
  assert.equal([faces.falseAlertsPerAlert.events, faces.falseAlertsPerAlert.of], [1, 1]);
});

test("confirmed by a person: now an incident is there, with who said so; the history shows the one before", async () => {
  await publish(device, facePossible, "n01", await possible("m2"));
  assert.is((await view("m2")).history[0]?.verdict?.status, "rejected");
  const ask = { status: "confirmed", reason: "it is her: scar, and she said so", version: 1 };
  const answer = (await office.call("bob", "/api/faces/matches/m2/verdict", ask)).body as FaceMatchView;
  assert.is(answer.incident, "face-m2");
  const { body } = await office.call("ann", "/api/incidents/face-m2");
  const { incident, timeline } = body as { incident: IncidentState; timeline: { by: string; text: string }[] };
  assert.is(incident.kind, "face");
  assert.ok(timeline.some(({ by, text }) => by === "bob" && text.includes("confirmed")));
  const { calls } = (await office.call("ann", "/api/backup")).body as { calls: BackupState[] };
  const call = calls.find((each) => each.incident === "face-m2");
  assert.match(call?.why ?? "none", "possible match confirmed by bob");
  assert.is(calls.length, 1, "the rejected one called nobody");
});

test("who escalated does not decide afterwards; somebody else does", async () => {
  await publish(device, facePossible, "n01", await possible("m3"));
  await view("m3");
  const said = (user: string, status: string, version: number) =>
    office.call(user, "/api/faces/matches/m3/verdict", { status, reason: "not sure", version });
  assert.is((await said("bob", "escalated", 1)).status, 200);
  assert.is((await said("bob", "confirmed", 2)).status, 422);
  assert.is((await said("ann", "rejected", 2)).status, 200);
});

test("a probe that is altered, or sealed to somebody else, is not shown as one", async () => {
  const x = (await orderOf("key")).x;
  const sealed = await seal("m4", x);
  const bits = Buffer.from(sealed.split(".")[3]!, "base64url");
  bits[5] = bits[5]! ^ 1;
  const parts = sealed.split(".");
  parts[3] = bits.toString("base64url");
  await publish(device, facePossible, "n01", await possible("m4", { probe: parts.join(".") }));
  await publish(device, facePossible, "n01", await possible("m5", { probe: await seal("m4", x) }));
  for (const match of ["m4", "m5"]) assert.is((await view(match)).match.hasProbe, false, match);
});

test("enrolment, each look of a device, each look of a person and each verdict stand on a whole chain", async () => {
  const { entries, chain } = (await office.call("bob", "/api/faces/audit")).body as FaceAudit;
  assert.is(chain.ok, true);
  const texts = entries.map(({ text }) => text);
  for (const what of [
    /eve enrolled list missing/,
    /n01 compared 200 faces \(20 tracks\) with missing/,
    /bob looked at its probe/,
    /bob looked at the picture of p1/,
    /bob rejected the match with p1: not them/,
    /bob confirmed/,
  ])
    assert.ok(
      texts.some((text) => what.test(text)),
      String(what),
    );
  assert.not.ok(JSON.stringify(entries).includes(embeddingText(0.25).slice(0, 60)), "and no embedding");
});

test("replaced by a new version: an open match under the one before is gone from the queue at once, and confirming it is refused", async () => {
  await publish(device, facePossible, "n01", await possible("m7"));
  assert.is((await view("m7")).match.status, "open");
  const jws = await sign(makeList(police.authority, { purpose: "still missing" }), police);
  const enrolled = await office.call("eve", "/api/faces/lists", { jws, pictures: { p1: pictureOf("p1") } });
  assert.is(enrolled.status, 200);
  const { match, entries } = await view("m7");
  assert.equal([match.status, match.hasProbe], ["expired", false]);
  assert.ok(entries.some(({ text }) => /another version of list missing/.test(text)));
  const ask = { status: "confirmed", reason: "it is her", version: match.version };
  assert.is((await office.call("bob", "/api/faces/matches/m7/verdict", ask)).status, 409);
  ({ sha256 } = enrolled.body as FaceListView);
});

test("revoked: the device is told at once, pictures and probes under the list are gone, a late match under it is not shown", async () => {
  assert.is(
    (
      await office.call("eve", "/api/faces/lists/missing/revoke", {
        jws: await sign(revocationOf(police.authority), stranger),
      })
    ).status,
    422,
  );
  const ask = { jws: await sign(revocationOf(police.authority), police) };
  const before = orders.length;
  const revoked = (await office.call("eve", "/api/faces/lists/missing/revoke", ask)).body as FaceListView;
  assert.equal([revoked.state, revoked.pictures, revoked.revoked?.why], ["revoked", 0, "found"]);
  await orderOf("revoke", before);
  for (const match of ["m2", "m3"]) assert.is((await view(match)).match.hasProbe, false, match);
  await publish(device, facePossible, "n01", await possible("m6"));
  assert.match((await view("m6")).entries[0]!.text, "is revoked meanwhile");
  const again = await office.call("eve", "/api/faces/lists", { jws: await sign(makeList(police.authority), police) });
  assert.match((again.body as { error: string }).error, /revoked/);
});

test("a device that was away gets the revocation when it comes back, also after the gateway's restart; its receipt closes the matter", async () => {
  await device.endAsync();
  await office.restart();
  orders.length = 0;
  device = await joinBroker(office.gateway.ports.mqtt, "n01", { clean: false });
  device.on("message", (topic, payload) => {
    if (topic.endsWith("face/order")) void read(payload);
  });
  await device.subscribeAsync(filterOf(faceOrder, SITE, "n01"), { qos: 1 });
  await say({ lists: [{ id: "missing", sha256, inForce: true, why: [] }] });
  await orderOf("revoke");
  assert.not.ok(orders.some(({ order }) => order === "put"));
  const receipt = {
    v: 1 as const,
    list: "missing",
    fileSha256: sha256,
    because: "revoked" as const,
    at: inDays(0),
    node: "n01",
  };
  for (const _ of [1, 2])
    await publish(device, faceReceipt, "n01", { ...envelope("n01"), receipt, receiptSha256: "a".repeat(64) });
  await say({ comparing: false, why: "holds no list", revoked: ["missing"] });
  const lists = await until("the receipt", async () => {
    const { body } = await office.call("bob", "/api/faces/lists");
    const [list] = (body as { lists: FaceListView[] }).lists;
    return list?.devices[0]?.receiptAt && !list.devices[0].holds ? list : undefined;
  });
  assert.is(lists.state, "revoked");
  const { entries } = (await office.call("bob", "/api/faces/audit")).body as FaceAudit;
  assert.is(entries.filter(({ kind }) => kind === "receipt").length, 1, "said twice, recorded once");
});

test.run();
