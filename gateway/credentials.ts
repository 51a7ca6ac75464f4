/** Secrets of nodes and passwords of people, kept only as scrypt hashes (RFC 7914). */
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const PREFIX = "scrypt";
const KEY_BYTES = 32;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{16,})\$([A-Za-z0-9_-]{43})$/;

/** Work factor (log2 of N) for what a person chose, and for a random secret that no dictionary holds. */
export const PASSWORD_LOG2_N = 15;
export const SECRET_LOG2_N = 12;

/** True for what `hashSecret` gives. */
export function isSecretHash(text: string): boolean {
  const match = FORM.exec(text);
  return match !== null && Number(match[1]) >= 10 && Number(match[1]) <= 20;
}

/** A new random secret of 192 bits, as text that needs no quoting anywhere. */
export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

/** `scrypt$log2N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashSecret(secret: string, log2N = PASSWORD_LOG2_N): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(secret, salt, log2N, 8, 1);
  return [PREFIX, log2N, 8, 1, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

async function verify(secret: string, stored: string): Promise<boolean> {
  const match = FORM.exec(stored);
  if (!match) return false;
  const [, log2N, r, p, salt, hash] = match as unknown as [string, string, string, string, string, string];
  const derived = await derive(secret, Buffer.from(salt, "base64url"), Number(log2N), Number(r), Number(p));
  return timingSafeEqual(derived, Buffer.from(hash, "base64url"));
}

function derive(secret: string, salt: Buffer, log2N: number, r: number, p: number): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/**
 * Checks secrets, each right one with scrypt only once a process: a thousand nodes that come back together after a
 * restart would otherwise keep two cores busy for a minute. Memory holds a digest under a key of this process, never the secret.
 */
export class SecretChecker {
  readonly #salt = randomBytes(32);
  readonly #right = new Map<string, string>();
  #decoy: Promise<string> | undefined;

  /** @param stored undefined for an unknown name: costs the same time as a wrong secret. */
  async check(name: string, secret: string, stored: string | undefined): Promise<boolean> {
    if (stored === undefined) {
      this.#decoy ??= hashSecret(newSecret(), SECRET_LOG2_N);
      await verify(secret, await this.#decoy);
      return false;
    }
    const digest = createHash("sha256").update(this.#salt).update(stored).update("\0").update(secret).digest("hex");
    if (this.#right.get(name) === digest) return true;
    const right = await verify(secret, stored);
    if (right) this.#right.set(name, digest);
    return right;
  }
}
