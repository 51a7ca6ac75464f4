/** Files that a person names on the command line: what is wrong with one is told with its name and what to do. */
import { readFile, writeFile } from "node:fs/promises";
import { Fault, whyNoJson, whyUnread, whyUnwritten } from "#contract/errors.ts";

/** @param fix what to do, after a semicolon. Throws `Fault` (input). */
export async function textOf(file: string, fix: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Fault("input", `${file}: ${whyUnread(cause)}; ${fix}`, { cause });
  }
}

/** @param fix what to do, after a semicolon. Throws `Fault` (input). */
export async function jsonOf(file: string, fix: string): Promise<unknown> {
  const text = await textOf(file, fix);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("input", `${file}: ${whyNoJson(text, cause)}; ${fix}`, { cause });
  }
}

/** Throws `Fault` (failed). */
export async function save(file: string, content: Uint8Array | string, mode = 0o666): Promise<void> {
  try {
    await writeFile(file, content, { mode });
  } catch (cause) {
    throw new Fault("failed", `${file}: ${whyUnwritten(cause)}; name another file`, { cause });
  }
}
