/** `tocsin faces enrol|match`: the face pipeline on pictures, offline. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { Count, Id, NonNegative, Sha256 } from "#contract/units.ts";
import { countDecision, type FaceCounts, noFaces, publishedError } from "#core/faces/counts.ts";
import { type Decision, decide } from "#core/faces/decide.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { Gallery } from "#core/faces/gallery.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { largestList, type Rule, ruleFor } from "#core/faces/threshold.ts";
import { embeddingFromText, embeddingToText } from "#edge-agent/devices/faces/embedding-text.ts";
import type { FaceFinder } from "#edge-agent/devices/faces/face-finder.ts";
import { embedderSha256 } from "#edge-agent/devices/faces/face-models.ts";
import { readPicture } from "#edge-agent/devices/faces/picture-file.ts";
import { type Command, printJson, say } from "../command.ts";
import { byPerson, enrolPerson, picturesIn, withFaceFinder } from "../faces/enrol.ts";
import { jsonOf, save } from "../named-file.ts";

const GalleryFile = v.object({
  v: v.literal(1),
  embedderSha256: Sha256,
  people: v.array(v.object({ person: Id, pictures: Count, embedding: v.string(), spread: NonNegative })),
});
type GalleryFile = v.InferOutput<typeof GalleryFile>;

const usage = "usage: tocsin faces enrol|match --gallery FILE PICTURE|FOLDER... (see 'tocsin faces --help')";

export const command: Command = {
  summary: "enrol and compare faces in pictures, offline",
  help: `
usage: tocsin faces enrol --gallery FILE [--person NAME] PICTURE|FOLDER... [--json]
       tocsin faces match --gallery FILE PICTURE|FOLDER... [--false-alert-rate P] [--json]

enrol  Adds people to the gallery file (made if it is not there, readable by its owner only): one embedding a person, fused from
       all pictures of the person. The person is --person, or the name of the folder that the picture lies in. Small, blurred,
       turned or badly lit faces are refused, and pictures with several faces.
match  Says of every face in the pictures: "possible match" (for a person to review, never more), "unknown" or "no decision",
       with the reasons. The threshold follows the number of people in the gallery.

  --false-alert-rate P  chance at most that the face of a stranger is called a possible match, at the upper limit (95 %) of what was
                        measured; larger galleries than that allows are refused (default 0.2)
  --json                one JSON object a line: {"type":"face",...} a face, then {"type":"summary",...}`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        gallery: { type: "string" },
        person: { type: "string" },
        "false-alert-rate": { type: "string", default: "0.2" },
      },
    });
    const [action, ...paths] = positionals;
    if (values.gallery === undefined || paths.length === 0) throw new Fault("usage", usage);
    if (action === "enrol") return await enrol(values.gallery, values.person, paths, values.json);
    if (action === "match") return await match(values.gallery, rate(values["false-alert-rate"]), paths, values.json);
    throw new Fault("usage", usage);
  },
};

async function enrol(file: string, person: string | undefined, paths: string[], json: boolean): Promise<number> {
  if (person !== undefined && !v.is(Id, person))
    throw new Fault("usage", `--person ${person}: must be 1 to 64 of A-Z a-z 0-9 . _ : -`);
  const gallery = (await readGallery(file)) ?? { v: 1, embedderSha256, people: [] };
  const wanted = byPerson(picturesIn(paths), person);
  for (const name of wanted.keys())
    if (!v.is(Id, name))
      throw new Fault("input", `folder ${name}: a person's name must be 1 to 64 of A-Z a-z 0-9 . _ : -`);
  let added = 0;
  await withFaceFinder(async (finder) => {
    for (const [name, files] of wanted) {
      const enrolled = await enrolPerson(finder, name, files);
      for (const picture of enrolled.pictures) {
        if (json) printJson({ type: "picture", person: name, used: picture.refused === undefined, ...picture });
        else say(`${picture.file}: ${picture.refused?.join("; ") ?? `used for ${name}`}`);
      }
      if (enrolled.embedding === undefined) continue;
      gallery.people = gallery.people.filter((each) => each.person !== name);
      const pictures = enrolled.pictures.filter((each) => each.refused === undefined).length;
      gallery.people.push({
        person: name,
        pictures,
        embedding: embeddingToText(enrolled.embedding),
        spread: enrolled.spread,
      });
      enrolled.embedding.fill(0);
      added++;
    }
  });
  if (added > 0) await save(file, `${JSON.stringify(gallery)}\n`, 0o600);
  const summary = {
    type: "summary",
    gallery: file,
    people: gallery.people.length,
    enrolled: added,
    asked: wanted.size,
  };
  if (json) printJson(summary);
  else process.stdout.write(`${added} of ${wanted.size} enrolled; ${gallery.people.length} people in ${file}\n`);
  return added === 0 ? 65 : 0;
}

async function match(file: string, falseAlertRate: number, paths: string[], json: boolean): Promise<number> {
  const stored = await readGallery(file);
  if (stored === undefined)
    throw new Fault("input", `${file}: there is no such gallery; make one with tocsin faces enrol`);
  const policy = { falseAlertRate, confidence: 0.95 };
  const rule = ruleFor(stored.people.length, measuredError, policy);
  if (rule.kind === "too large") throw new Fault("input", `${file}: too large: ${rule.why}`);
  const gallery = galleryOf(stored);
  let counts = noFaces;
  let unreadable = 0;
  const files = picturesIn(paths);
  await withFaceFinder(async (finder) => {
    for (const picture of files) {
      try {
        counts = await matchPicture(finder, picture, gallery, rule, json, counts);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        unreadable++;
        say(error.message);
      }
    }
  });
  gallery.wipe();
  const { seen, possible, unknown, undecided } = counts;
  const { kind: _, ...limits } = rule;
  const { together } = measuredError;
  const error = {
    byDemographicGroup: publishedError(counts).byDemographicGroup,
    measuredOn: measuredError.source,
    ...(together && {
      likePeople: {
        pairs: together.trials,
        nearerThanThreshold: together.smallest.filter((each) => each <= rule.thresholdDistance).length,
      },
    }),
  };
  const alike = error.likePeople
    ? ` Of ${error.likePeople.pairs} pairs of different people of like age in one photograph ${error.likePeople.nearerThanThreshold} would be possible matches.`
    : "";
  const largest = largestList(measuredError, policy);
  const summary = { type: "summary", pictures: files.length, unreadable, faces: seen, possible, unknown, undecided };
  if (json) printJson({ ...summary, rule: { ...limits, largestList: largest }, error });
  else
    process.stdout.write(
      `${seen} faces in ${files.length} pictures: ${possible} possible matches, ${unknown} unknown, ${undecided} not decided. A stranger's face is a possible match in up to ${(100 * rule.falseAlertRateUpper).toPrecision(2)} % of cases (95 % limit, ${error.measuredOn}); error by demographic group: not measured.${alike}\n`,
    );
  return unreadable > 0 && unreadable === files.length ? 65 : 0;
}

/** Prints one line a face; what is printed of a face that is no possible match names nobody. */
async function matchPicture(
  finder: FaceFinder,
  file: string,
  gallery: Gallery,
  rule: Rule,
  json: boolean,
  before: FaceCounts,
): Promise<FaceCounts> {
  let counts = before;
  const picture = await readPicture(file);
  try {
    const count = await finder.look(picture, ({ box, refused, embedding, score }) => {
      const nearest = embedding ? gallery.nearest(embedding) : [];
      const decision = decide(refused, nearest, rule, measuredError);
      counts = countDecision(counts, decision);
      const { kind, ...rest } = decision;
      const face = Object.fromEntries(
        Object.entries(box).map(([name, value]) => [name, Math.round(value * 100) / 100]),
      );
      if (json)
        printJson({
          type: "face",
          file,
          face,
          quality: score,
          decision: kind,
          distance: nearest[0]?.distance,
          ...rest,
        });
      else process.stdout.write(`${file} at ${face.x},${face.y}: ${inWords(decision)}\n`);
    });
    if (count === 0) {
      if (json) printJson({ type: "face", file, decision: "no face" });
      else process.stdout.write(`${file}: no face found\n`);
    }
  } finally {
    picture.rgb.fill(0);
  }
  return counts;
}

function inWords(decision: Decision): string {
  if (decision.kind === "unknown") return "unknown";
  if (decision.kind === "no decision") return `no decision: ${decision.why.join("; ")}`;
  return `possible match with ${decision.person} (distance ${decision.distance.toFixed(3)}): ${decision.score.words}`;
}

async function readGallery(file: string): Promise<GalleryFile | undefined> {
  if (!existsSync(file)) return undefined;
  const json = await jsonOf(file, "name a gallery that tocsin faces enrol made");
  const parsed = v.safeParse(GalleryFile, json);
  if (!parsed.success)
    throw new Fault(
      "input",
      faultsOf(parsed.issues).map((line) => `${file}: not a gallery: ${line}`),
    );
  if (parsed.output.embedderSha256 !== embedderSha256)
    throw new Fault("input", `${file}: made with another face model; enrol its people again from their pictures`);
  return parsed.output;
}

function galleryOf({ people }: GalleryFile): Gallery {
  const vectors = new Float32Array(people.length * EMBEDDING);
  for (const [i, { embedding, person }] of people.entries()) {
    try {
      embeddingFromText(embedding, vectors.subarray(i * EMBEDDING, (i + 1) * EMBEDDING));
    } catch (cause) {
      throw new Fault("input", `${person}: ${(cause as Error).message}; enrol this person again`, { cause });
    }
  }
  return new Gallery(
    people.map((each) => each.person),
    vectors,
    Float32Array.from(people, (each) => each.spread),
  );
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1))
    throw new Fault("usage", `--false-alert-rate ${text}: must be more than 0 and less than 1`);
  return value;
}
