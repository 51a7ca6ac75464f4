/** The gateway's X25519 key: devices seal what a reviewer is to see to it, so that nothing on the way shows a face. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CompactEncrypt,
  calculateJwkThumbprint,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from "jose";
import * as v from "valibot";
import { FaceProbe } from "#contract/face.ts";
import { writePrivate } from "../keys.ts";

const ALGORITHM = "ECDH-ES";
const ENCRYPTION = "A256GCM";

export interface ProbeKey {
  readonly x: string;
  readonly thumbprint: string;
  /** Undefined where it was not sealed to this key, was altered, or is of another match. */
  open(jwe: string, match: string): Promise<FaceProbe | undefined>;
}

/** Sealed to a device's X25519 key. */
export async function sealedTo(x: string, plain: string): Promise<string> {
  return await new CompactEncrypt(new TextEncoder().encode(plain))
    .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION })
    .encrypt(await importJWK({ kty: "OKP", crv: "X25519", x }, ALGORITHM));
}

export async function readProbeKey(dataDir: string): Promise<ProbeKey> {
  const file = join(dataDir, "face-probe-key.jwk");
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair(ALGORITHM, { crv: "X25519", extractable: true });
    writePrivate(file, JSON.stringify(await exportJWK(privateKey)));
  }
  const jwk = JSON.parse(readFileSync(file, "utf8")) as JWK;
  const { d: _, ...publicPart } = jwk;
  const key = await importJWK(jwk, ALGORITHM);
  return {
    x: jwk.x!,
    thumbprint: await calculateJwkThumbprint(publicPart),
    async open(jwe, match) {
      try {
        const { plaintext } = await compactDecrypt(jwe, key, {
          keyManagementAlgorithms: [ALGORITHM],
          contentEncryptionAlgorithms: [ENCRYPTION],
        });
        const parsed = v.safeParse(FaceProbe, JSON.parse(new TextDecoder().decode(plaintext)));
        plaintext.fill(0);
        return parsed.success && parsed.output.match === match ? parsed.output : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
