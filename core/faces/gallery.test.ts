import { test } from "uvu";
import * as assert from "uvu/assert";
import { BestShots } from "./best-shots.ts";
import { distance, EMBEDDING, fuse } from "./distance.ts";
import { Gallery } from "./gallery.ts";

/** A fixed sequence in -1..1 (Lehmer, modulus 2^31 - 1). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}
const vectors = (count: number, seed: number) => {
  const next = sequence(seed);
  return Float32Array.from({ length: count * EMBEDDING }, () => next() * 0.15);
};

test("the two nearest of 500 are those of the plain search, for 50 faces", () => {
  const all = vectors(500, 7);
  const names = Array.from({ length: 500 }, (_, i) => `p${i}`);
  const gallery = new Gallery(names, all.slice(), new Float32Array(500));
  const probes = vectors(50, 11);
  for (let k = 0; k < 50; k++) {
    const probe = probes.subarray(k * EMBEDDING, (k + 1) * EMBEDDING);
    const plain = names
      .map((person, i) => ({ person, distance: distance(all.subarray(i * EMBEDDING, (i + 1) * EMBEDDING), probe) }))
      .sort((a, b) => a.distance - b.distance);
    const found = gallery.nearest(probe);
    assert.equal(
      found.map((each) => each.person),
      plain.slice(0, 2).map((each) => each.person),
    );
    assert.ok(Math.abs(found[0]!.distance - plain[0]!.distance) < 1e-6);
  }
});

test("an empty gallery finds nobody, one of one finds one", () => {
  assert.equal(new Gallery([], new Float32Array(0), new Float32Array(0)).nearest(vectors(1, 3)), []);
  const one = new Gallery(["p"], vectors(1, 3), new Float32Array(1));
  assert.equal(one.nearest(vectors(1, 3)), [{ person: "p", distance: 0 }]);
});

test("numbers that do not fit the people are refused", () => {
  assert.throws(
    () => new Gallery(["a", "b"], new Float32Array(EMBEDDING), new Float32Array(2)),
    /2 people need 256 numbers, not 128/,
  );
});

test("embeddings are moved into the gallery, and wiping leaves zeros: everybody is at distance 0 of zero", () => {
  const all = vectors(3, 5);
  const gallery = new Gallery(["a", "b", "c"], all, new Float32Array(3).fill(0.01));
  assert.ok(all.every((each) => each === 0));
  const zero = new Float32Array(EMBEDDING);
  assert.ok(gallery.nearest(zero)[0]!.distance > 0.5);
  gallery.wipe();
  assert.equal(
    gallery.nearest(zero).map((each) => each.distance),
    [0, 0],
  );
});

test("looks are fused by weight: 1 and 5 with weights 3 and 1 give 2", () => {
  const out = new Float32Array(EMBEDDING);
  fuse([new Float32Array(EMBEDDING).fill(1), new Float32Array(EMBEDDING).fill(5)], [3, 1], out);
  assert.ok(out.every((each) => each === 2));
});

test("a fused person is as far away as the looks are on (root mean) square: 3 and 5 give the root of 17, not 4", () => {
  const look = (value: number) => {
    const one = new Float32Array(EMBEDDING);
    one[0] = value;
    return one;
  };
  const mean = new Float32Array(EMBEDDING);
  const spread = fuse([look(3), look(5)], [1, 1], mean);
  assert.is(spread, 1);
  const gallery = new Gallery(["p"], mean, Float32Array.of(spread));
  assert.ok(Math.abs(gallery.nearest(look(0))[0]!.distance - Math.sqrt(17)) < 1e-6);
  // The other side fused as well, of -1 and 1: four pairs, 16 + 36 + 4 + 16 over 4.
  assert.ok(Math.abs(gallery.nearest(look(0), 1)[0]!.distance - Math.sqrt(18)) < 1e-6);
});

test("of a track the best three looks stay, copied; the rest never gets in", () => {
  const shots = new BestShots(3);
  const look = new Float32Array(EMBEDDING);
  const taken = [0.5, 0.9, 0.2, 0.1, 0.7].map((quality) => shots.offer(quality, look.fill(quality)));
  assert.equal(taken, [true, true, true, false, true]);
  const out = new Float32Array(EMBEDDING);
  shots.fused(out);
  // (0.9^2 + 0.7^2 + 0.5^2) / (0.9 + 0.7 + 0.5) = 0.738
  assert.ok(Math.abs(out[0]! - 1.55 / 2.1) < 1e-6);
  shots.wipe();
  assert.is(shots.count, 0);
});

test("a wiped track holds zeros where its embeddings were", () => {
  const shots = new BestShots(2);
  const kept: Float32Array[] = [];
  const set = Float32Array.prototype.set;
  // What BestShots copies into is private: the copy itself is watched.
  Float32Array.prototype.set = function (this: Float32Array, ...args: Parameters<typeof set>) {
    kept.push(this);
    set.apply(this, args);
  };
  try {
    shots.offer(0.5, new Float32Array(EMBEDDING).fill(7));
    shots.offer(0.6, new Float32Array(EMBEDDING).fill(8));
  } finally {
    Float32Array.prototype.set = set;
  }
  assert.equal(
    kept.map((each) => each[0]),
    [7, 8],
  );
  shots.wipe();
  assert.ok(kept.every((each) => each.every((value) => value === 0)));
});

test.run();
