/** Signed lists on a device's disk: what loads, what does not, and what is left of a revoked one. */
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nsOfUtc } from "#contract/units.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { list, now, nowNs, other, police, revocation, trusted } from "./testing-lists.ts";
import { openWatchlistStore } from "./watchlist-store.ts";

const folders: string[] = [];
function makeStore() {
  const folder = mkdtempSync(join(tmpdir(), "watchlist-"));
  folders.push(folder);
  return { folder, store: openWatchlistStore(folder, "robot1", trusted) };
}
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("a kept list loads, finds its person, and is readable by its owner only", async () => {
  const { folder, store } = makeStore();
  assert.equal(await store.put(await sign(list, police), nowNs), { kind: "kept", id: "missing" });
  const { loaded, refused } = await store.load(now);
  assert.equal(refused, []);
  const [found] = loaded[0]!.gallery.nearest(new Float32Array(EMBEDDING).fill(0.125));
  assert.is(found?.person, "p1");
  assert.ok(Math.abs((found?.distance ?? 0) - 0.2) < 1e-6);
  assert.is(statSync(join(folder, "lists", "missing.jws")).mode & 0o077, 0);
});

test("while lists are loaded again those in force stay so; the galleries before are wiped when the new ones are there", async () => {
  const { store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  const [before] = (await store.load(now)).loaded;
  const loading = store.load(now);
  const distances: number[] = [];
  let over = false;
  void loading.then(() => {
    over = true;
  });
  while (!over) {
    distances.push(store.inForce()[0]?.gallery.nearest(new Float32Array(EMBEDDING).fill(0.125))[0]?.distance ?? -1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(distances.length >= 2);
  for (const each of distances) assert.ok(Math.abs(each - 0.2) < 1e-6, String(distances));
  assert.is(before!.gallery.nearest(new Float32Array(EMBEDDING))[0]!.distance, 0, "the gallery before holds zeros");
});

test("a file changed on the disk does not load, and the next list does", async () => {
  const { folder, store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  await store.put(await sign({ ...list, id: "second" }, police), nowNs);
  writeFileSync(join(folder, "lists", "missing.jws"), JSON.stringify(list));
  const { loaded, refused } = await store.load(now);
  assert.equal(
    loaded.map((each) => each.list.id),
    ["second"],
  );
  assert.match(refused[0]!.why.join(), "unsigned");
});

test("out of its area a list stays on the disk and does not load", async () => {
  const { folder, store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  const { loaded, refused } = await store.load({ ...now, here: { lat: 42, lon: -79.5 } });
  assert.is(loaded.length, 0);
  assert.match(refused[0]!.why.join(), "out of its area");
  assert.ok(existsSync(join(folder, "lists", "missing.jws")));
});

test("an expired list is deleted with a receipt", async () => {
  const { folder, store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  const { refused } = await store.load({ ...now, nowNs: nsOfUtc(list.end) });
  assert.match(refused[0]!.why.join(), "expired");
  assert.equal(readdirSync(join(folder, "lists")), []);
  assert.is(store.receipts()[0]?.receipt.because, "expired");
});

test("revoked: gone from memory and disk, with a receipt that names the file's hash; a copy delivered later is refused", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  await store.put(jws, nowNs);
  const { loaded } = await store.load(now);
  const revoked = await store.revoke(await sign(revocation, police), nowNs);
  assert.is(revoked.kind, "deleted");
  const nobody = loaded[0]!.gallery.nearest(new Float32Array(EMBEDDING));
  assert.is(nobody[0]!.distance, 0, "the gallery holds zeros");
  assert.equal(readdirSync(join(folder, "lists")), []);
  const receipt = store.receipts()[0]?.receipt;
  assert.is(receipt?.fileSha256, createHash("sha256").update(jws).digest("hex"));
  assert.equal([receipt?.list, receipt?.because, receipt?.node], ["missing", "revoked", "robot1"]);
  assert.equal(await store.put(jws, nowNs), { kind: "refused", why: ["revoked"] });
  assert.equal((await store.load(now)).loaded, []);
});

test("what was deleted is overwritten first: another name of the same file holds zeros", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  await store.put(jws, nowNs);
  const other = join(folder, "other-name");
  linkSync(join(folder, "lists", "missing.jws"), other);
  await store.revoke(await sign(revocation, police), nowNs);
  const left = readFileSync(other);
  assert.is(left.length, jws.length);
  assert.ok(left.every((byte) => byte === 0));
});

test("replaced by a new version: the old file is overwritten, with a receipt; the same version again changes nothing", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  await store.put(jws, nowNs);
  const other = join(folder, "other-name");
  linkSync(join(folder, "lists", "missing.jws"), other);
  await store.put(jws, nowNs);
  assert.equal([store.receipts().length, readFileSync(other, "utf8")], [0, jws]);
  const next = await sign({ ...list, purpose: "still missing" }, police);
  assert.equal(await store.put(next, nowNs), { kind: "kept", id: "missing" });
  const left = readFileSync(other);
  assert.is(left.length, jws.length);
  assert.ok(left.every((byte) => byte === 0));
  assert.equal(readdirSync(join(folder, "lists")), ["missing.jws"]);
  assert.is(readFileSync(join(folder, "lists", "missing.jws"), "utf8"), next);
  const [{ receipt }] = store.receipts() as [ReturnType<typeof store.receipts>[number]];
  assert.equal([receipt.because, receipt.fileSha256], ["replaced", createHash("sha256").update(jws).digest("hex")]);
});

test("what a power cut leaves of a delivery is overwritten and gone: a new file at the next start, and when its list is revoked", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  const half = join(folder, "lists", "missing.jws.new");
  const other = join(folder, "other-name");
  for (const end of [
    async () => void openWatchlistStore(folder, "robot1", trusted),
    async () => assert.is((await store.revoke(await sign(revocation, police), nowNs)).kind, "deleted"),
  ]) {
    writeFileSync(half, jws);
    linkSync(half, other);
    await end();
    assert.not.ok(existsSync(half));
    assert.ok(readFileSync(other).every((byte) => byte === 0));
    rmSync(other);
  }
});

test("a power cut while a list is replaced: before the new one was in place the old one is in force again, after it the old one goes with a receipt", async () => {
  const { folder } = makeStore();
  const [jws, next] = [await sign(list, police), await sign({ ...list, purpose: "still missing" }, police)];
  const file = (name: string) => join(folder, "lists", name);
  writeFileSync(file("missing.jws.old"), jws);
  writeFileSync(file("missing.jws.new"), next);
  const first = openWatchlistStore(folder, "robot1", trusted);
  assert.is((await first.load(now)).loaded[0]?.list.purpose, list.purpose);
  assert.equal([readdirSync(join(folder, "lists")), first.receipts()], [["missing.jws"], []]);
  writeFileSync(file("missing.jws.old"), jws);
  writeFileSync(file("missing.jws"), next);
  const second = openWatchlistStore(folder, "robot1", trusted);
  assert.is((await second.load(now)).loaded[0]?.list.purpose, "still missing");
  assert.equal(readdirSync(join(folder, "lists")), ["missing.jws"]);
  assert.is(second.receipts()[0]?.receipt.because, "replaced");
});

test("two lists in force share one threshold, that of all their people; what would be too many together stays out", async () => {
  const { store } = makeStore();
  const people = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...list.people[0]!, person: `${prefix}${i}` }));
  await store.put(await sign({ ...list, id: "a", people: people("a", 3) }, police), nowNs);
  const alone = (await store.load(now)).loaded[0]!.rule;
  await store.put(await sign({ ...list, id: "b", people: people("b", 9) }, police), nowNs);
  await store.put(await sign({ ...list, id: "c", people: people("c", 1) }, police), nowNs);
  const { loaded, refused } = await store.load(now);
  assert.equal(
    loaded.map(({ list: each, rule }) => [each.id, rule.listSize]),
    [
      ["a", 12],
      ["b", 12],
    ],
  );
  assert.ok(loaded[0]!.rule.thresholdDistance < alone.thresholdDistance);
  assert.equal(
    refused.map(({ id }) => id),
    ["c"],
  );
  assert.match(refused[0]!.why.join(), "together with the other lists");
});

test("with a clock that is not synchronised no list is in force, and none is deleted as expired", async () => {
  const { folder, store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  const { loaded } = await store.load({ ...now, nowNs: nsOfUtc("2099-01-01T00:00:00Z"), timeSure: false });
  assert.equal(loaded, []);
  assert.equal(readdirSync(join(folder, "lists")), ["missing.jws"]);
});

test("revoked while the device was off: the list does not survive the next start", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  await store.revoke(await sign(revocation, police), nowNs);
  // A copy from a backup, put beside the revocation by hand.
  writeFileSync(join(folder, "lists", "missing.jws"), jws);
  const again = openWatchlistStore(folder, "robot1", trusted);
  assert.equal((await again.load(now)).loaded, []);
  assert.equal(readdirSync(join(folder, "lists")), []);
  assert.is(again.receipts().length, 2);
});

test("nobody else's key, and no unsigned message, removes a list", async () => {
  const { store } = makeStore();
  await store.put(await sign(list, police), nowNs);
  const foreign = await store.revoke(await sign({ ...revocation, authority: other.authority }, other), nowNs);
  assert.is(foreign.kind, "refused");
  assert.is((await store.revoke(JSON.stringify(revocation), nowNs)).kind, "refused");
  assert.is((await store.load(now)).loaded.length, 1);
});

test("nobody else's list of the same id replaces one", async () => {
  const { folder, store } = makeStore();
  const jws = await sign(list, police);
  await store.put(jws, nowNs);
  const foreign = await store.put(await sign({ ...list, authority: other.authority }, other), nowNs);
  assert.equal(foreign, {
    kind: "refused",
    why: ['id: list missing is that of "Police of Brownsville", not of "Police of Greensburg"'],
  });
  assert.equal([readFileSync(join(folder, "lists", "missing.jws"), "utf8"), store.receipts()], [jws, []]);
});

test("receipts are a chain: each holds the hash of the line before", async () => {
  const { folder, store } = makeStore();
  await store.revoke(await sign(revocation, police), nowNs);
  await store.revoke(await sign({ ...revocation, list: "second" }, police), nowNs);
  const lines = readFileSync(join(folder, "receipts.jsonl"), "utf8").trimEnd().split("\n");
  const [first, second] = store.receipts().map((each) => each.receipt);
  assert.is(first?.previousSha256, undefined);
  assert.is(second?.previousSha256, createHash("sha256").update(lines[0]!).digest("hex"));
});

test.run();
