/**
 * The process whose memory forget.test.ts reads: looks at pictures with a gallery of one person, keeps what a possible match leaves to a
 * reviewer and nothing else, says "decided", and stays. `node testing-look.ts MODELS EMBEDDING PICTURE...`
 */
import { decide } from "#core/faces/decide.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { Gallery } from "#core/faces/gallery.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { ruleFor } from "#core/faces/threshold.ts";
import { embeddingFromText } from "./embedding-text.ts";
import { makeFaceFinder } from "./face-finder.ts";
import { openFaceModels } from "./face-models.ts";
import { readPicture } from "./picture-file.ts";

const [folder, wanted, ...files] = process.argv.slice(2) as [string, string, ...string[]];
const vector = new Float32Array(EMBEDDING);
embeddingFromText(wanted, vector);
const gallery = new Gallery(["wanted"], vector, new Float32Array(1));
const rule = ruleFor(1, measuredError, { falseAlertRate: 0.05, confidence: 0.95 });
if (rule.kind !== "rule") throw new Error(rule.why);

const finder = makeFaceFinder(await openFaceModels(folder, 1));
const kept: Float32Array[] = [];
const decisions: string[] = [];
for (const file of files) {
  const picture = await readPicture(file);
  await finder.look(picture, ({ refused, embedding, landmarks, chip }) => {
    const decision = decide(refused, embedding ? gallery.nearest(embedding) : [], rule, measuredError);
    decisions.push(decision.kind);
    if (decision.kind === "possible match" && embedding)
      kept.push(...[embedding, landmarks, chip].map((lent) => Float32Array.from(lent)));
  });
  picture.rgb.fill(0);
}
process.stdout.write(`${JSON.stringify(decisions)}\n`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(kept.length > 0 ? 0 : 1));
