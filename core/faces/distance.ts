/** Embeddings are compared by Euclidean distance; several of one person are fused into one. */

export const EMBEDDING = 128;

export function distance(p: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < EMBEDDING; i++) sum += (p[i]! - q[i]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * The mean of embeddings, each by its weight (quality score), written into `out`; gives their spread, the mean of the squared
 * distances to it. A mean lies nearer to everybody than its parts do. With the spreads added back,
 * distance(mean, mean)^2 + spread + spread is the mean squared distance of all pairs of looks: what was measured on single looks holds.
 */
export function fuse(embeddings: readonly Float32Array[], weights: readonly number[], out: Float32Array): number {
  const total = weights.reduce((a, b) => a + b, 0);
  out.fill(0);
  for (const [k, each] of embeddings.entries()) {
    const share = total > 0 ? weights[k]! / total : 1 / embeddings.length;
    for (let i = 0; i < EMBEDDING; i++) out[i] = out[i]! + share * each[i]!;
  }
  return embeddings.reduce((sum, each, k) => {
    const share = total > 0 ? weights[k]! / total : 1 / embeddings.length;
    return sum + share * distance(each, out) ** 2;
  }, 0);
}
