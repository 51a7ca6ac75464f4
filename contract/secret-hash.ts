/** How a secret is kept by whoever checks it: `scrypt$log2N$r$p$salt$key`, salt and key in base64url (RFC 7914). */
import { scrypt, timingSafeEqual } from "node:crypto";

const KEY_BYTES = 32;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{16,})\$([A-Za-z0-9_-]{43})$/;

/** True for what `tocsin gateway hash` prints. */
export function isSecretHash(text: string): boolean {
  const match = FORM.exec(text);
  return match !== null && Number(match[1]) >= 10 && Number(match[1]) <= 20;
}

/** Takes as long as the hash says, right or wrong. */
export async function verifySecret(secret: string, stored: string): Promise<boolean> {
  const match = FORM.exec(stored);
  if (!match) return false;
  const [, log2N, r, p, salt, hash] = match as unknown as [string, string, string, string, string, string];
  const derived = await deriveKey(secret, Buffer.from(salt, "base64url"), Number(log2N), Number(r), Number(p));
  return timingSafeEqual(derived, Buffer.from(hash, "base64url"));
}

export function deriveKey(secret: string, salt: Buffer, log2N: number, r: number, p: number): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
