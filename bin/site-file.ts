/** Reads a site file (YAML or JSON) or says, all at once, what is wrong with it. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { parse } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyUnread } from "#contract/errors.ts";
import { Site, SiteNode } from "#contract/site.ts";

/** In a file that a person writes, a key that nobody knows is a slip: `airTemp` would leave the temperature out unnoticed. */
const SiteFile = v.strictObject({
  ...Site.entries,
  nodes: v.pipe(v.array(v.strictObject(SiteNode.entries)), v.minLength(1, "must name at least one node")),
});

export async function readSite(path: string): Promise<Site> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Fault("config", `--site ${path}: ${whyUnread(error)}`, { cause: error });
  }
  let raw: unknown;
  try {
    raw = path.endsWith(".json") ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw new Fault(
      "config",
      `--site ${path}: is not ${path.endsWith(".json") ? "JSON" : "YAML"}: ${(error as Error).message.split("\n")[0]!.replace(/:$/, "")}`,
    );
  }
  const result = v.safeParse(SiteFile, raw);
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
