/** Reads a site file (YAML or JSON) or says, all at once, what is wrong with it. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { parse } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyUnread } from "#contract/errors.ts";
import { Site, SiteNode } from "#contract/site.ts";

/** Each node may bear the same unknown key. */
const MOST_TOLD = 5;

const SiteFile = v.object({
  ...Site.entries,
  nodes: v.pipe(v.array(SiteNode), v.minLength(1, "must name at least one node")),
});
const KnownKeys = v.strictObject({ ...Site.entries, nodes: v.array(v.strictObject(SiteNode.entries)) });

/**
 * @param told gets a line for each key that nobody knows: other programs may write more into the file than we read, but in a file that a person writes it is
 * a slip (`airTemp` would leave the temperature out unnoticed).
 */
export async function readSite(path: string, told: (line: string) => void): Promise<Site> {
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
      faultsOf(result.issues).map((line) => `--site ${path}: ${line.replace(/^\(whole\): /, "")}`),
    );
  const names = new Set<string>();
  const twice = result.output.nodes.filter((node) => names.size === names.add(node.id).size).map((node) => node.id);
  if (twice.length > 0)
    throw new Fault("config", `--site ${path}: nodes: named more than once: ${[...new Set(twice)].join(", ")}`);
  const unknown = faultsOf(v.safeParse(KnownKeys, raw).issues ?? []);
  for (const line of unknown.slice(0, MOST_TOLD)) told(`--site ${path}: ${line}; left out`);
  if (unknown.length > MOST_TOLD)
    told(`--site ${path}: ${unknown.length - MOST_TOLD} more keys are unknown and left out`);
  return result.output;
}
