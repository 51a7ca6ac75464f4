import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import type { ClipCut } from "#contract/shot.ts";
import { type Change, type Known, step } from "#core/review/lifecycle.ts";
import { envelope, makeFolder, makeShot } from "../testing.ts";
import { GENESIS, hashOfEntry, sha256Hex } from "./chain.ts";
import { Clips } from "./clips.ts";
import { Incidents } from "./incidents.ts";
import { openDatabase } from "./schema.ts";

interface World {
  db: DatabaseSync;
  file: string;
  incidents: Incidents;
  clips: Clips;
  remove: () => void;
}
const test = suite<World>("incident store", {} as World);
const key = randomBytes(32);

test.before.each((world) => {
  const { folder, remove } = makeFolder();
  world.file = join(folder, "incidents.sqlite");
  world.db = openDatabase(world.file);
  world.incidents = new Incidents(world.db);
  world.clips = new Clips(world.db, world.incidents, key);
  world.remove = remove;
});
test.after.each((world) => {
  if (world.db.isOpen) world.db.close();
  world.remove();
});

const three = [makeShot({ id: "s1" }), makeShot({ id: "s2" }), makeShot({ id: "s3" })];

test("a shot that comes three times, also after a restart, is one entry", (world) => {
  assert.equal(world.incidents.ingest(three[0]!), "taken");
  assert.equal(world.incidents.ingest(three[0]!), "repeat");
  world.db.close();
  world.db = openDatabase(world.file);
  world.incidents = new Incidents(world.db);
  assert.equal(world.incidents.ingest(three[0]!), "repeat");
  assert.equal(world.incidents.record.entries("i1").length, 1);
});

test("three rounds of one burst are one incident with three rounds, versions 1 to 3, each told once", (world) => {
  const told: number[] = [];
  world.incidents.onVersion((state) => told.push(state.version));
  for (const shot of three) world.incidents.ingest(shot);
  const { incidents, total } = world.incidents.list({ limit: 10 });
  assert.equal(total, 1);
  assert.deepEqual([incidents[0]?.rounds.length, incidents[0]?.version], [3, 3]);
  assert.deepEqual(told, [1, 2, 3]);
});

test("the order in which versions arrive does not matter for what stands in the end", (world) => {
  const versions = [1, 2, 3].map((version) => makeShot({ version, probability: version / 10 }));
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const incident = `o${order.join("")}`;
    for (const i of order) world.incidents.ingest({ ...versions[i]!, id: `s-${incident}`, incident });
    assert.equal(world.incidents.state(incident)?.probability, 0.3, incident);
  }
});

test("a shot that a later version moves to another incident leaves the first", (world) => {
  world.incidents.ingest(makeShot({ incident: "a" }));
  world.incidents.ingest(makeShot({ incident: "b", version: 2 }));
  assert.equal(world.incidents.state("a")?.rounds.length, 0);
  assert.match(world.incidents.state("a")?.verdict?.reason ?? "", /now a round of incident b/);
  assert.equal(world.incidents.state("b")?.rounds.length, 1);
});

test("the state's hash is that of the entry that made it, and the record folds to the state again", (world) => {
  for (const shot of three) world.incidents.ingest(shot);
  world.incidents.take("i1", "ann");
  world.incidents.verdict("i1", "ann", { status: "confirmed", reason: "casings found", version: 4 });
  const entries = world.incidents.record.entries("i1");
  const state = world.incidents.state("i1");
  assert.equal(state?.hash, entries.at(-1)?.hash);
  let known: Known | undefined;
  for (const entry of entries) {
    const outcome = step(known, entry.data as Change, entry.at);
    if (outcome.kind === "applied") known = outcome.known;
  }
  assert.deepEqual(
    [known?.version, known?.status, known?.rounds, known?.place],
    [state?.version, state?.status, state?.rounds, state?.place],
  );
});

test("an entry's hash is SHA-256 over its canonical JSON: keys sorted, no spaces", () => {
  const entry = {
    seq: 1,
    at: "t",
    kind: "note" as const,
    by: "ann",
    text: "x",
    data: { b: 1, a: "é" },
    previousHash: GENESIS,
  };
  const canonical = `{"at":"t","by":"ann","data":{"a":"é","b":1},"kind":"note","previousHash":"${GENESIS}","seq":1,"text":"x"}`;
  assert.equal(hashOfEntry(entry), sha256Hex(canonical));
});

test("UPDATE and DELETE on the record fail, whoever asks", (world) => {
  world.incidents.ingest(three[0]!);
  const intruder = new DatabaseSync(world.file);
  for (const sql of [
    "UPDATE entry SET text = 'nothing happened'",
    "DELETE FROM entry",
    "UPDATE ledger SET hash = 'x'",
    "DELETE FROM ledger",
  ]) {
    assert.throws(() => intruder.exec(sql), /the record is append-only/, sql);
  }
  intruder.close();
});

for (const [what, sql, broken] of [
  ["a changed word", "UPDATE entry SET text = 'nothing' WHERE seq = 2", 2],
  ["a changed fact", "UPDATE entry SET data = replace(data, '0.97', '0.10') WHERE seq = 1", 1],
  ["a missing entry", "DELETE FROM entry WHERE seq = 2", 2],
] as const) {
  test(`${what} is found even where the triggers were taken away first`, (world) => {
    for (const shot of three) world.incidents.ingest(shot);
    assert.deepEqual(world.incidents.record.verify("i1"), { ok: true, length: 3 });
    assert.equal(world.incidents.record.verifyAll().ok, true);
    world.db.exec("DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete");
    world.db.exec(sql);
    assert.equal(world.incidents.record.verify("i1").brokenAtSeq, broken);
    assert.equal(world.incidents.record.verifyAll().ok, false);
  });
}

test("a whole incident, or the tail of one, taken away with its triggers is found by the ledger", (world) => {
  world.incidents.ingest(makeShot({ id: "x", incident: "a" }));
  world.incidents.ingest(makeShot({ id: "y", incident: "b" }));
  world.db.exec("DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE incident = 'b'");
  assert.match(world.incidents.record.verifyAll().broken?.why ?? "", /entry 1 is missing/);
});

test("versions that a crash kept from the bus are known until they are said", (world) => {
  world.incidents.ingest(three[0]!);
  assert.equal(world.incidents.unsaid().length, 1);
  world.incidents.markSaid("i1", 1);
  assert.equal(world.incidents.unsaid().length, 0);
  world.incidents.take("i1", "ann");
  assert.deepEqual(
    world.incidents.unsaid().map((state) => state.version),
    [2],
  );
});

test("incidents are listed newest first, page by page, and by status", (world) => {
  for (let i = 1; i <= 5; i++) world.incidents.ingest(makeShot({ id: `s${i}`, incident: `i${i}` }));
  world.incidents.verdict("i4", "ann", { status: "dismissed", reason: "door", version: 1 });
  const ids = (options: { limit: number; before?: string; status?: string }) =>
    world.incidents.list(options).incidents.map((state) => state.incident);
  assert.deepEqual(ids({ limit: 2 }), ["i5", "i4"]);
  assert.deepEqual(ids({ limit: 2, before: "i4" }), ["i3", "i2"]);
  assert.deepEqual(ids({ limit: 9, status: "dismissed" }), ["i4"]);
  assert.equal(world.incidents.list({ limit: 1, status: "unreviewed" }).total, 4);
});

const samples = Buffer.alloc(32_000, 7);
const cut = (over: Partial<ClipCut> = {}): ClipCut => ({
  ...envelope("n01"),
  arrival: "s1-n01",
  incident: "i1",
  start: "2026-11-22T18:04:12.0Z",
  sampleRateHz: 16_000,
  onsetS: 0.4,
  pcm16: samples.toString("base64"),
  pcmSha256: sha256Hex(samples),
  voice: { speechProbability: 0.01, action: "passed" },
  ...over,
});

test("each arrival is asked for once, of the node that heard it; of rejected ones the nearest of a node that was not used", (world) => {
  const rejected = (["n03", "n04", "n04"] as const).map((node, i) => ({
    id: `s1-echo${i}`,
    node,
    why: "echo" as const,
    residualS: [0.084, 0.2, 0.05][i]!,
  }));
  const shot = { ...three[0]!, rejected };
  const wanted = world.clips.ask("i1", [shot]);
  assert.deepEqual([...wanted.values()].flat().sort(), ["s1-echo2", "s1-n01", "s1-n02", "s1-n03"]);
  assert.equal(world.clips.ask("i1", [shot]).size, 0);
  assert.deepEqual(world.clips.missing("n04").get("i1"), ["s1-echo2"]);
});

test("a clip comes out as it went in, lies sealed on disk, and its hash is on the record", (world) => {
  world.incidents.ingest(three[0]!);
  world.clips.ask("i1", [three[0]!]);
  assert.equal(world.clips.store(cut()).kind, "stored");
  assert.equal(world.clips.store(cut()).kind, "repeat");
  assert.ok(world.clips.open("i1", "s1-n01")?.pcm16.equals(samples));
  const { sealed } = world.db.prepare("SELECT sealed FROM clip WHERE arrival = 's1-n01'").get() as {
    sealed: Uint8Array;
  };
  assert.equal(Buffer.from(sealed).includes(samples.subarray(0, 64)), false);
  const facts = world.incidents.record.entries("i1").at(-1)?.data as Partial<ClipCut>;
  assert.equal(facts.pcmSha256, sha256Hex(samples));
  assert.equal(facts.pcm16, undefined);
});

test("clips that are too long, altered, unasked for, or of another node are turned away", (world) => {
  world.incidents.ingest(three[0]!);
  world.clips.ask("i1", [three[0]!]);
  const long = Buffer.alloc(2 * 16_000 * 2 + 2);
  const why = (clip: ClipCut) => {
    const outcome = world.clips.store(clip);
    return outcome.kind === "refused" ? outcome.why : outcome.kind;
  };
  assert.match(why(cut({ pcm16: long.toString("base64"), pcmSha256: sha256Hex(long) })), /longer than 2 s/);
  assert.match(why(cut({ pcmSha256: sha256Hex("other") })), /pcmSha256/);
  assert.match(why(cut({ arrival: "s9" })), /nobody asked/);
  assert.match(why(cut({ node: "n02" })), /is of 'n01'/);
  assert.equal(world.clips.list("i1").length, 0);
});

test("a clip that the voice gate withheld is listed as withheld, with the speech probability on the record", (world) => {
  world.incidents.ingest(three[0]!);
  world.clips.ask("i1", [three[0]!]);
  const withheld = cut({ voice: { speechProbability: 0.93, action: "withheld" } });
  delete withheld.pcm16;
  delete withheld.pcmSha256;
  assert.equal(world.clips.store(withheld).kind, "stored");
  assert.equal(world.clips.list("i1")[0]?.withheld, true);
  assert.match(world.incidents.record.entries("i1").at(-1)?.text ?? "", /withheld its sound: speech \(93 %\)/);
});

test("a sound past its time is gone from the disk; its hash and the deletion stay on the record", (world) => {
  world.incidents.ingest(three[0]!);
  world.clips.ask("i1", [three[0]!]);
  world.clips.store(cut());
  assert.equal(world.clips.expire(Date.now() - 60_000), 0);
  assert.equal(world.clips.expire(Date.now() + 1), 1);
  assert.equal(world.clips.open("i1", "s1-n01"), undefined);
  const texts = world.incidents.record.entries("i1").map((entry) => entry.text);
  assert.match(texts.at(-1) ?? "", /sound of s1-n01 deleted/);
  assert.equal(world.incidents.record.verify("i1").ok, true);
});

test("an incident of a caller opens and moves without a shot, folds to its state again, and a fact with a key stands once", (world) => {
  const place = { lat: 40.1, lon: -80.1, ellipse95: { semiMajorM: 24, semiMinorM: 24, azimuthDeg: 0 } };
  const firedAt = "2026-11-22T18:04:12.000000000Z";
  const opening = {
    incident: "c1",
    of: "caller" as const,
    firedAt,
    probability: 1,
    probabilityKnown: false,
    text: "a caller",
  };
  const versions: number[] = [];
  world.incidents.onVersion(({ version }) => versions.push(version));
  assert.equal(world.incidents.report(opening, "ann").kind, "done");
  assert.equal(world.incidents.place("c1", place, "caller-x", "within 24 m").kind, "done");
  const key = { of: "caller/say", is: "m1" };
  assert.equal(world.incidents.factOnce(key, "c1", "caller", "caller-x", "hello", {})?.seq, 3);
  assert.equal(world.incidents.factOnce(key, "c1", "caller", "caller-x", "hello", {}), undefined);
  assert.equal(world.incidents.factOnce({ of: "a", is: "b" }, "nowhere", "caller", "x", "", {}), undefined);
  assert.deepEqual(versions, [1, 2]);
  const entries = world.incidents.record.entries("c1");
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ["opened", "placed", "caller"],
  );
  let known: Known | undefined;
  for (const { data, at } of entries.slice(0, 2)) {
    const outcome = step(known, data as Change, at);
    if (outcome.kind === "applied") known = outcome.known;
  }
  assert.deepEqual([known?.kind, known?.place, known?.version], ["caller", place, 2]);
  assert.equal(world.incidents.record.verifyAll().ok, true);
});

test.run();
