/** Where a city's listening lampposts stand: at kerbs, evenly over the city. */
import type { Buildings, Point } from "./buildings.ts";
import type { Street } from "./city-plan.ts";
import type { Enu } from "./place.ts";
import type { Rng } from "./rng.ts";

export interface Lamppost {
  id: string;
  label: string;
  /** Where its microphone truly is. */
  at: Enu;
  /** Where the survey says it is. */
  surveyed: Enu;
}

/** Spread by Lloyd's iteration over the city, then moved to the nearest kerb, 5 to 6 m up. */
export function placeLampposts(
  rng: Rng,
  count: number,
  sizeM: number,
  streets: readonly Street[],
  buildings: Buildings,
  posSigmaM: number,
): Lamppost[] {
  const kerbs = streets.flatMap(({ name, line, widthM }) => kerbPlaces(rng, name, line, widthM));
  const free = kerbs.filter(({ at }) => !buildings.covers(at[0], at[1], 0.5));
  const places = Array.from({ length: 16 }, () => spread(rng, free, count, sizeM)).reduce((best, next) =>
    evenness(next) > evenness(best) ? next : best,
  );
  places.sort((a, b) => b.at[1] - a.at[1] || a.at[0] - b.at[0]);
  return places.map(({ at, name }, i) => {
    const mic = { eastM: at[0], northM: at[1], upM: rng.uniform(5, 6) };
    const off = () => rng.normal(0, posSigmaM);
    return {
      id: `n${String(i + 1).padStart(2, "0")}`,
      label: name,
      at: mic,
      surveyed: { eastM: mic.eastM + off(), northM: mic.northM + off(), upM: mic.upM + off() },
    };
  });
}

interface Kerb {
  at: Point;
  name: string;
}

function spread(rng: Rng, free: readonly Kerb[], count: number, sizeM: number): Kerb[] {
  let centres = Array.from(
    { length: count },
    (): Point => [rng.uniform(-0.5, 0.5) * sizeM, rng.uniform(-0.5, 0.5) * sizeM],
  );
  for (let turn = 0; turn < 25; turn++) {
    const sums = centres.map(() => ({ x: 0, y: 0, n: 0 }));
    for (const { at } of free) {
      const sum = sums[nearest(centres, at)]!;
      sum.x += at[0];
      sum.y += at[1];
      sum.n++;
    }
    centres = centres.map((c, i) => (sums[i]!.n > 0 ? [sums[i]!.x / sums[i]!.n, sums[i]!.y / sums[i]!.n] : c));
  }
  const kerbs = free.map((kerb) => kerb.at);
  return centres.map(([x, y]) => free[nearest(kerbs, [0.97 * x + rng.normal(0, 20), 0.97 * y + rng.normal(0, 20)])]!);
}

/** Least distance between neighbours, less what the loneliest one exceeds 310 m by. */
function evenness(places: readonly Kerb[]): number {
  const nearestM = places.map(({ at }) =>
    Math.min(
      ...places.map((other) =>
        other.at === at ? Number.POSITIVE_INFINITY : Math.hypot(other.at[0] - at[0], other.at[1] - at[1]),
      ),
    ),
  );
  return Math.min(...nearestM) - 3 * Math.max(0, Math.max(...nearestM) - 310);
}

function kerbPlaces(rng: Rng, name: string, line: readonly Point[], widthM: number): Kerb[] {
  return line.slice(1).map((b, i) => {
    const a = line[i]!;
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const t = rng.uniform();
    const side = (rng.chance(0.5) ? 1 : -1) * (widthM / 2 - 3);
    const at = [
      a[0] + t * (b[0] - a[0]) + (side * (b[1] - a[1])) / length,
      a[1] + t * (b[1] - a[1]) - (side * (b[0] - a[0])) / length,
    ] as const;
    return { at, name };
  });
}

function nearest(points: readonly Point[], to: Point): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  points.forEach((p, i) => {
    const d = (p[0] - to[0]) ** 2 + (p[1] - to[1]) ** 2;
    if (d < least) [best, least] = [i, d];
  });
  return best;
}
