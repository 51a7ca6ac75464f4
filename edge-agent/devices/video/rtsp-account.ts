/** An address with the account in it, for ffmpeg's stdin alone. */
import { readFileSync } from "node:fs";
import { Fault } from "#contract/errors.ts";

/** Read anew at each call: a password that was changed is taken without a restart. @throws Fault `config` naming the camera and `passwordFile`. */
export function withAccount(
  url: string,
  { name, username, passwordFile }: { name: string; username?: string | undefined; passwordFile?: string | undefined },
): string {
  if (username === undefined) return url;
  let password = "";
  try {
    if (passwordFile !== undefined) password = readFileSync(passwordFile, "utf8").trim();
  } catch (cause) {
    throw new Fault("config", `camera ${name}: passwordFile: ${(cause as Error).message}`, { cause });
  }
  return url.replace(/^(rtsps?:\/\/)/, `$1${encodeURIComponent(username)}:${encodeURIComponent(password)}@`);
}
