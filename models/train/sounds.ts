/** The clips that are no gunshots: `sounds/manifest.csv` of the data folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface SoundRow {
  file: string;
  label: string;
  source: string;
  licence: string;
  group: string;
}

/** Fields hold no quoted commas except in `note`, the last. */
export function readManifest(folder: string): SoundRow[] {
  const [head, ...lines] = readFileSync(join(folder, "manifest.csv"), "utf8").trim().split(/\r?\n/);
  const names = head!.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    const cell = (name: string) => cells[names.indexOf(name)] ?? "";
    return {
      file: cell("file"),
      label: cell("label"),
      source: cell("source"),
      licence: cell("licence"),
      group: cell("group"),
    };
  });
}
