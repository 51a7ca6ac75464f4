/** Whether the networks that the role `look` needs are there: part of `tocsin doctor`. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import faceHashes from "./devices/faces/model-hashes.json" with { type: "json" };
import perceptionHashes from "./devices/perception/model-hashes.json" with { type: "json" };
import type { Check } from "./health-checks.ts";
import type { LookConfig } from "./roles/look/config.ts";

export async function checkEyes(look: LookConfig): Promise<Check> {
  const folder = look.modelsFolder ?? fileURLToPath(new URL("../.tocsin", import.meta.url));
  const wanted = [
    ...(look.things ? Object.entries(perceptionHashes.models).map(([name, hash]) => [`perception/${name}`, hash]) : []),
    ...(look.faces ? Object.entries(faceHashes.models).map(([name, hash]) => [`faces/${name}`, hash]) : []),
  ] as [string, string][];
  const wrong: string[] = [];
  for (const [name, hash] of wanted) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    if (!bytes || createHash("sha256").update(bytes).digest("hex") !== hash) wrong.push(name);
  }
  return wrong.length === 0
    ? { name: "eyes", ok: true, detail: `${wanted.length} networks in ${folder}` }
    : {
        name: "eyes",
        ok: false,
        detail: `missing or not the ones that were checked: ${wrong.join(", ")}`,
        fix: "run: node bin/faces-setup.mjs",
      };
}
