/** Reads a site file (YAML or JSON) or says, all at once, what is wrong with it. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { parse } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { Site } from "#contract/site.ts";

export async function readSite(path: string): Promise<Site> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Fault("config", `--site ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  let raw: unknown;
  try {
    raw = path.endsWith(".json") ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw new Fault(
      "config",
      `--site ${path}: is not ${path.endsWith(".json") ? "JSON" : "YAML"}: ${(error as Error).message}`,
    );
  }
  const result = v.safeParse(Site, raw);
  if (!result.success)
    throw new Fault(
      "config",
      faultsOf(result.issues).map((line) => `--site ${path}: ${line}`),
    );
  const names = new Set<string>();
  const twice = result.output.nodes.filter((node) => names.size === names.add(node.id).size).map((node) => node.id);
  if (twice.length > 0)
    throw new Fault("config", `--site ${path}: nodes: named more than once: ${[...new Set(twice)].join(", ")}`);
  return result.output;
}
