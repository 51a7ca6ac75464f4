/**
 * Runs the ear over recordings from elsewhere, as cut-clips.ts over those of the data folder.
 *
 *   node models/train/cut-others.ts OUT OTHERS     OTHERS: recordings and manifest.csv (file, label, kind, package, version, licence,
 *   usable_for_training, note: by AUTHOR)
 *
 * OUT/others.f32 holds one clip after the other, OUT/others.jsonl a line for each, with `learn`: whether training may see it.
 * `kind` is shot, negative or apart (explosions, made-up weapons: neither learned from nor counted).
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import { clipWriter, hear } from "./hear.ts";

/** Packages that share recordings with those that every model is measured on. */
const MEASURED_ON = /^(free(doom|dm)|openarena|ufoai|hedgewars|warmux)/;

/** Rows of a CSV file with quoted cells, by the names in its first line. */
function readCsv(text: string): Record<string, string>[] {
  const [names = [], ...lines] = text
    .trim()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2] ?? ""),
    );
  return lines.map((cells) => Object.fromEntries(names.map((name, k) => [name, cells[k] ?? ""])));
}

/** Of the packages that hold shots half are learned from and half measured on, each wholly: by their names' digests. */
const isLearned = (name: string) =>
  !MEASURED_ON.test(name) && Number.parseInt(createHash("sha256").update(name).digest("hex")[0]!, 16) % 2 === 0;

async function main(out: string, others: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const rows = readCsv(readFileSync(join(others, "manifest.csv"), "utf8"));
  const armed = new Set(rows.filter(({ kind }) => kind === "shot").map((row) => row.package));
  const writer = clipWriter(out, "others");
  for (const { file, label, kind, package: from, version, licence, note, usable_for_training: usable } of rows) {
    const author = note?.match(/^by (.*)$/)?.[1];
    const { channels, sampleRateHz } = await readAudioFile(join(others, file!));
    const learn = usable === "yes" && kind !== "apart" && (!armed.has(from) || isLearned(from!));
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      writer.write(heard, {
        source: "others",
        group: from,
        fold: -1,
        file,
        what: label,
        kind,
        learn,
        usable,
        version,
        licence,
        author,
      });
    }
  }
  writer.close();
}

const [out, others] = process.argv.slice(2);
if (!out || !others) throw new Error("usage: node models/train/cut-others.ts OUT OTHERS");
await main(out, others);
