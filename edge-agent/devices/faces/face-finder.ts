/**
 * Finds the faces of a picture and embeds each. Crops, landmarks and embeddings live in buffers of the finder only, are lent to
 * the caller for one call, and are overwritten as soon as that call returns: what is to outlive it must be copied knowingly.
 */
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { CHIP_PX, chipOf, LANDMARKS } from "#core/faces/align.ts";
import { boxesIn, DETECTOR_PX, distinctFaces, type FaceBox, squaresToSearch, widened } from "#core/faces/detection.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { type Picture, samplePatch, squarePatch } from "#core/faces/picture.ts";
import { measureQuality, type Quality, qualityScore, refusals } from "#core/faces/quality.ts";
import type { FaceModels } from "./face-models.ts";

export interface SeenFace {
  readonly box: FaceBox;
  readonly quality: Quality;
  /** Why this face is not to be compared; empty for a good one. */
  readonly refused: readonly string[];
  /** 0..1, to choose the best look of a track. */
  readonly score: number;
  /** Lent: overwritten when the call returns. A refused face has none. */
  readonly embedding: Float32Array | undefined;
  /** Lent likewise: 68 points in picture pixels, and the upright face, RGB 0..255 of CHIP_PX x CHIP_PX, for whoever reviews a match. */
  readonly landmarks: Float32Array;
  readonly chip: Float32Array;
}

export interface FaceFinder {
  /**
   * Calls `each` for every face, the largest first; resolves to their number when all traces are overwritten. A box that `wants` turns down is
   * not looked into: no landmarks, no embedding.
   */
  look(picture: Picture, each: (face: SeenFace) => void, wants?: (box: FaceBox) => boolean): Promise<number>;
}

const LANDMARKER_PX = 112;
const ANCHORS = 5118;
const CONFIDENCE = 0.35;
/** Faces cut without a margin are searched again in the middle of a wider black square, up to this size of picture. */
const TIGHT_CROP_PX = 512;

export function makeFaceFinder(models: FaceModels): FaceFinder {
  const image = new Float32Array(DETECTOR_PX * DETECTOR_PX * 3);
  const boxes = new Float32Array(ANCHORS * 4);
  const scores = new Float32Array(ANCHORS);
  const crop = new Float32Array(LANDMARKER_PX * LANDMARKER_PX * 3);
  const landmarks = new Float32Array(LANDMARKS * 2);
  const chip = new Float32Array(CHIP_PX * CHIP_PX * 3);
  const embedding = new Float32Array(EMBEDDING);
  const perFace = [crop, landmarks, chip, embedding];

  const detect = async (picture: Picture, square: { x: number; y: number; sidePx: number }) => {
    samplePatch(picture, squarePatch(square.x, square.y, square.sidePx, DETECTOR_PX), DETECTOR_PX, image);
    await models.detector.run(
      { image: new Tensor("float32", image, [1, DETECTOR_PX, DETECTOR_PX, 3]) },
      { boxes: new Tensor("float32", boxes, [ANCHORS, 4]), scores: new Tensor("float32", scores, [ANCHORS]) },
    );
    return boxesIn(square, boxes, scores, CONFIDENCE, picture);
  };

  const detectAll = async (picture: Picture) => {
    const found: FaceBox[] = [];
    for (const square of squaresToSearch(picture)) found.push(...(await detect(picture, square)));
    const tight = Math.max(picture.widthPx, picture.heightPx) <= TIGHT_CROP_PX;
    for (const times of tight ? [1.5, 2, 3] : []) {
      if (found.length > 0) break;
      found.push(...(await detect(picture, widened(picture, times))));
    }
    return distinctFaces(found).sort((a, b) => b.widthPx * b.heightPx - a.widthPx * a.heightPx);
  };

  const place = async () => {
    const out = await models.landmarks.run(
      { face: new Tensor("float32", crop, [1, LANDMARKER_PX, LANDMARKER_PX, 3]) },
      { points: new Tensor("float32", landmarks, [1, LANDMARKS * 2]) },
    );
    overwrite(out);
  };
  const embed = async () => {
    const out = await models.embedder.run(
      { face: new Tensor("float32", chip, [1, CHIP_PX, CHIP_PX, 3]) },
      { embedding: new Tensor("float32", embedding, [1, EMBEDDING]) },
    );
    overwrite(out);
  };

  const see = async (picture: Picture, box: FaceBox): Promise<SeenFace> => {
    const sidePx = Math.max(box.widthPx, box.heightPx);
    const [x, y] = [box.x + (box.widthPx - sidePx) / 2, box.y + (box.heightPx - sidePx) / 2];
    samplePatch(picture, squarePatch(x, y, sidePx, LANDMARKER_PX), LANDMARKER_PX, crop);
    await place();
    for (let i = 0; i < landmarks.length; i++) landmarks[i] = (i % 2 === 0 ? x : y) + landmarks[i]! * sidePx;
    const at = chipOf(landmarks);
    if (at !== undefined) samplePatch(picture, at, CHIP_PX, chip);
    const quality = measureQuality(landmarks, chip);
    const refused = at === undefined ? ["no features found"] : refusals(quality);
    if (refused.length === 0) await embed();
    return {
      box,
      quality,
      refused,
      score: refused.length === 0 ? qualityScore(quality) : 0,
      embedding: refused.length === 0 ? embedding : undefined,
      landmarks,
      chip,
    };
  };

  /** The networks' own working memory keeps the last face: a black one takes its place. */
  const wash = async () => {
    for (const buffer of perFace) buffer.fill(0);
    await place();
    await embed();
    for (const buffer of perFace) buffer.fill(0);
  };

  const look: FaceFinder["look"] = async (picture, each, wants = () => true) => {
    const faces = await detectAll(picture);
    let seen = 0;
    try {
      for (const box of faces) {
        if (!wants(box)) continue;
        seen++;
        each(await see(picture, box));
        for (const buffer of perFace) buffer.fill(0);
      }
    } finally {
      image.fill(0);
      if (seen > 0) await wash();
    }
    return faces.length;
  };

  // One picture at a time: the buffers are shared.
  let last: Promise<unknown> = Promise.resolve();
  return {
    look: (picture, each, wants) => {
      const result = last.then(() => look(picture, each, wants));
      last = result.catch(() => undefined);
      return result;
    },
  };
}

/** onnxruntime-node writes into the tensors it was given, and returns copies of them that would wait for the garbage collector. */
function overwrite(returned: Awaited<ReturnType<InferenceSession["run"]>>): void {
  for (const copy of Object.values(returned)) (copy.data as Float32Array).fill(0);
}
