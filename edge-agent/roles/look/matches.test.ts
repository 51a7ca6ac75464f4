/** What a device says of the people who pass, and what it keeps to itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compactDecrypt } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { faceLooked, facePossible } from "#contract/face.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { embeddingToText } from "../../devices/faces/embedding-text.ts";

import {
  embedding,
  gatewayKey,
  gatewayX,
  makeList,
  pass,
  police,
  putList,
  revocation,
  until,
  withDevice,
} from "./testing.ts";

test("a signed list arrives, the listed person passes: one possible match, sealed so that the gateway alone sees it", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "key", x: gatewayX });
    await putList(made);
    await pass(made, 1.2);
    await pass(made, 2.5);
    const match = await until("the match", () => made.of(facePossible)[0]);
    assert.equal([match.person, match.list.id, match.looks, match.camera], ["p1", "missing", 3, "front"]);
    assert.ok(Math.abs(match.score.distance - 0.2) < 1e-6);
    assert.equal([match.place?.lat, match.place?.lon], [40.5, -79.5]);
    // The box's middle is 10 px left of the picture's: 6.6 degrees of a 60-degree camera that looks east.
    assert.ok(Math.abs(match.bearingDeg! - (90 - 6.59)) < 0.01, String(match.bearingDeg));
    const { plaintext } = await compactDecrypt(match.probe!, gatewayKey.privateKey);
    const probe = JSON.parse(new TextDecoder().decode(plaintext)) as { match: string; chipJpeg: string };
    assert.is(probe.match, match.match);
    assert.is(Buffer.from(probe.chipJpeg, "base64").readUInt16BE(0), 0xffd8, "a JPEG");
    assert.is(made.of(facePossible).length, 1, "the other one was nobody");
  });
});

test("rejected by a person: the pair is not said again, and its embedding is in no file", async () => {
  await withDevice({}, async (made) => {
    await putList(made);
    const notThem = { match: "m1", list: "missing", person: "p1", spread: 0, until: "2026-11-22T13:00:00Z" };
    await made.order({ order: "suppress", suppression: { ...notThem, embedding: embeddingToText(embedding(1.4)) } });
    await made.state("the suppression", ({ suppressed }) => suppressed.includes("m1"));
    await pass(made, 1.35);
    assert.equal(made.of(facePossible), []);
    const files = readdirSync(made.folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    assert.ok(files.length > 0);
    for (const { parentPath, name } of files)
      assert.not.ok(readFileSync(join(parentPath, name)).includes(embeddingToText(embedding(1.4)).slice(0, 12)), name);
    made.clock.ns += 3_601_000_000_000n;
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("its end", ({ suppressed }) => suppressed.length === 0);
    await pass(made, 1.35);
    await until("the match", () => made.of(facePossible)[0]);
  });
});

test("every look is told: faces, tracks and outcomes, and nothing of a face", async () => {
  await withDevice({}, async (made) => {
    await putList(made);
    await pass(made, 2.5);
    await pass(made, 1.2);
    await made.show(0, 60);
    const [looked] = await until("the account", () => made.of(faceLooked).length > 0 && made.of(faceLooked));
    const { facesSeen, tracks, possible, unknown, undecided, lists } = looked!;
    assert.equal([facesSeen, tracks, possible, unknown, undecided], [6, 2, 1, 1, 0]);
    assert.is(lists[0]?.id, "missing");
  });
});

test("who is being looked at while the lists are loaded again keeps their looks; a track has one outcome", async () => {
  await withDevice({}, async (made) => {
    const jws = await putList(made);
    await made.show(120);
    await made.show(120);
    await made.order({ order: "put", jws });
    await made.order({ order: "key", x: gatewayX });
    await made.state("the key", ({ sealedTo }) => sealedTo !== undefined);
    await made.show(120);
    assert.is((await until("the match", () => made.of(facePossible)[0])).looks, 3);
    await made.show(0, 60);
    const looked = await until("the account", () => made.of(faceLooked)[0]);
    assert.equal([looked.facesSeen, looked.tracks, looked.possible], [3, 1, 1]);
  });
});

test("who is being looked at when the lists change is undecided: over all accounts the outcomes add up to the tracks", async () => {
  await withDevice({}, async (made) => {
    await putList(made);
    await made.show(120);
    await made.order({ order: "put", jws: await sign(makeList({ id: "second" }), police) });
    await made.state("both in force", ({ lists }) => lists.filter((list) => list.inForce).length === 2);
    await pass(made, 2.5);
    await made.order({ order: "revoke", jws: await sign(revocation, police) });
    await made.state("the second alone", ({ lists }) => lists.length === 1);
    await made.show(120);
    await made.show(0, 60);
    const accounts = await until("three accounts", () => made.of(faceLooked).length === 3 && made.of(faceLooked));
    assert.equal(
      accounts.map(({ lists, tracks, undecided, unknown, possible }) => [
        lists.map(({ id }) => id).join(),
        [tracks, undecided, unknown, possible],
      ]),
      [
        ["missing", [1, 1, 0, 0]],
        ["missing,second", [1, 0, 1, 0]],
        ["second", [1, 0, 0, 1]],
      ],
    );
  });
});

test.run();
