/** People, vehicles and postures on pictures that come with npm packages of ours, and against the original networks. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Picture } from "#core/faces/picture.ts";
import { readPicture } from "../faces/picture-file.ts";
import { makeObjectFinder, type ObjectFinder } from "./object-finder.ts";
import { openPerceptionModels, type PerceptionModels } from "./perception-models.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, ".tocsin/perception");
const pictures = join(root, "node_modules/human-with-nanodet/assets");
const ready = existsSync(join(folder, "objects.onnx")) && existsSync(pictures);
if (!ready) process.stderr.write("skipped: no perception models (node bin/faces-setup.mjs)\n");
const onModels = ready ? test : test.skip;

let models: PerceptionModels;
let finder: ObjectFinder;
test.before(async () => {
  models = await openPerceptionModels(folder, 2);
  finder = makeObjectFinder(models);
});
test.after(async () => await models.close());

async function turned(file: string, degrees: number): Promise<Picture> {
  const { data, info } = await sharp(join(pictures, file))
    .rotate(degrees)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, rgb: data };
}

onModels("a woman who stands is one person, upright; turned on her side she lies, to either side", async () => {
  const [standing, ...others] = await finder.look(await turned("human-sample-body.jpg", 0));
  assert.equal([standing?.kind, others.length], ["person", 0]);
  assert.ok(standing!.score > 0.8 && standing!.fallen! < 0.05);
  for (const degrees of [90, 270]) {
    const [lying] = await finder.look(await turned("human-sample-body.jpg", degrees));
    assert.is(lying?.kind, "person");
    assert.ok(lying!.fallen! > 0.9, `${degrees}: ${lying!.fallen}`);
  }
});

onModels("three people side by side are three, none of them lying", async () => {
  for (const file of ["sample1.jpg", "sample2.jpg"]) {
    const found = await finder.look(await readPicture(join(pictures, file)));
    assert.equal(
      found.map(({ kind }) => kind),
      ["person", "person", "person"],
      file,
    );
    assert.ok(found.every(({ fallen }) => (fallen ?? 0) < 0.5));
  }
});

onModels("grey and noise hold nobody", async () => {
  let state = 1;
  const noise = Uint8Array.from({ length: 640 * 480 * 3 }, () => (state = (state * 48271) % 2147483647) & 255);
  for (const rgb of [new Uint8Array(640 * 480 * 3).fill(128), noise])
    assert.equal(await finder.look({ widthPx: 640, heightPx: 480, rgb }), []);
});

test("without models nothing is found, and what is missing is said with what to do", async () => {
  const empty = mkdtempSync(join(tmpdir(), "perception-"));
  try {
    const none = await openPerceptionModels(empty, 1);
    assert.equal(
      none.missing.map(({ model }) => model),
      ["objects", "pose"],
    );
    assert.match(none.missing[0]!.why, "faces-setup.mjs");
    assert.equal(await makeObjectFinder(none).look({ widthPx: 8, heightPx: 8, rgb: new Uint8Array(192) }), []);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
});

test.run();
