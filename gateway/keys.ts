/** The gateway's keys, in its data directory, readable by it alone. */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";

export interface SigningKey {
  privateKey: CryptoKey;
  /** With `kid`, the RFC 7638 thumbprint. */
  publicJwk: JWK;
}

/** 32 bytes, made on first use. @param name of its file. */
export function readSealKey(dataDir: string, name = "clips.key"): Buffer {
  const file = join(dataDir, name);
  if (!existsSync(file)) writePrivate(file, randomBytes(32).toString("base64url"));
  return Buffer.from(readFileSync(file, "utf8"), "base64url");
}

/** Ed25519 (RFC 8037), made on first use. @param name of its file: a key is for one purpose. */
export async function readSigningKey(dataDir: string, name = "evidence-key.jwk"): Promise<SigningKey> {
  const file = join(dataDir, name);
  if (!existsSync(file)) {
    const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    writePrivate(file, JSON.stringify(await exportJWK(pair.privateKey)));
  }
  const jwk = JSON.parse(readFileSync(file, "utf8")) as JWK;
  const { d: _, ...publicPart } = jwk;
  const kid = await calculateJwkThumbprint(publicPart);
  const privateKey = (await importJWK(jwk, "EdDSA")) as CryptoKey;
  return { privateKey, publicJwk: { ...publicPart, kid, alg: "EdDSA", use: "sig" } };
}

/** Whole or not at all: written beside, flushed, then renamed. */
export function writePrivate(file: string, text: string): void {
  const handle = openSync(`${file}.new`, "w", 0o600);
  writeSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}
