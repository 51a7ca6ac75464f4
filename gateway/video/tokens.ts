/** Makes the tokens that the relay takes: Ed25519, minutes long, each for one thing. */
import { SignJWT } from "jose";
import { ulid } from "ulid";
import type { SigningKey } from "../keys.ts";
import type { GrantAsk } from "./service.ts";

/** Long enough to outlive a restarted gateway, short enough that a lost one is of little use. */
export const TOKEN_S = 120;
/** Nobody gets one that outlasts a shift. */
const LIFE_MAX_S = 3_600;

export class Tokens {
  readonly #key: SigningKey;

  constructor(key: SigningKey) {
    this.#key = key;
  }

  async sign(ask: GrantAsk): Promise<{ token: string; expires: string }> {
    const { lifeS = TOKEN_S, sub, ...claims } = ask;
    const nowS = Math.floor(Date.now() / 1000);
    const exp = nowS + Math.min(LIFE_MAX_S, Math.max(1, Math.round(lifeS)));
    const token = await new SignJWT({ codecs: ["H264", "VP8"], data: "none", ...claims })
      .setProtectedHeader({ alg: "EdDSA", kid: this.#key.publicJwk.kid as string })
      .setIssuer("tocsin-gateway")
      .setAudience("tocsin-relay")
      .setSubject(sub)
      .setJti(ulid())
      .setIssuedAt(nowS)
      .setExpirationTime(exp)
      .sign(this.#key.privateKey);
    return { token, expires: new Date(exp * 1000).toISOString() };
  }
}
