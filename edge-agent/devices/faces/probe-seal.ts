/** What goes to a reviewer, readable by the gateway only: JPEG by libvips, sealed as a JWE (RFC 7516) to its X25519 key (RFC 8037). */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, importJWK } from "jose";
import sharp from "sharp";
import * as v from "valibot";
import type { FaceProbe } from "#contract/face.ts";

export const SEAL_ALGORITHM = "ECDH-ES";
export const SEAL_ENCRYPTION = "A256GCM";
const Stored = v.object({ x: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)) });

export interface ProbeSealer {
  /** RFC 7638 thumbprint of the key that probes are sealed to; undefined until the gateway told it. */
  readonly sealedTo: string | undefined;
  /** A key that the gateway told, kept for when it is away. */
  use(x: string): Promise<void>;
  seal(probe: FaceProbe): Promise<string | undefined>;
}

const jwkOf = (x: string) => ({ kty: "OKP", crv: "X25519", x });

/** `file` keeps the gateway's public key. */
export async function openProbeSealer(file: string): Promise<ProbeSealer> {
  let x: string | undefined;
  let sealedTo: string | undefined;
  const use = async (next: string) => {
    sealedTo = await calculateJwkThumbprint(jwkOf(next));
    x = next;
  };
  if (existsSync(file)) {
    const kept = v.safeParse(Stored, jsonOf(readFileSync(file, "utf8")));
    if (kept.success) await use(kept.output.x);
  }
  return {
    get sealedTo() {
      return sealedTo;
    },
    async use(next) {
      if (next === x) return;
      await use(next);
      writeFileSync(`${file}.new`, JSON.stringify({ x: next }), { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    },
    async seal(probe) {
      if (x === undefined) return undefined;
      const plain = new TextEncoder().encode(JSON.stringify(probe));
      try {
        return await new CompactEncrypt(plain)
          .setProtectedHeader({ alg: SEAL_ALGORITHM, enc: SEAL_ENCRYPTION, typ: "tocsin-face-probe+json" })
          .encrypt(await importJWK(jwkOf(x), SEAL_ALGORITHM));
      } finally {
        plain.fill(0);
      }
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** This device's own key, for lists and suppressions on their way: in memory only, another one at each start. */
export async function openOrderKey(): Promise<{ x: string; open(jwe: string): Promise<string | undefined> }> {
  const { publicKey, privateKey } = await generateKeyPair(SEAL_ALGORITHM, { crv: "X25519", extractable: true });
  return {
    x: (await exportJWK(publicKey)).x!,
    async open(jwe) {
      try {
        const { plaintext } = await compactDecrypt(jwe, privateKey, {
          keyManagementAlgorithms: [SEAL_ALGORITHM],
          contentEncryptionAlgorithms: [SEAL_ENCRYPTION],
        });
        return new TextDecoder().decode(plaintext);
      } catch {
        return undefined;
      }
    },
  };
}

/** `rgb`: 8 bits a channel, `widthPx` x `heightPx`. Base64. */
export async function jpegOf(rgb: Uint8Array, widthPx: number, heightPx: number): Promise<string> {
  const jpeg = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
  const text = jpeg.toString("base64");
  jpeg.fill(0);
  return text;
}
