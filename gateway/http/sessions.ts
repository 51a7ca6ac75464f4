/** Log-ins of people: an opaque token in a cookie, kept here only as its hash, so that a stolen database opens nothing. */
import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Session } from "#contract/ops-api.ts";
import type { User } from "../config.ts";
import type { SecretChecker } from "../credentials.ts";
import { sha256Hex } from "../incidents/chain.ts";

/** A shift and its handover. */
const SESSION_MS = 12 * 3_600_000;

export class Sessions {
  readonly #db: DatabaseSync;
  readonly #users: ReadonlyMap<string, User>;
  readonly #checker: SecretChecker;

  constructor(db: DatabaseSync, users: readonly User[], checker: SecretChecker) {
    this.#db = db;
    this.#users = new Map(users.map((user) => [user.name, user]));
    this.#checker = checker;
  }

  /** Wrong name and wrong password take the same time and look the same. */
  async verify(name: string, password: string): Promise<User | undefined> {
    const user = this.#users.get(name);
    return (await this.#checker.check(`user:${name}`, password, user?.passwordHash)) ? user : undefined;
  }

  open(user: User): { token: string; session: Session } {
    const token = randomBytes(32).toString("base64url");
    const expiresMs = Date.now() + SESSION_MS;
    this.#db.prepare("INSERT INTO session VALUES (?, ?, ?)").run(sha256Hex(token), user.name, expiresMs);
    return { token, session: sessionOf(user, expiresMs) };
  }

  /** Roles are those of the configuration now, not those at log-in. */
  find(token: string | undefined): Session | undefined {
    if (!token) return undefined;
    const row = this.#db.prepare("SELECT user, expires_ms FROM session WHERE token_sha256 = ?").get(sha256Hex(token)) as
      | { user: string; expires_ms: number }
      | undefined;
    const user = row && row.expires_ms > Date.now() ? this.#users.get(row.user) : undefined;
    return row && user && sessionOf(user, row.expires_ms);
  }

  close(token: string): void {
    this.#db.prepare("DELETE FROM session WHERE token_sha256 = ?").run(sha256Hex(token));
  }

  expire(): void {
    this.#db.prepare("DELETE FROM session WHERE expires_ms < ?").run(Date.now());
  }
}

function sessionOf(user: User, expiresMs: number): Session {
  return { user: user.name, roles: user.roles, expires: new Date(expiresMs).toISOString() };
}
