/** What tests of watchlists share: two authorities, a list of one person and its revocation, and a device in its area in its time. */
import { exportJWK, generateKeyPair } from "jose";
import { nsOfUtc } from "#contract/units.ts";
import type { Revocation, Watchlist } from "#contract/watchlist.ts";
import { type AuthorityKey, publicPart } from "#contract/watchlist-jws.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { embeddingToText } from "./embedding-text.ts";

export async function makeKey(kid: string, authority: string): Promise<AuthorityKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid, authority } as AuthorityKey;
}
export const police = await makeKey("k1", "Police of Brownsville");
export const other = await makeKey("k2", "Police of Greensburg");
export const trusted = [police, other].map(publicPart);

export const embedding = (value: number) => embeddingToText(new Float32Array(EMBEDDING).fill(value));
export const list: Watchlist = {
  v: 1,
  kind: "watchlist",
  id: "missing",
  authority: police.authority,
  legalBasis: "Section 1",
  purpose: "a missing person",
  area: [
    { lat: 40, lon: -80 },
    { lat: 41, lon: -80 },
    { lat: 41, lon: -79 },
    { lat: 40, lon: -79 },
  ],
  start: "2026-11-01T00:00:00Z",
  end: "2026-11-30T00:00:00Z",
  embedderSha256: measuredError.embedderSha256,
  people: [{ person: "p1", pictures: 2, embedding: embedding(0.125), spread: 0.04 }],
};
export const revocation: Revocation = {
  v: 1,
  kind: "revocation",
  list: "missing",
  authority: police.authority,
  why: "found",
  at: "2026-11-22T12:00:00Z",
};
export const nowNs = nsOfUtc("2026-11-22T12:00:30Z");
export const now = {
  nowNs,
  here: { lat: 40.5, lon: -79.5 },
  policy: { falseAlertRate: 0.05, confidence: 0.95, longestDays: 30 },
  measured: measuredError,
};
