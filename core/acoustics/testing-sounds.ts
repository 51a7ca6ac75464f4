/** Sounds made by formula, for tests and benches: the truth in them is exact. */

/** Gaussian noise, the same for the same seed (Lehmer generator, sum of twelve uniforms). */
export function noise(samples: number, rms: number, seed = 1): Float32Array {
  let state = seed * 48271;
  const out = new Float32Array(samples);
  for (let i = 0; i < samples; i++) {
    let sum = -6;
    for (let k = 0; k < 12; k++) {
      state = (state * 48271) % 2147483647;
      sum += state / 2147483647;
    }
    out[i] = rms * sum;
  }
  return out;
}

/**
 * Adds a Friedlander wave that starts at `atS`, band-limited at 0.45 of the sample rate: it is made 16 times finer and
 * averaged with a raised cosine two samples wide at half height, whose middle is the sample.
 */
export function addBlast(to: Float32Array, sampleRateHz: number, atS: number, peak: number, positiveS = 0.0008): void {
  const fine = 16;
  const from = Math.floor((atS - 0.001) * sampleRateHz);
  const end = Math.min(to.length, Math.ceil((atS + 12 * positiveS) * sampleRateHz));
  for (let i = Math.max(0, from); i < end; i++) {
    let sum = 0;
    let weights = 0;
    for (let k = -fine; k <= fine; k++) {
      const weight = 1 + Math.cos((Math.PI * k) / fine);
      const t = (i + k / fine) / sampleRateHz - atS;
      if (t >= 0) sum += weight * (1 - t / positiveS) * Math.exp(-t / positiveS);
      weights += weight;
    }
    to[i] = to[i]! + (peak * sum) / weights;
  }
}
