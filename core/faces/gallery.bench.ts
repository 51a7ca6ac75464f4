/** Milliseconds a search in 1,000, 100,000 and 1,000,000 faces (speed only: such lists do not load), beside typed arrays in JavaScript. */
import { distance, EMBEDDING } from "./distance.ts";
import { Gallery } from "./gallery.ts";

let state = 7;
const next = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;

/** Float32, squares summed by blocks and given up where they exceed the second nearest so far. */
function plainSearch(vectors: Float32Array, probe: Float32Array): number {
  let [first, second, at] = [Infinity, Infinity, -1];
  for (let from = 0; from < vectors.length; from += EMBEDDING) {
    let sum = 0;
    for (let i = 0; i < EMBEDDING && sum < second; i += 16)
      for (let j = i; j < i + 16; j++) {
        const d = vectors[from + j]! - probe[j]!;
        sum += d * d;
      }
    if (!(sum < second)) continue;
    if (sum < first) [second, first, at] = [first, sum, from / EMBEDDING];
    else second = sum;
  }
  return at;
}

function medianMs(rounds: number, search: () => unknown): number {
  search();
  const times = Array.from({ length: rounds }, () => {
    const from = performance.now();
    search();
    return performance.now() - from;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

for (const [count, rounds] of [
  [1000, 200],
  [100_000, 20],
  [1_000_000, 3],
] as const) {
  const vectors = new Float32Array(count * EMBEDDING);
  for (let i = 0; i < vectors.length; i++) vectors[i] = 0.36 * next();
  const middle = Math.floor(count / 2);
  const probe = vectors.slice(middle * EMBEDDING, (middle + 1) * EMBEDDING).map((each) => each + 0.05 * next());
  const plainMs = medianMs(rounds, () => plainSearch(vectors, probe));
  const expected = distance(vectors.subarray(middle * EMBEDDING, (middle + 1) * EMBEDDING), probe);
  const names = Array.from({ length: count }, (_, i) => String(i));
  const gallery = new Gallery(names, vectors, new Float32Array(count));
  const ms = medianMs(rounds, () => gallery.nearest(probe));
  const [found] = gallery.nearest(probe);
  if (found?.person !== String(middle) || Math.abs(found.distance - expected) > 1e-4) throw new Error("a wrong answer");
  const peer = { name: "typed arrays in JavaScript", value: plainMs };
  const line = { bench: "faces", figure: `search in ${count} faces`, value: ms, unit: "ms", peer };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
