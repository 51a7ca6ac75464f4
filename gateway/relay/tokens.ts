/** Checks tokens with the gateway's public key. The relay makes none, and believes nobody else. */
import { importJWK, type JWK, errors as joseErrors, jwtVerify } from "jose";
import * as v from "valibot";
import { VideoClaims } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";

export type CheckToken = (authorization: string | undefined) => Promise<VideoClaims>;

/** @returns a check of `Authorization` headers. It throws Refusal 401 for what is no token of ours, or one that has run out. */
export async function tokenChecker(publicJwk: JWK): Promise<CheckToken> {
  const key = await importJWK(publicJwk, "EdDSA");
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
    if (!token) throw new Refusal(401, "a bearer token is needed", { field: "authorization" });
    try {
      const { payload } = await jwtVerify(token, key, {
        issuer: "tocsin-gateway",
        audience: "tocsin-relay",
        algorithms: ["EdDSA"],
        requiredClaims: ["exp", "sub"],
      });
      return v.parse(VideoClaims, payload);
    } catch (error) {
      const why = error instanceof joseErrors.JWTExpired ? "the token has run out" : "the token is not valid";
      throw new Refusal(401, why, { field: "authorization", fix: "ask the gateway for a new one" });
    }
  };
}
