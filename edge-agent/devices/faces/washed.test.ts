/** What the networks looked at last: their working memory keeps it. The networks are replaced by ones that remember. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LANDMARKS } from "#core/faces/align.ts";
import type { Picture } from "#core/faces/picture.ts";
import { makeFaceFinder } from "./face-finder.ts";

const SIDE_PX = 200;

/** A network that notes whether it was shown anything but black, and writes its answer where it is told to. */
function network(answer: Readonly<Record<string, readonly number[]>>) {
  const shown: ("black" | "something")[] = [];
  const returned: Float32Array[] = [];
  const run = async (feeds: Record<string, Tensor>, fetches: Record<string, Tensor>) => {
    const inputs = Object.values(feeds).map(({ data }) => data as Float32Array);
    shown.push(inputs.some((input) => input.some((value) => value !== 0)) ? "something" : "black");
    const copies: Record<string, { data: Float32Array }> = {};
    for (const [name, values] of Object.entries(answer)) {
      const data = fetches[name]!.data as Float32Array;
      data.set(values);
      copies[name] = { data: Float32Array.from(data) };
      returned.push(copies[name].data);
    }
    return copies;
  };
  return { session: { run } as unknown as InferenceSession, shown, returned };
}

/** A level face: brows to chin within the middle of the square, 0..1 of it. */
function levelFace(): number[] {
  const points = Array.from({ length: LANDMARKS }, () => [0.5, 0.6]);
  const put = (from: number, to: number, x: number, y: number) => points.fill([x, y], from, to);
  put(36, 42, 0.35, 0.35);
  put(42, 48, 0.65, 0.35);
  put(27, 36, 0.5, 0.55);
  put(48, 68, 0.5, 0.7);
  return points.flat();
}

let state = 1;
const noise = () => (state = (state * 48271) % 2147483647) & 255;
const picture: Picture = {
  widthPx: SIDE_PX,
  heightPx: SIDE_PX,
  rgb: Uint8Array.from({ length: SIDE_PX * SIDE_PX * 3 }, noise),
};

function world() {
  const detector = network({ boxes: [0.1, 0.1, 0.9, 0.9], scores: [0.9] });
  const landmarks = network({ points: levelFace() });
  const embedder = network({ embedding: [0.5] });
  const finder = makeFaceFinder({
    detector: detector.session,
    landmarks: landmarks.session,
    embedder: embedder.session,
    close: async () => undefined,
  });
  return { finder, landmarks, embedder };
}

test("after a look the networks that saw the face have seen black since", async () => {
  const { finder, landmarks, embedder } = world();
  const embedded: boolean[] = [];
  await finder.look(picture, ({ embedding }) => void embedded.push(embedding !== undefined));
  assert.equal(embedded, [true]);
  assert.equal(landmarks.shown, ["something", "black"]);
  assert.equal(embedder.shown, ["something", "black"]);
});

test("also where whoever was shown the face failed, and not where no face was looked into", async () => {
  const { finder, landmarks, embedder } = world();
  const failing = finder.look(picture, () => {
    throw new Error("no room");
  });
  assert.is(await failing.catch((error: Error) => error.message), "no room");
  assert.equal(
    [landmarks.shown, embedder.shown].map((shown) => shown.at(-1)),
    ["black", "black"],
  );
  await finder.look(
    picture,
    () => assert.unreachable("nobody wanted it"),
    () => false,
  );
  assert.is(landmarks.shown.length, 2);
});

test("the copies of their answers that the networks return are overwritten", async () => {
  const { finder, landmarks, embedder } = world();
  await finder.look(picture, () => undefined);
  const copies = [...landmarks.returned, ...embedder.returned];
  assert.is(copies.length, 4);
  assert.ok(copies.every((copy) => copy.every((value) => value === 0)));
});

test.run();
