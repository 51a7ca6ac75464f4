/** Embeddings are compared by Euclidean distance; several of one person are fused into one. */

export const EMBEDDING = 128;

export function distance(p: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < EMBEDDING; i++) sum += (p[i]! - q[i]!) ** 2;
  return Math.sqrt(sum);
}

/** The mean of embeddings, each by its weight (quality score), written into `out`. */
export function fuse(embeddings: readonly Float32Array[], weights: readonly number[], out: Float32Array): void {
  const total = weights.reduce((a, b) => a + b, 0);
  out.fill(0);
  for (const [k, each] of embeddings.entries()) {
    const share = total > 0 ? weights[k]! / total : 1 / embeddings.length;
    for (let i = 0; i < EMBEDDING; i++) out[i] = out[i]! + share * each[i]!;
  }
}
