/**
 * Hears the examiner's sets with a model and prints his table.
 *
 *   node models/examiner/score.ts SCRATCH [--model models/gunshot/<version>] [--half open|blind]
 *
 * SCRATCH: where render_sets.py put them. What was heard of each file goes to SCRATCH/heard.jsonl.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { type Heard, hearRow, type Row } from "./hear.ts";
import { table } from "./table.ts";

const { values, positionals } = parseArgs({
  options: {
    model: { type: "string", default: join(import.meta.dirname, "..", "gunshot", "8") },
    half: { type: "string" },
  },
  allowPositionals: true,
});
const [scratch] = positionals;
if (!scratch) throw new Error("usage: node models/examiner/score.ts SCRATCH [--model DIR] [--half open|blind]");
const parts = readdirSync(scratch).filter((name) => /^rows-\d+\.jsonl$/.test(name));
const rows = parts
  .flatMap((name) => readFileSync(join(scratch, name), "utf8").trim().split("\n"))
  .map((line): Row => JSON.parse(line))
  .filter(({ half }) => !values.half || half === values.half)
  .sort((a, b) => (a.file < b.file ? -1 : 1));
if (rows.length === 0) throw new Error(`${scratch} holds no rows-*.jsonl: models/examiner/examine.sh renders the sets`);

const classifier = await openOnnxClassifier(values.model);
const heard: Heard[] = [];
for (const row of rows) {
  heard.push(await hearRow(row, join(scratch, "sets"), classifier));
  if (heard.length % 100 === 0) process.stderr.write(`score: ${heard.length} of ${rows.length} files\n`);
}
await classifier.close();
writeFileSync(join(scratch, "heard.jsonl"), `${heard.map((each) => JSON.stringify(each)).join("\n")}\n`);
const halves = (["open", "blind"] as const)
  .map((half) => [half, heard.filter((each) => each.half === half)] as const)
  .filter(([, each]) => each.length > 0);
const lines = halves.flatMap(([half, each]) => table(`Half ${half}`, each));
if (halves.length > 1) lines.push(...table("Both", heard));
process.stdout.write(`${lines.join("\n")}\n`);
