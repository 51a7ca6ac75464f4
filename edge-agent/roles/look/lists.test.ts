/** Which lists a device compares with, and how soon one is gone. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { facePossible, faceReceipt, faceState } from "#contract/face.ts";
import { sign } from "#contract/watchlist-jws.ts";

import {
  device,
  foreign,
  gatewayX,
  makeList,
  pass,
  police,
  putList,
  revocation,
  type Start,
  until,
  withDevice,
} from "./testing.ts";

test("without lists no face is looked for at all, and without a policy no word about lists is listened to", async () => {
  await withDevice({}, async (made) => {
    await pass(made, 1.2);
    assert.is(made.calls.finder, 0);
    assert.is((await made.state("a state", () => true)).comparing, false);
  });
  await withDevice({ faces: false }, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await pass(made, 1.2);
    assert.equal([made.calls.finder, made.of(faceState).length], [0, 0]);
    assert.not.ok(existsSync(join(made.folder, "lists")));
  });
});

const refusals: [string, Start, () => Promise<string>, RegExp][] = [
  [
    "out of its area",
    { position: { lat: 42, lon: -79.5, altM: 0 } },
    () => sign(makeList(), police),
    /out of its area/,
  ],
  [
    "where the device does not know its place",
    { position: undefined },
    () => sign(makeList(), police),
    /does not know where/,
  ],
  [
    "where the clock is not synchronised",
    { synchronised: false },
    () => sign(makeList(), police),
    /does not know the time/,
  ],
  ["before it starts", {}, () => sign(makeList({ start: "2026-11-23T00:00:00Z" }), police), /not yet in force/],
  [
    "for longer than policy allows",
    {},
    () => sign(makeList({ end: "2027-01-25T00:00:00Z" }), police),
    /too long: 66 days/,
  ],
  [
    "too large",
    {},
    () =>
      sign(
        makeList({ people: Array.from({ length: 13 }, (_, i) => ({ ...makeList().people[0]!, person: `p${i}` })) }),
        police,
      ),
    /too large: 13 people/,
  ],
];
for (const [what, start, jws, why] of refusals)
  test(`a list ${what} is kept, is not in force, and says why`, async () => {
    await withDevice(start, async (made) => {
      await made.order({ order: "put", jws: await jws() });
      const { lists } = await made.state("the list", (state) => state.lists.length > 0);
      assert.is(lists[0]!.inForce, false);
      assert.match(lists[0]!.why.join("; "), why);
      await pass(made, 1);
      assert.is(made.calls.finder, 0);
    });
  });

test("unsigned, or signed by somebody with the same key's name: not even kept", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), foreign) });
    await made.order({ order: "put", jws: "e30.e30." });
    await made.order({ order: "key", x: gatewayX });
    await made.state("the key", ({ sealedTo }) => sealedTo !== undefined);
    assert.equal(readdirSync(join(made.folder, "lists", "lists")), []);
  });
});

test("expired with the link down: at the next start it is deleted, nobody is compared, and the receipt comes when the link does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "look-"));
  try {
    const first = await device({ folder });
    await putList(first);
    await first.stop(true);
    const second = await device({ folder, up: false, at: "2026-11-25T00:00:00Z" });
    try {
      await second.show(120);
      assert.is(second.calls.finder, 0);
      assert.equal(readdirSync(join(folder, "lists", "lists")), []);
      second.broker.setUp(true);
      const receipt = await until("the receipt", () => second.of(faceReceipt)[0]);
      assert.is(receipt.receipt.because, "expired");
    } finally {
      await second.stop(true);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("revoked: wiped at once, also while the person is being looked at; a receipt; refused when it is delivered again", async () => {
  await withDevice({}, async (made) => {
    const jws = await putList(made);
    await made.show(120);
    await made.show(120);
    await made.order({ order: "revoke", jws: await sign(revocation, foreign) });
    await made.order({ order: "revoke", jws: await sign(revocation, police) });
    const state = await made.state("the revocation", ({ revoked }) => revoked.includes("missing"));
    assert.equal([state.comparing, state.lists], [false, []]);
    await made.show(120);
    await made.show(0, 5);
    assert.equal(made.of(facePossible), [], "the third look would have been the match");
    const receipt = await until("the receipt", () => made.of(faceReceipt)[0]);
    assert.equal([receipt.receipt.list, receipt.receipt.because], ["missing", "revoked"]);
    await made.order({ order: "put", jws });
    await made.order({ order: "key", x: gatewayX });
    assert.equal((await made.state("the key", ({ sealedTo }) => sealedTo !== undefined)).lists, []);
  });
});

test("away when it was revoked: when the link is back the device says what it holds, and the answer removes it", async () => {
  await withDevice({}, async (made) => {
    await putList(made);
    made.broker.setUp(false);
    await made.show(120);
    assert.is(made.calls.finder, 1, "a lawful list goes on with the link down");
    const before = made.of(faceState).length;
    made.broker.setUp(true);
    const [said] = await until(
      "what it holds",
      () => made.of(faceState).length > before && made.of(faceState).slice(-1),
    );
    assert.is(said!.lists[0]?.id, "missing");
    await made.order({ order: "revoke", jws: await sign(revocation, police) });
    await made.state("the end", ({ lists }) => lists.length === 0);
    assert.equal(readdirSync(join(made.folder, "lists", "lists")), []);
  });
});

test.run();
