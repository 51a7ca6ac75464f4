/** Exact confidence limits of a rate (Clopper and Pearson 1934), one-sided. */

/** The largest rate that `events` in `trials` leave possible at `confidence`: the quantile of Beta(events + 1, trials - events). */
export function upperLimit(events: number, trials: number, confidence = 0.95): number {
  if (trials === 0 || events >= trials) return 1;
  return betaQuantile(confidence, events + 1, trials - events);
}

/** The smallest rate that `events` in `trials` leave possible at `confidence`. */
export function lowerLimit(events: number, trials: number, confidence = 0.95): number {
  return events === 0 || trials === 0 ? 0 : 1 - upperLimit(trials - events, trials, confidence);
}

function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 100 && high - low > 1e-15; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised incomplete beta function by Lentz's continued fraction (Press et al., Numerical Recipes, section 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  const tiny = 1e-300;
  let [c, d] = [1, 1 / away(1 - ((a + b) * x) / (a + 1), tiny)];
  let f = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d, tiny);
    c = away(1 + even / c, tiny);
    f *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d, tiny);
    c = away(1 + odd / c, tiny);
    f *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * f;
}

const away = (value: number, tiny: number) => (Math.abs(value) < tiny ? tiny : value);

/** Lanczos's approximation (g = 7, n = 9). */
function logGamma(z: number): number {
  const g = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const x = z - 1;
  const t = x + 7.5;
  const sum = g.slice(1).reduce((total, each, i) => total + each / (x + i + 1), g[0]!);
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(t) - t + Math.log(sum);
}
