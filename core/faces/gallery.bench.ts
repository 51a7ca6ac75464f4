/**
 * Milliseconds a search in 1,000, 100,000 and 1,000,000 faces (speed only: such lists do not load), beside faiss (IndexFlatL2 on two threads,
 * where $TOCSIN_PYTHON or python3 has faiss-cpu) and typed arrays in JavaScript, in the same run.
 */
import { spawnSync } from "node:child_process";
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

/** The same search by faiss: median of the rounds in ms, or undefined without it. */
function faissMs(count: number, rounds: number): number | undefined {
  const script = `
import time, numpy as np, faiss
faiss.omp_set_num_threads(2)
x = np.random.default_rng(7).uniform(-0.18, 0.18, (${count}, ${EMBEDDING})).astype("float32")
index = faiss.IndexFlatL2(${EMBEDDING}); index.add(x)
q = x[${Math.floor(count / 2)}:${Math.floor(count / 2)} + 1] + 0.01
index.search(q, 2); t = []
for _ in range(${rounds}):
    a = time.perf_counter(); d, i = index.search(q, 2); t.append(time.perf_counter() - a)
assert i[0][0] == ${Math.floor(count / 2)}
print(1000 * sorted(t)[${Math.floor(rounds / 2)}])`;
  const run = spawnSync(process.env.TOCSIN_PYTHON ?? "python3", ["-c", script], { encoding: "utf8" });
  return run.status === 0 ? Number(run.stdout) : undefined;
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
  const faiss = faissMs(count, rounds);
  const peer = {
    ...(faiss === undefined
      ? { absent: "python3 here has no faiss" }
      : { name: "faiss IndexFlatL2, 2 threads", value: faiss }),
    javascript: plainMs,
  };
  const line = { bench: "faces", figure: `search in ${count} faces`, value: ms, unit: "ms", peer };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
