/** The pipeline on real pictures: `$TOCSIN_DATA/faces` (eight people, five pictures each; five scenes). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decide } from "#core/faces/decide.ts";
import { EMBEDDING, fuse } from "#core/faces/distance.ts";
import { Gallery } from "#core/faces/gallery.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import type { Picture } from "#core/faces/picture.ts";
import { ruleFor } from "#core/faces/threshold.ts";
import { type FaceFinder, makeFaceFinder } from "./face-finder.ts";
import { embedderSha256, type FaceModels, openFaceModels } from "./face-models.ts";
import { readPicture } from "./picture-file.ts";

const modelsFolder = join(import.meta.dirname, "../../../.tocsin/faces");
const data = process.env.TOCSIN_DATA && join(process.env.TOCSIN_DATA, "faces");
const hasModels = existsSync(join(modelsFolder, "embedder.onnx"));
const hasData = hasModels && data !== undefined && existsSync(data);
if (!hasModels) process.stderr.write("skipped: no face models (node bin/faces-setup.mjs)\n");
else if (!hasData) process.stderr.write("skipped: no pictures ($TOCSIN_DATA is not set)\n");

let models: FaceModels;
let finder: FaceFinder;
interface Look {
  person: string;
  embedding: Float32Array | undefined;
}
const looks: Look[] = [];

test.before(async () => {
  if (!hasModels) return;
  models = await openFaceModels(modelsFolder, 2);
  finder = makeFaceFinder(models);
  if (!hasData) return;
  for (const person of readdirSync(data).filter((name) => !/scenes|README/.test(name)))
    for (const file of readdirSync(join(data, person))) {
      const found: Look[] = [];
      await finder.look(await readPicture(join(data, person, file)), ({ embedding }) => {
        found.push({ person, embedding: embedding && Float32Array.from(embedding) });
      });
      looks.push(found[0] ?? { person, embedding: undefined });
    }
});
test.after(async () => await models?.close());
const testOnData = hasData ? test : test.skip;

test("the measured error is that of this embedder", () => assert.is(measuredError.embedderSha256, embedderSha256));

testOnData("a face is found in all 40 tight crops, and 39 or more are good enough to compare", () => {
  assert.is(looks.length, 40);
  assert.ok(looks.filter((each) => each.embedding).length >= 39);
});

/** Everybody's other pictures, fused, as a gallery; without `absent`. */
function galleryFor(left: Look, absent?: string): Gallery {
  const people = [...new Set(looks.map((each) => each.person))].filter((person) => person !== absent);
  const vectors = new Float32Array(people.length * EMBEDDING);
  const spreads = new Float32Array(people.length);
  for (const [i, person] of people.entries()) {
    const others = looks
      .filter((each) => each.person === person && each !== left)
      .flatMap((each) => each.embedding ?? []);
    spreads[i] = fuse(
      others,
      others.map(() => 1),
      vectors.subarray(i * EMBEDDING, (i + 1) * EMBEDDING),
    );
  }
  return new Gallery(people, vectors, spreads);
}
function decisionOn(left: Look, absent?: string) {
  const gallery = galleryFor(left, absent);
  const rule = ruleFor(gallery.size, measuredError, { falseAlertRate: 0.05, confidence: 0.95 });
  if (rule.kind !== "rule") throw new Error(rule.why);
  return decide(
    left.embedding ? [] : ["refused"],
    left.embedding ? gallery.nearest(left.embedding) : [],
    rule,
    measuredError,
  );
}

testOnData(
  "all 8 people told apart: each picture against everybody's other pictures, 39 of 40 or more right, none wrong",
  () => {
    const decisions = looks.map((look) => ({ look, decision: decisionOn(look) }));
    const right = decisions.filter(({ look, decision: d }) => d.kind === "possible match" && d.person === look.person);
    const wrong = decisions.filter(({ look, decision: d }) => d.kind === "possible match" && d.person !== look.person);
    assert.is(wrong.length, 0);
    assert.ok(right.length >= 39, `${right.length} right`);
    assert.is(new Set(right.map((each) => each.look.person)).size, 8);
  },
);

testOnData("a person who is not on the list is never a possible match: 0 of 40", () => {
  const alerts = looks.filter((look) => decisionOn(look, look.person).kind === "possible match");
  assert.is(alerts.length, 0);
});

testOnData(
  "the scenes hold 23 faces over 40 px (counted by eye: 4, 3, 5, 6, 5): none is missed, none invented",
  async () => {
    const counts: number[] = [];
    for (const scene of readdirSync(join(data!, "scenes")).sort())
      counts.push(await finder.look(await readPicture(join(data!, "scenes", scene)), () => {}));
    assert.equal(counts, [4, 3, 5, 6, 5]);
  },
);

testOnData("a face shrunk to 20 px is refused, and one blurred too", async () => {
  const sharp = (await import("sharp")).default;
  const file = join(data!, "scenes", "bbt1.jpg");
  const small = await sharp(file).resize(250).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const blurred = await sharp(file).blur(8).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const refused: string[][] = [[], []];
  for (const [i, { data: rgb, info }] of [small, blurred].entries()) {
    const picture: Picture = { widthPx: info.width, heightPx: info.height, rgb };
    await finder.look(picture, (face) => {
      assert.is(face.embedding, undefined);
      refused[i]!.push(face.refused.join());
    });
  }
  assert.ok(refused[0]!.length > 0 && refused[0]!.every((why) => why.includes("too small")), refused[0]!.join("|"));
  assert.ok(refused[1]!.length > 0 && refused[1]!.every((why) => why.includes("blurred")), refused[1]!.join("|"));
});

testOnData("lent buffers hold zeros after the look", async () => {
  const lent: Float32Array[] = [];
  await finder.look(await readPicture(join(data!, "scenes", "bbt3.jpg")), ({ embedding }) => {
    if (!embedding) return;
    assert.ok(embedding.some((each) => each !== 0));
    lent.push(embedding);
  });
  assert.ok(lent.length > 0);
  assert.ok(lent.every((each) => each.every((value) => value === 0)));
});

(hasModels ? test : test.skip)("a picture without a face has none: grey, and noise", async () => {
  let state = 1;
  const noise = Uint8Array.from({ length: 300 * 200 * 3 }, () => (state = (state * 48271) % 2147483647) & 255);
  for (const rgb of [new Uint8Array(300 * 200 * 3).fill(128), noise])
    assert.is(await finder.look({ widthPx: 300, heightPx: 200, rgb }, () => {}), 0);
});

test("a model that is not the measured one does not open", async () => {
  const { mkdtempSync, rmSync, writeFileSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const folder = mkdtempSync(join(tmpdir(), "faces-"));
  try {
    writeFileSync(join(folder, "detector.onnx"), "not it");
    const why = () => openFaceModels(folder, 1).then(() => "opened", String);
    assert.match(await why(), "SHA-256");
    rmSync(join(folder, "detector.onnx"));
    assert.match(await why(), "faces-setup.mjs");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
