/** Secrets of nodes and passwords of people, kept only as scrypt hashes (RFC 7914). */
import { createHash, randomBytes } from "node:crypto";
import { deriveKey, verifySecret } from "#contract/secret-hash.ts";

const PREFIX = "scrypt";
/** Work factor (log2 of N) for what a person chose, and for a random secret that no dictionary holds. */
export const PASSWORD_LOG2_N = 15;
export const SECRET_LOG2_N = 12;

/** A new random secret of 192 bits, as text that needs no quoting anywhere. */
export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

/** `scrypt$log2N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashSecret(secret: string, log2N = PASSWORD_LOG2_N): Promise<string> {
  const salt = randomBytes(16);
  const hash = await deriveKey(secret, salt, log2N, 8, 1);
  return [PREFIX, log2N, 8, 1, salt.toString("base64url"), hash.toString("base64url")].join("$");
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
      await verifySecret(secret, await this.#decoy);
      return false;
    }
    const digest = createHash("sha256").update(this.#salt).update(stored).update("\0").update(secret).digest("hex");
    if (this.#right.get(name) === digest) return true;
    const right = await verifySecret(secret, stored);
    if (right) this.#right.set(name, digest);
    return right;
  }
}
