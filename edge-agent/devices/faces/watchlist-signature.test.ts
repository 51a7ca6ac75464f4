/** Who signed a list, and whether it is still what was signed: what is opened and what is refused. */
import { SignJWT } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Watchlist } from "#contract/watchlist.ts";
import { openWatchlist, sign } from "#contract/watchlist-jws.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { embeddingFromText, embeddingToText } from "./embedding-text.ts";
import { embedding, list, makeKey, other, police, revocation, trusted } from "./testing-lists.ts";

const whyNot = async (jws: string) => {
  const opened = await openWatchlist(jws, trusted);
  return opened.kind === "refused" ? opened.why.join("; ") : "";
};

test("what is signed is opened as it was", async () => {
  assert.equal(await openWatchlist(await sign(list, police), trusted), { kind: "opened", content: list });
});

test("an embedding survives its text bit by bit", () => {
  const from = Float32Array.from({ length: EMBEDDING }, (_, i) => Math.fround(Math.sin(i)));
  const to = new Float32Array(EMBEDDING);
  embeddingFromText(embeddingToText(from), to);
  assert.equal(to, from);
});

test("unsigned: plain JSON and a JWS without a signature are refused", async () => {
  assert.match(await whyNot(JSON.stringify(list)), "unsigned");
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  assert.match(await whyNot(`${part({ alg: "none", kid: "k1" })}.${part(list)}.`), "unsigned");
});

test("signed with a shared secret instead of Ed25519, by the very public key: refused", async () => {
  const jws = await new SignJWT(list as never)
    .setProtectedHeader({ alg: "HS256", typ: "tocsin-watchlist+json", kid: "k1" })
    .sign(Buffer.from(police.x.padEnd(64)));
  assert.match(await whyNot(jws), "unsigned");
});

test("tampered: one person more, one day more, or one bit of the signature", async () => {
  const [header, , signature] = (await sign(list, police)).split(".") as [string, string, string];
  const forged = (change: Partial<Watchlist>) =>
    [header, Buffer.from(JSON.stringify({ ...list, ...change })).toString("base64url"), signature].join(".");
  assert.is(await whyNot(forged({})), "");
  assert.match(await whyNot(forged({ end: "2026-12-01T00:00:00Z" })), "changed since it was signed");
  const two = [...list.people, { person: "p2", pictures: 1, embedding: embedding(0), spread: 0 }];
  assert.match(await whyNot(forged({ people: two })), "changed since it was signed");
  const bits = Buffer.from(signature, "base64url");
  bits[10] = bits[10]! ^ 1;
  const body = Buffer.from(JSON.stringify(list)).toString("base64url");
  assert.match(await whyNot([header, body, bits.toString("base64url")].join(".")), "changed since it was signed");
});

test("a key that is not trusted, and a key that signs in another's name", async () => {
  assert.match(await whyNot(await sign(list, await makeKey("k9", police.authority))), "not trusted here (k9)");
  assert.match(await whyNot(await sign(list, await makeKey("k1", police.authority))), "not signed by the key it names");
  assert.match(await whyNot(await sign(list, other)), 'its key is that of "Police of Greensburg"');
});

for (const field of ["authority", "legalBasis", "purpose", "area", "start", "end"] as const) {
  test(`a list without ${field} is refused, and so is an empty one`, async () => {
    const { [field]: _, ...rest } = list;
    assert.match(await whyNot(await sign(rest as Watchlist, police)), new RegExp(`^${field}`));
    assert.match(
      await whyNot(await sign({ ...list, [field]: field === "area" ? [] : "" }, police)),
      new RegExp(`^${field}`),
    );
  });
}

test("a revocation is no watchlist", async () => {
  assert.is.not(await whyNot(await sign(revocation, police)), "");
});

test.run();
