/** What tests and benches of the relay share: a relay in this process, and tokens for it. Clients are in `clients.testing.ts`. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { VideoClaims } from "#contract/video.ts";
import { makeRelayServer } from "./http.ts";
import { Relay, type RelayEvent } from "./relay.ts";
import { tokenChecker } from "./tokens.ts";

export const LOOPBACK = { addresses: ["127.0.0.1"], tcp: false, iceServers: [] };

export interface Signer {
  publicJwk: Awaited<ReturnType<typeof exportJWK>>;
  sign(claims: Partial<VideoClaims> & Pick<VideoClaims, "act" | "stream">, lifeS?: number): Promise<string>;
}

export async function makeSigner(): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
  return {
    publicJwk: await exportJWK(publicKey),
    sign: (claims, lifeS = 60) => {
      const nowS = Math.floor(Date.now() / 1000);
      const { act, stream } = claims;
      return new SignJWT({
        sub: act === "publish" ? (stream.split(".")[0] as string) : "ann",
        media: ["video"],
        codecs: ["H264", "VP8"],
        data: "none",
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: "EdDSA" })
        .setIssuer(claims.iss ?? "tocsin-gateway")
        .setAudience(claims.aud ?? "tocsin-relay")
        .setIssuedAt(nowS)
        .setExpirationTime(claims.exp ?? nowS + lifeS)
        .sign(privateKey);
    },
  };
}

export interface World {
  relay: Relay;
  base: string;
  signer: Signer;
  events: RelayEvent[];
  close(): Promise<void>;
}

/** @param nowMs another clock than the machine's. */
export async function makeWorld(
  limits = { streams: 20, viewersPerStream: 20, sessions: 60 },
  nowMs?: () => number,
): Promise<World> {
  const signer = await makeSigner();
  const events: RelayEvent[] = [];
  const hooks = { event: (event: RelayEvent) => void events.push(event), log: () => {} };
  const relay = new Relay({ ice: LOOPBACK, limits, hooks, ...(nowMs && { nowMs }) });
  const check = await tokenChecker(signer.publicJwk);
  const app = makeRelayServer({ relay, check, iceServers: [], failed: () => {} });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.addresses()[0] as { port: number };
  return {
    relay,
    signer,
    events,
    base: `http://127.0.0.1:${port}`,
    close: async () => {
      await relay.close("the test is over");
      await app.close();
    },
  };
}
