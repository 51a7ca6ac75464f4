/** Faces per second end to end (picture in memory -> detected, aligned, judged, embedded, overwritten), 2 threads; needs $TOCSIN_DATA. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { makeFaceFinder } from "./face-finder.ts";
import { openFaceModels } from "./face-models.ts";
import { readPicture } from "./picture-file.ts";

const models = join(import.meta.dirname, "../../../.tocsin/faces");
const scenes = join(process.env.TOCSIN_DATA ?? "", "faces", "scenes");
if (!process.env.TOCSIN_DATA || !existsSync(scenes) || !existsSync(models))
  process.stderr.write("skipped: needs $TOCSIN_DATA and the face models (node bin/faces-setup.mjs)\n");
else {
  const opened = await openFaceModels(models, 2);
  const finder = makeFaceFinder(opened);
  const pictures = [];
  for (const name of readdirSync(scenes)) pictures.push(await readPicture(join(scenes, name)));
  await finder.look(pictures[0]!, () => {});
  let faces = 0;
  const cpuFrom = process.cpuUsage();
  const from = performance.now();
  for (let round = 0; round < 3; round++) for (const picture of pictures) faces += await finder.look(picture, () => {});
  const s = (performance.now() - from) / 1000;
  const print = (figure: string, value: number, unit: string) =>
    process.stdout.write(`${JSON.stringify({ bench: "faces", figure, value, unit })}\n`);
  const cpu = process.cpuUsage(cpuFrom);
  // What other programs take of the cores does not count here.
  print("faces end to end, a second of two cores", (2 * faces * 1e6) / (cpu.user + cpu.system), "1/s");
  print("faces end to end", faces / s, "1/s");
  print("time a picture", (1000 * s) / (3 * pictures.length), "ms");
  await opened.close();
}
