/** The clips that are no gunshots: `sounds/manifest.csv` of the data folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface SoundRow {
  file: string;
  label: string;
  source: string;
  licence: string;
  /** `source/recordist or series`: of one group all clips are in one fold. */
  group: string;
}

export const FOLDS = 6;

/**
 * What one player, kit or work gave, where the manifest names no recordist: "tabla" of tabla_ghe1.flac, "drum" of drum_tom_hi.flac;
 * loops are works of their own, "loop_amen" of loop_amen_full.flac.
 */
function seriesOf(original: string): string {
  const [first = "", second = ""] = original.replace(/\.\w+$/, "").split("_");
  return first === "loop" ? `${first}_${second}` : first.replace(/[-\d]+$/, "");
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
      group: `${cell("source")}/${cell("group") || seriesOf(cell("orig"))}`,
    };
  });
}

/** The fold of each group: the largest groups first, each to the fold that has least of its most frequent label, so that no fold's training lacks a kind. */
export function foldsOf(rows: readonly SoundRow[]): Map<string, number> {
  const groups = Map.groupBy(rows, ({ group }) => group);
  const order = [...groups].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  const held = Array.from({ length: FOLDS }, () => new Map<string, number>());
  const out = new Map<string, number>();
  for (const [group, members] of order) {
    const labels = [...Map.groupBy(members, ({ label }) => label)].sort(
      ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
    );
    const main = labels[0]![0];
    const load = held.map((fold) => (fold.get(main) ?? 0) + 1e-3 * [...fold.values()].reduce((a, b) => a + b, 0));
    const least = load.indexOf(Math.min(...load));
    out.set(group, least);
    for (const [label, { length }] of labels) held[least]!.set(label, (held[least]!.get(label) ?? 0) + length);
  }
  return out;
}
