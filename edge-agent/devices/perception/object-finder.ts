/** People and vehicles in a picture, and whether each person lies. Buffers are overwritten after each look. */
import { Tensor } from "onnxruntime-node";
import { type Picture, samplePatch, squarePatch } from "#core/faces/picture.ts";
import {
  distinctObjects,
  OBJECTS_PX,
  objectsIn,
  type SeenObject,
  squaresAcross,
  strides,
} from "#core/perception/objects.ts";
import { fallenOf, POSE_POINTS } from "#core/perception/posture.ts";
import type { PerceptionModels } from "./perception-models.ts";

const POSE_PX = 192;
/** Around the box, for limbs that it cuts. */
const POSE_MARGIN = 1.25;
/** Of a crowd, the largest: enough to notice one who lies, without holding up the next look. */
const MOST_POSES = 4;
const SCORE = 0.4;

export interface FoundObject extends SeenObject {
  /** Probability that this person lies; absent where it cannot be told. */
  readonly fallen?: number;
}

export interface ObjectFinder {
  look(picture: Picture): Promise<FoundObject[]>;
}

/** Without the model for objects nothing is found, without that for pose nobody lies: `models.missing` says so. */
export function makeObjectFinder(models: PerceptionModels): ObjectFinder {
  const image = new Float32Array(OBJECTS_PX * OBJECTS_PX * 3);
  const body = new Float32Array(POSE_PX * POSE_PX * 3);

  const detect = async (picture: Picture): Promise<SeenObject[]> => {
    if (!models.objects) return [];
    const found: SeenObject[] = [];
    for (const square of squaresAcross(picture.widthPx, picture.heightPx)) {
      samplePatch(picture, squarePatch(square.x, square.y, square.sidePx, OBJECTS_PX), OBJECTS_PX, image);
      const out = await models.objects.run({ image: new Tensor("float32", image, [1, OBJECTS_PX, OBJECTS_PX, 3]) });
      const all = (name: string) => strides.map((_, i) => out[`${name}${i}`]!.data as Float32Array);
      found.push(...objectsIn(square, all("scores"), all("sides"), SCORE));
    }
    return distinctObjects(found);
  };

  const postureOf = async (picture: Picture, person: SeenObject): Promise<number | undefined> => {
    if (!models.pose) return undefined;
    const sidePx = Math.max(person.widthPx, person.heightPx) * POSE_MARGIN;
    const x = person.x + (person.widthPx - sidePx) / 2;
    const y = person.y + (person.heightPx - sidePx) / 2;
    samplePatch(picture, squarePatch(x, y, sidePx, POSE_PX), POSE_PX, body);
    const out = await models.pose.run({ image: new Tensor("float32", body, [1, POSE_PX, POSE_PX, 3]) });
    const raw = out.points!.data as Float32Array;
    const points = new Float32Array(POSE_POINTS * 3);
    for (let k = 0; k < POSE_POINTS; k++) {
      points[3 * k] = x + raw[3 * k + 1]! * sidePx;
      points[3 * k + 1] = y + raw[3 * k]! * sidePx;
      points[3 * k + 2] = raw[3 * k + 2]!;
    }
    return fallenOf(points);
  };

  return {
    async look(picture) {
      try {
        const found = await detect(picture);
        const people = found.filter(({ kind }) => kind === "person");
        const largest = people.sort((a, b) => b.heightPx * b.widthPx - a.heightPx * a.widthPx).slice(0, MOST_POSES);
        const fallen = new Map<SeenObject, number>();
        for (const person of largest) {
          const probability = await postureOf(picture, person);
          if (probability !== undefined) fallen.set(person, probability);
        }
        return found.map((each) => ({ ...each, ...(fallen.has(each) && { fallen: fallen.get(each)! }) }));
      } finally {
        image.fill(0);
        body.fill(0);
      }
    },
  };
}
