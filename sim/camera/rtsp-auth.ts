/** What a camera asks of whoever wants its picture: Digest (RFC 2617, MD5, without qop, as cameras do) or Basic. */
import { createHash, randomBytes } from "node:crypto";
import type { RtspRequest } from "./rtsp-wire.ts";

export interface CameraAccount {
  username: string;
  password: string;
  /** Default digest. */
  scheme?: "digest" | "basic";
}

const REALM = "camera";
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

export class RtspAuth {
  readonly #account: CameraAccount;
  readonly #nonce = randomBytes(16).toString("hex");

  constructor(account: CameraAccount) {
    this.#account = account;
  }

  /** Value of WWW-Authenticate. */
  get challenge(): string {
    return this.#account.scheme === "basic"
      ? `Basic realm="${REALM}"`
      : `Digest realm="${REALM}", nonce="${this.#nonce}"`;
  }

  accepts({ method, headers }: RtspRequest): boolean {
    const given = headers.get("authorization") ?? "";
    const { username, password, scheme } = this.#account;
    if (scheme === "basic") return given === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const field = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(given)?.[1];
    const a2 = md5(`${method}:${field("uri")}`);
    return (
      field("username") === username &&
      field("nonce") === this.#nonce &&
      field("response") === md5(`${md5(`${username}:${REALM}:${password}`)}:${this.#nonce}:${a2}`)
    );
  }
}
