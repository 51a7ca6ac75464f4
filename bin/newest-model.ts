/** The classifier's folder: the one that was named, or the newest version that ships. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const shipped = join(import.meta.dirname, "..", "models", "gunshot");

export async function newestModel(named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const versions = (await readdir(shipped)).filter((name) => /^\d+$/.test(name)).map(Number);
  return join(shipped, String(Math.max(...versions)));
}
