/** Least value of a smooth function of some numbers, by Broyden, Fletcher, Goldfarb and Shanno (J. Nocedal and S. Wright, Numerical Optimization, algorithm 6.1). */
const STEP = 1e-4;
const ARMIJO = 1e-4;

/** @param within stops where a step gains less than this. Gradients are central differences of `STEP`, so the numbers should be of order one. */
export function minimise(f: (x: readonly number[]) => number, start: readonly number[], within: number, steps = 300) {
  let x = [...start];
  let value = f(x);
  let slope = gradient(f, x);
  let inverse = identity(x.length);
  for (let step = 0; step < steps; step++) {
    let way = inverse.map((row) => -dot(row, slope));
    if (dot(way, slope) >= 0) {
      inverse = identity(x.length);
      way = slope.map((g) => -g);
    }
    let length = 1;
    const at = () => x.map((xi, i) => xi + length * way[i]!);
    while (!(f(at()) <= value + ARMIJO * length * dot(way, slope))) {
      length /= 2;
      if (length < 1e-10) return { x, value, steps: step };
    }
    const next = at();
    const nextValue = f(next);
    const nextSlope = gradient(f, next);
    const moved = next.map((xi, i) => xi - x[i]!);
    const turned = nextSlope.map((g, i) => g - slope[i]!);
    const curvature = dot(moved, turned);
    if (curvature > 1e-14) {
      const through = inverse.map((row) => dot(row, turned));
      const scale = (1 + dot(turned, through) / curvature) / curvature;
      inverse = inverse.map((row, i) =>
        row.map(
          (h, j) => h + scale * moved[i]! * moved[j]! - (through[i]! * moved[j]! + moved[i]! * through[j]!) / curvature,
        ),
      );
    }
    const gain = value - nextValue;
    [x, value, slope] = [next, nextValue, nextSlope];
    if (gain < within) return { x, value, steps: step + 1 };
  }
  return { x, value, steps };
}

function gradient(f: (x: readonly number[]) => number, x: readonly number[]): number[] {
  return x.map((_, i) => {
    const moved = (by: number) => f(x.map((xi, k) => (k === i ? xi + by : xi)));
    return (moved(STEP) - moved(-STEP)) / (2 * STEP);
  });
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const identity = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, k) => Number(i === k)));
