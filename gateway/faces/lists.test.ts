/** A list that is replaced or revoked: what becomes of matches under it, and of devices that were away. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { faceReceipt } from "#contract/face.ts";
import type { FaceAudit, FaceListView } from "#contract/face-api.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { envelope, publish, until } from "../testing.ts";
import { inDays, makeAuthority, makeList, revocationOf } from "./testing.ts";
import { type Desk, openDesk } from "./testing-desk.ts";

const police = await makeAuthority("k1", "Police of Testville");
const stranger = await makeAuthority("k9", "Police of Testville");
let desk: Desk;

test.before(async () => {
  desk = await openDesk([police]);
  await desk.say();
  await desk.enrol(police);
});
test.after(() => desk.close());

test("replaced by a new version: an open match under the one before is gone from the queue at once, and confirming it is refused", async () => {
  await desk.see("m7");
  assert.is((await desk.view("m7")).match.status, "open");
  const before = desk.sha256;
  await desk.enrol(police, { purpose: "still missing" });
  assert.is.not(desk.sha256, before);
  const { match, entries } = await desk.view("m7");
  assert.equal([match.status, match.hasProbe], ["expired", false]);
  assert.ok(entries.some(({ text }) => /another version of list missing/.test(text)));
  const ask = { status: "confirmed", reason: "it is her", version: match.version };
  assert.is((await desk.office.call("bob", "/api/faces/matches/m7/verdict", ask)).status, 409);
});

test("revoked: the device is told at once, pictures and probes under the list are gone, a late match under it is not shown", async () => {
  for (const match of ["m2", "m3"]) {
    await desk.see(match);
    assert.is((await desk.view(match)).match.hasProbe, true, match);
  }
  const confirmed = { status: "confirmed", reason: "it is her", version: 1 };
  assert.is((await desk.office.call("bob", "/api/faces/matches/m2/verdict", confirmed)).status, 200);
  assert.is(
    (
      await desk.office.call("eve", "/api/faces/lists/missing/revoke", {
        jws: await sign(revocationOf(police.authority), stranger),
      })
    ).status,
    422,
  );
  const ask = { jws: await sign(revocationOf(police.authority), police) };
  const before = desk.orders.length;
  const revoked = (await desk.office.call("eve", "/api/faces/lists/missing/revoke", ask)).body as FaceListView;
  assert.equal([revoked.state, revoked.pictures, revoked.revoked?.why], ["revoked", 0, "found"]);
  await desk.orderOf("revoke", before);
  for (const match of ["m2", "m3"]) assert.is((await desk.view(match)).match.hasProbe, false, match);
  await desk.see("m6");
  assert.match((await desk.view("m6")).entries[0]!.text, "is revoked meanwhile");
  const again = await desk.office.call("eve", "/api/faces/lists", {
    jws: await sign(makeList(police.authority), police),
  });
  assert.match((again.body as { error: string }).error, /revoked/);
});

test("a device that was away gets the revocation when it comes back, also after the gateway's restart; its receipt closes the matter", async () => {
  await desk.device.endAsync();
  await desk.office.restart();
  desk.orders.length = 0;
  await desk.joinAgain();
  await desk.say({ lists: [{ id: "missing", sha256: desk.sha256, inForce: true, why: [] }] });
  await desk.orderOf("revoke");
  assert.not.ok(desk.orders.some(({ order }) => order === "put"));
  const receipt = {
    v: 1 as const,
    list: "missing",
    fileSha256: desk.sha256,
    because: "revoked" as const,
    at: inDays(0),
    node: "n01",
  };
  for (const _ of [1, 2])
    await publish(desk.device, faceReceipt, "n01", { ...envelope("n01"), receipt, receiptSha256: "a".repeat(64) });
  await desk.say({ comparing: false, why: "holds no list", revoked: ["missing"] });
  const lists = await until("the receipt", async () => {
    const { body } = await desk.office.call("bob", "/api/faces/lists");
    const [list] = (body as { lists: FaceListView[] }).lists;
    return list?.devices[0]?.receiptAt && !list.devices[0].holds ? list : undefined;
  });
  assert.is(lists.state, "revoked");
  const { entries } = (await desk.office.call("bob", "/api/faces/audit")).body as FaceAudit;
  assert.is(entries.filter(({ kind }) => kind === "receipt").length, 1, "said twice, recorded once");
});

test.run();
