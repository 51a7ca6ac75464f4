/** A possible match from a device's message to a person's verdict, over the real broker and the real API; the device is a client that speaks its channels. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { calculateJwkThumbprint } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BackupState } from "#contract/backup.ts";
import { faceLooked } from "#contract/face.ts";
import type { FaceAudit, FaceListView, FaceMatchView, FacesView } from "#contract/face-api.ts";
import { type IncidentState, incidentState } from "#contract/incident.ts";
import { filterOf } from "#contract/topics.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { envelope, publish, SITE, until } from "../testing.ts";
import { embeddingText, inDays, makeAuthority, makeList, pictureOf } from "./testing.ts";
import { type Desk, openDesk, SECRET } from "./testing-desk.ts";

const police = await makeAuthority("k1", "Police of Testville");
const stranger = await makeAuthority("k9", "Police of Testville");
let desk: Desk;
let jwsOfList = "";

test.before(async () => {
  desk = await openDesk([police]);
});
test.after(() => desk.close());

test("a device that says what it holds gets the key to seal probes to", async () => {
  await desk.say();
  const { x } = await desk.orderOf("key");
  assert.is((await calculateJwkThumbprint({ kty: "OKP", crv: "X25519", x })).length, 43);
});

test("a list is enrolled by an administrator only, with the authority's signature and the signed picture", async () => {
  const list = makeList(police.authority);
  const ask = { jws: await sign(list, police), pictures: { p1: pictureOf("p1") } };
  assert.is((await desk.office.call("bob", "/api/faces/lists", ask)).status, 403);
  const refusals: [object, RegExp][] = [
    [{ jws: await sign(list, stranger) }, /not signed by the key it names|not trusted/],
    [{ ...ask, pictures: { p1: pictureOf("another") } }, /not the picture that the signature names/],
    [{ jws: await sign(makeList(police.authority, { end: inDays(60) }), police) }, /too long/],
    [{ jws: await sign(makeList(police.authority, { start: inDays(-9), end: inDays(-1) }), police) }, /expired/],
    [{ jws: await sign(makeList(police.authority, { embedderSha256: "0".repeat(64) }), police) }, /another face model/],
  ];
  for (const [body, why] of refusals) {
    const answer = await desk.office.call("eve", "/api/faces/lists", body);
    assert.is(answer.status, 422);
    assert.match((answer.body as { error: string }).error, why);
  }
  const people = Array.from({ length: 40 }, (_, i) => ({ ...list.people[0]!, person: `p${i}` }));
  const large = await desk.office.call("eve", "/api/faces/lists", { jws: await sign({ ...list, people }, police) });
  assert.match((large.body as { error: string }).error, /too large: 40 people are more than the 12/);
  const enrolled = await desk.office.call("eve", "/api/faces/lists", ask);
  jwsOfList = ask.jws;
  assert.is(enrolled.status, 200);
  desk.sha256 = (enrolled.body as FaceListView).sha256;
  assert.equal([(enrolled.body as FaceListView).state, (enrolled.body as FaceListView).pictures], ["inForce", 1]);
});

test("the device that lacks the list gets it at once, and not again when it holds it", async () => {
  const { jws } = await desk.orderOf("put");
  assert.match(jws, /^eyJ/);
  const before = desk.orders.length;
  await desk.say({ lists: [{ id: "missing", sha256: desk.sha256, inForce: true, why: [] }] });
  await until("the list's device", async () => {
    const { body } = await desk.office.call("bob", "/api/faces/lists");
    return (body as { lists: FaceListView[] }).lists[0]?.devices[0]?.inForce;
  });
  assert.equal(
    desk.orders.slice(before).filter(({ order }) => order === "put"),
    [],
  );
});

test("a possible match is there for reviewers with probe, gallery picture and known error; nothing else has happened", async () => {
  const before = desk.heard.length;
  await desk.see("m1");
  const { match } = await desk.view("m1");
  assert.equal([match.status, match.person, match.hasProbe, match.hasGallery], ["open", "p1", true, true]);
  assert.ok(match.knownError.some((line) => /in up to 0\.43 % of cases/.test(line)));
  assert.ok(match.knownError.some((line) => /Of 27 pairs of different people .* 5 were as near/.test(line)));
  assert.ok(match.knownError.some((line) => /demographic group: not measured/.test(line)));
  assert.is((await desk.office.call("bob", "/api/faces/matches/m1/probe")).bytes.toString(), SECRET);
  assert.is((await desk.office.call("bob", "/api/faces/matches/m1/gallery")).bytes.toString(), "what p1 looks like");
  const { body } = await desk.office.call("ann", "/api/incidents");
  assert.equal((body as { incidents: IncidentState[] }).incidents, [], "no incident, so nobody is called or sent");
  assert.equal(desk.heard.slice(before), [], "and nothing is said to the device");
});

test("the pilot sees no faces, and without a log-in nobody does", async () => {
  assert.is((await desk.office.call("pam", "/api/faces/matches/m1/probe")).status, 403);
  assert.is((await fetch(`http://127.0.0.1:${desk.office.gateway.ports.http}/api/faces/matches/m1/probe`)).status, 401);
});

test("on disk neither the probe nor the list's embeddings lie in the clear", () => {
  const files = readdirSync(desk.office.folder, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
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
  await desk.see("m1");
  await desk.see("m0", { list: { id: "other", sha256: desk.sha256, people: 1 } });
  const { match, entries } = await desk.view("m0");
  assert.equal([match.status, match.hasProbe], ["expired", false]);
  assert.match(entries[0]!.text, "never enrolled");
  const { body } = await desk.office.call("bob", "/api/faces/matches?status=open");
  assert.is((body as { total: number }).total, 1);
});

test("rejected: the pair is suppressed on the device, no incident is opened, and it counts once per alert and per face seen", async () => {
  await publish(desk.device, faceLooked, "n01", {
    ...envelope("n01"),
    from: inDays(0),
    until: inDays(0),
    camera: "front",
    lists: [{ id: "missing", sha256: desk.sha256 }],
    facesSeen: 200,
    tracks: 20,
    possible: 1,
    unknown: 18,
    undecided: 1,
    suppressed: 0,
  });
  const ask = { status: "rejected", reason: "not them: another nose", version: 1 };
  assert.is((await desk.office.call("bob", "/api/faces/matches/m1/verdict", { ...ask, reason: " " })).status, 400);
  assert.is((await desk.office.call("bob", "/api/faces/matches/m1/verdict", { ...ask, version: 7 })).status, 409);
  assert.is((await desk.office.call("bob", "/api/faces/matches/m1/verdict", ask)).status, 200);
  const { suppression } = await desk.orderOf("suppress");
  assert.equal([suppression.match, suppression.list, suppression.person], ["m1", "missing", "p1"]);
  assert.is(suppression.embedding, embeddingText(0.25));
  assert.is((await desk.office.call("ann", "/api/faces/matches/m1/verdict", { ...ask, version: 2 })).status, 409);
  const { body } = await desk.office.call("ann", "/api/incidents");
  assert.equal((body as { incidents: IncidentState[] }).incidents, []);
  const faces = (await desk.office.call("bob", "/api/faces")).body as FacesView;
  assert.equal([faces.falseAlertsPerFaceSeen.events, faces.falseAlertsPerFaceSeen.of], [1, 200]);
  assert.equal([faces.falseAlertsPerAlert.events, faces.falseAlertsPerAlert.of], [1, 1]);
});

test("confirmed by a person: now an incident is there, with who said so; the history shows the one before", async () => {
  const states: IncidentState[] = [];
  desk.device.on("message", (topic, payload) => {
    if (topic.endsWith(incidentState.name)) states.push(JSON.parse(payload.toString()) as IncidentState);
  });
  await desk.device.subscribeAsync(filterOf(incidentState, SITE), { qos: 1 });
  await desk.see("m2");
  assert.is((await desk.view("m2")).history[0]?.verdict?.status, "rejected");
  const ask = { status: "confirmed", reason: "it is her: scar, and she said so", version: 1 };
  const answer = (await desk.office.call("bob", "/api/faces/matches/m2/verdict", ask)).body as FaceMatchView;
  assert.is(answer.incident, "face-m2");
  const { body } = await desk.office.call("ann", "/api/incidents/face-m2");
  const { incident, timeline } = body as { incident: IncidentState; timeline: { by: string; text: string }[] };
  assert.is(incident.kind, "face");
  assert.ok(timeline.some(({ by, text }) => by === "bob" && text.includes("confirmed")));
  const { calls } = (await desk.office.call("ann", "/api/backup")).body as { calls: BackupState[] };
  const call = calls.find((each) => each.incident === "face-m2");
  assert.is(call?.why, "possible match confirmed by bob");
  assert.is(calls.length, 1, "the rejected one called nobody");
  const again = { status: "confirmed", reason: "the scar again", version: incident.version };
  assert.is((await desk.office.call("ann", "/api/incidents/face-m2/verdict", again)).status, 200);
  const words = async (user: string) => {
    const bodies = ["/api/incidents/face-m2", "/api/incidents", "/api/backup"].map((path) =>
      desk.office.call(user, path),
    );
    return JSON.stringify((await Promise.all(bodies)).map(({ body }) => body)).split("scar").length - 1;
  };
  assert.ok(
    (await words("ann")) >= 4 && (await words("bob")) >= 4,
    "in the record's report and verdict, and in the state",
  );
  assert.equal([await words("pam"), await words("tom")], [0, 0], "pilot and technician read none of it");
  const { calls: read } = (await desk.office.call("tom", "/api/backup")).body as { calls: BackupState[] };
  assert.equal(read, [], "nor why anybody was called");
  const said = await until("the verdict on the bus", () => states.find(({ status }) => status === "confirmed"));
  assert.equal([said.incident, said.verdict?.by, JSON.stringify(states).includes("scar")], ["face-m2", "ann", false]);
});

test("who escalated does not decide afterwards; somebody else does", async () => {
  await desk.see("m3");
  await desk.view("m3");
  const said = (user: string, status: string, version: number) =>
    desk.office.call(user, "/api/faces/matches/m3/verdict", { status, reason: "not sure", version });
  assert.is((await said("bob", "escalated", 1)).status, 200);
  assert.is((await said("bob", "confirmed", 2)).status, 422);
  assert.is((await said("ann", "rejected", 2)).status, 200);
});

test("a probe that is altered, or sealed to somebody else, is not shown as one", async () => {
  const x = (await desk.orderOf("key")).x;
  const sealed = await desk.seal("m4", x);
  const bits = Buffer.from(sealed.split(".")[3]!, "base64url");
  bits[5] = bits[5]! ^ 1;
  const parts = sealed.split(".");
  parts[3] = bits.toString("base64url");
  await desk.see("m4", { probe: parts.join(".") });
  await desk.see("m5", { probe: await desk.seal("m4", x) });
  for (const match of ["m4", "m5"]) assert.is((await desk.view(match)).match.hasProbe, false, match);
});

test("enrolment, each look of a device, each look of a person and each verdict stand on a whole chain", async () => {
  const { entries, chain } = (await desk.office.call("bob", "/api/faces/audit")).body as FaceAudit;
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

test.run();
