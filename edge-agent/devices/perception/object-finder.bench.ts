/** Milliseconds a look for people, vehicles and postures, on a picture of 1920 x 1280 with three people, 2 threads. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readPicture } from "../faces/picture-file.ts";
import { makeObjectFinder } from "./object-finder.ts";
import { openPerceptionModels } from "./perception-models.ts";

const root = join(import.meta.dirname, "../../..");
const file = join(root, "node_modules/human-with-nanodet/assets/sample1.jpg");
const models = await openPerceptionModels(join(root, ".tocsin/perception"), 2);
if (models.missing.length > 0 || !existsSync(file))
  process.stderr.write("skipped: no perception models (node bin/faces-setup.mjs)\n");
else {
  const finder = makeObjectFinder(models);
  const picture = await readPicture(file);
  await finder.look(picture);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const from = performance.now();
    await finder.look(picture);
    times.push(performance.now() - from);
  }
  const value = times.sort((a, b) => a - b)[4];
  process.stdout.write(
    `${JSON.stringify({ bench: "perception", figure: "look at 1920 x 1280, three people", value, unit: "ms" })}\n`,
  );
}
await models.close();
