/** From pictures of people to one embedding a person. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Fault } from "#contract/errors.ts";
import { EMBEDDING, fuse } from "#core/faces/distance.ts";
import { type FaceFinder, makeFaceFinder } from "#edge-agent/devices/faces/face-finder.ts";
import { openFaceModels } from "#edge-agent/devices/faces/face-models.ts";
import { readPicture } from "#edge-agent/devices/faces/picture-file.ts";

const modelsFolder = join(import.meta.dirname, "../../.tocsin/faces");
const pictureName = /\.(jpe?g|png|webp|tiff?|gif|avif)$/i;
const videoName = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|m2ts|3gp|flv|wmv|h26[45])$/i;
/** A second face of more than this share of the largest makes it unclear who is meant. */
const SECOND_FACE = 0.5;

export interface Enrolled {
  readonly person: string;
  /** The looks fused by quality; absent where no picture could be used. */
  readonly embedding?: Float32Array;
  readonly spread: number;
  /** The upright face of the best picture, RGB of CHIP_PX x CHIP_PX, for whoever reviews a match. */
  readonly chip?: Uint8Array;
  readonly pictures: readonly {
    readonly file: string;
    readonly quality?: number;
    readonly refused?: readonly string[];
  }[];
}

export async function withFaceFinder<T>(work: (finder: FaceFinder) => Promise<T>): Promise<T> {
  const models = await openFaceModels(modelsFolder, 2);
  try {
    return await work(makeFaceFinder(models));
  } finally {
    await models.close();
  }
}

/** All picture files that the paths name: files as they are, whether they are there or not, folders with everything below them. */
export function picturesIn(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (videoName.test(path))
      throw new Fault("input", `${path}: recorded video is never searched for faces; give pictures`);
    if (!stat?.isDirectory()) return [path];
    const inside = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => pictureName.test(name));
    return inside.sort().map((name) => join(path, name));
  });
}

/** The pictures by person: the name given, or that of the folder that each picture lies in. */
export function byPerson(files: readonly string[], person?: string): Map<string, string[]> {
  const people = new Map<string, string[]>();
  for (const file of files) {
    const name = person ?? basename(dirname(resolve(file)));
    people.set(name, [...(people.get(name) ?? []), file]);
  }
  return people;
}

export async function enrolPerson(finder: FaceFinder, person: string, files: readonly string[]): Promise<Enrolled> {
  const looks: { embedding: Float32Array; weight: number }[] = [];
  const pictures: Enrolled["pictures"][number][] = [];
  let best: { weight: number; chip: Uint8Array } | undefined;
  for (const file of files) {
    let chip: Uint8Array | undefined;
    let look: { embedding: Float32Array; weight: number } | undefined;
    const refused: string[] = [];
    let largest = 0;
    const picture = await readPicture(file);
    try {
      const count = await finder.look(picture, (face) => {
        const area = face.box.widthPx * face.box.heightPx;
        if (largest === 0) {
          largest = area;
          refused.push(...face.refused);
          if (face.embedding)
            look = { embedding: Float32Array.from(face.embedding), weight: Math.max(0.05, face.score) };
          chip = Uint8Array.from(face.chip, (value) => Math.max(0, Math.min(255, value)));
        } else if (area > SECOND_FACE * largest)
          refused.push("more than one face: cut the picture to the person meant");
      });
      if (count === 0) refused.push("no face found");
    } finally {
      picture.rgb.fill(0);
    }
    if (look !== undefined && refused.length === 0) {
      looks.push(look);
      if (chip && look.weight > (best?.weight ?? 0)) best = { weight: look.weight, chip };
      pictures.push({ file, quality: look.weight });
    } else {
      look?.embedding.fill(0);
      pictures.push({ file, refused: [...new Set(refused)] });
    }
  }
  if (looks.length === 0) return { person, pictures, spread: 0 };
  const embedding = new Float32Array(EMBEDDING);
  const spread = fuse(
    looks.map((each) => each.embedding),
    looks.map((each) => each.weight),
    embedding,
  );
  for (const each of looks) each.embedding.fill(0);
  return { person, embedding, spread, pictures, ...(best && { chip: best.chip }) };
}
