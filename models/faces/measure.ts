/**
 * Measures the face pipeline on pictures of known people, one folder a person, and on photographs of groups, in each of which all people
 * are different, and prints core/faces/measured-error.ts.
 *   node models/faces/measure.ts FOLDER GROUP-PICTURE... > core/faces/measured-error.ts
 */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { distance } from "#core/faces/distance.ts";
import type { MeasuredError } from "#core/faces/threshold.ts";
import { makeFaceFinder } from "#edge-agent/devices/faces/face-finder.ts";
import { embedderSha256, openFaceModels } from "#edge-agent/devices/faces/face-models.ts";
import { readPicture } from "#edge-agent/devices/faces/picture-file.ts";

/** How many of the smallest distances between two people are kept: what thresholds are read from. */
const KEPT = 40;

const [folder, ...groups] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: node models/faces/measure.ts FOLDER GROUP-PICTURE...\n");
  process.exit(64);
}
for (const [path, isWanted, wanted] of [
  [folder, (stat: Stats) => stat.isDirectory(), "a folder with one folder of pictures a person"],
  ...groups.map((file) => [file, (stat: Stats) => stat.isFile(), "a picture of a group"] as const),
] as const) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && isWanted(stat)) continue;
  process.stderr.write(
    `measure: ${path}: ${stat ? "is" : "there is no such file or folder; name"} ${stat ? "not " : ""}${wanted}\n`,
  );
  process.exit(65);
}
const models = await openFaceModels(join(import.meta.dirname, "../../.tocsin/faces"), 2);
const finder = makeFaceFinder(models);
const seen: { person: string; embedding: Float32Array }[] = [];
const people = readdirSync(folder).filter((name) => name !== "scenes" && statSync(join(folder, name)).isDirectory());
for (const person of people) {
  for (const file of readdirSync(join(folder, person)).sort()) {
    const looks: Float32Array[] = [];
    await finder.look(await readPicture(join(folder, person, file)), ({ embedding, refused }) => {
      if (embedding) looks.push(Float32Array.from(embedding));
      else process.stderr.write(`${person}/${file}: ${refused.join("; ")}\n`);
    });
    if (looks[0]) seen.push({ person, embedding: looks[0] });
    else process.stderr.write(`${person}/${file}: not used\n`);
  }
}
const together: number[] = [];
let faces = 0;
for (const file of groups) {
  const looks: Float32Array[] = [];
  await finder.look(await readPicture(file), ({ embedding }) => {
    if (embedding) looks.push(Float32Array.from(embedding));
  });
  faces += looks.length;
  for (const [i, a] of looks.entries()) for (const b of looks.slice(0, i)) together.push(distance(a, b));
}
await models.close();

const trues: number[] = [];
const falses: number[] = [];
for (const [i, a] of seen.entries())
  for (const b of seen.slice(0, i)) (a.person === b.person ? trues : falses).push(distance(a.embedding, b.embedding));
falses.push(...together);
trues.sort((a, b) => a - b);
falses.sort((a, b) => a - b);
const mean = falses.reduce((a, b) => a + b, 0) / falses.length;
const sd = Math.sqrt(falses.reduce((a, b) => a + (b - mean) ** 2, 0) / (falses.length - 1));
const rounded = (value: number) => Math.round(value * 1e5) / 1e5;
const measured: MeasuredError = {
  embedderSha256,
  source: `${seen.length} pictures of ${people.length} people, every pair; ${faces} people in ${groups.length} photographs of groups, every pair in one photograph`,
  together: {
    trials: together.length,
    smallest: together
      .sort((a, b) => a - b)
      .slice(0, 10)
      .map(rounded),
  },
  falseTrials: falses.length,
  smallestFalse: falses.slice(0, KEPT).map(rounded),
  falseMean: rounded(mean),
  falseSd: rounded(sd),
  trueDistances: trues.map(rounded),
};
process.stdout.write(`/** Printed by models/faces/measure.ts: distances only, on pictures that are no part of the product. Not measured by demographic group. */
import type { MeasuredError } from "./threshold.ts";

export const measuredError: MeasuredError = ${JSON.stringify(measured, null, 2)};
`);
