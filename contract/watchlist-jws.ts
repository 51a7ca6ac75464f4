/** Signs and opens watchlists and revocations: compact JWS, Ed25519, trusted keys as a JWK set whose keys name their authority. */
import { CompactSign, compactVerify, decodeProtectedHeader, importJWK, type JWK } from "jose";
import * as v from "valibot";
import { faultsOf } from "./channel.ts";
import { Revocation, Watchlist } from "./watchlist.ts";

const ALGORITHM = "EdDSA";
const TYPE = "tocsin-watchlist+json";

/** A public or private Ed25519 key. `kid` finds it; `authority` is whose lists it may sign. */
export const AuthorityKey = v.looseObject({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: v.string(),
  kid: v.pipe(v.string(), v.minLength(1)),
  authority: v.pipe(v.string(), v.minLength(1)),
});
export type AuthorityKey = v.InferOutput<typeof AuthorityKey>;

export type Opened<T> = { kind: "opened"; content: T } | { kind: "refused"; why: string[] };

export async function sign(content: Watchlist | Revocation, key: AuthorityKey): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
    .sign(await importJWK(key as JWK, ALGORITHM));
}

export const openWatchlist = (jws: string, trusted: readonly AuthorityKey[]) => open(jws, trusted, Watchlist);
export const openRevocation = (jws: string, trusted: readonly AuthorityKey[]) => open(jws, trusted, Revocation);

/** The signed content, once its signature, its key, its form and its authority are all as they should be. */
async function open<T extends { authority: string }>(
  jws: string,
  trusted: readonly AuthorityKey[],
  schema: v.GenericSchema<unknown, T>,
): Promise<Opened<T>> {
  const refused = (...why: string[]): Opened<T> => ({ kind: "refused", why });
  let kid: string | undefined;
  try {
    const header = decodeProtectedHeader(jws.trim());
    if (header.alg !== ALGORITHM || header.typ !== TYPE) return refused("unsigned, or not signed as a watchlist is");
    kid = header.kid;
  } catch {
    return refused("unsigned: not a compact JWS");
  }
  const key = trusted.find((each) => each.kid === kid);
  if (!key) return refused(`signed with a key that is not trusted here (${kid ?? "no kid"})`);
  let json: unknown;
  try {
    const { payload } = await compactVerify(jws.trim(), await importJWK(publicPart(key) as JWK, ALGORITHM), {
      algorithms: [ALGORITHM],
    });
    json = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return refused("changed since it was signed, or not signed by the key it names");
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) return refused(...faultsOf(parsed.issues));
  if (parsed.output.authority !== key.authority)
    return refused(`its authority is "${parsed.output.authority}", but its key is that of "${key.authority}"`);
  return { kind: "opened", content: parsed.output };
}

export function publicPart(key: AuthorityKey): AuthorityKey {
  const { kty, crv, x, kid, authority } = key;
  return { kty, crv, x, kid, authority };
}
