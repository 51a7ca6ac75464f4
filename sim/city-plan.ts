/** The plan of a city: bent streets with names, terraces of houses along them. */
import type { Building, Point } from "./buildings.ts";
import type { Rng } from "./rng.ts";

export interface Street {
  name: string;
  widthM: number;
  line: readonly Point[];
}

const across = [
  "Alder",
  "Birch",
  "Cedar",
  "Dogwood",
  "Elm",
  "Fir",
  "Gum",
  "Hazel",
  "Iris",
  "Juniper",
  "Kalmia",
  "Linden",
  "Maple",
  "Nutmeg",
  "Oak",
  "Poplar",
];
const along = [
  "Mercer",
  "Newbold",
  "Osgood",
  "Pruyn",
  "Quincy",
  "Riverdale",
  "Sackett",
  "Tillary",
  "Union",
  "Vernon",
  "Walton",
  "York",
  "Abbott",
  "Bedell",
  "Claver",
  "Dorset",
];

/** A smooth bending of the street grid, and its turn against north. */
export class Warp {
  readonly #turn: number;
  readonly #waves: { kx: number; ky: number; phase: number; ax: number; ay: number }[];

  constructor(rng: Rng, sizeM: number) {
    this.#turn = rng.uniform(-0.35, 0.35);
    this.#waves = Array.from({ length: 3 }, () => ({
      kx: rng.uniform(-5, 5) / sizeM,
      ky: rng.uniform(-5, 5) / sizeM,
      phase: rng.uniform(0, 6.28),
      ax: rng.uniform(-14, 14),
      ay: rng.uniform(-14, 14),
    }));
  }

  apply(x: number, y: number): Point {
    let [u, v] = [x, y];
    for (const w of this.#waves) {
      const s = Math.sin(w.kx * x + w.ky * y + w.phase);
      u += w.ax * s;
      v += w.ay * s;
    }
    const [cos, sin] = [Math.cos(this.#turn), Math.sin(this.#turn)];
    return [u * cos - v * sin, u * sin + v * cos];
  }
}

export interface Lanes {
  streets: Street[];
  /** Centre lines of the streets in the unbent grid, with their widths. */
  xs: { at: number; widthM: number }[];
  ys: { at: number; widthM: number }[];
}

export function layOut(rng: Rng, sizeM: number, warp: Warp): Lanes {
  const axis = (least: number, most: number) => {
    const lanes: { at: number; widthM: number }[] = [];
    for (let at = -sizeM / 2; at <= sizeM / 2 + 1; at += rng.uniform(least, most)) {
      lanes.push({ at, widthM: rng.chance(0.25) ? rng.uniform(24, 30) : rng.uniform(16, 20) });
    }
    return lanes;
  };
  const xs = axis(72, 92);
  const ys = axis(130, 190);
  const line = (point: (t: number) => Point) =>
    Array.from({ length: 21 }, (_, i) => point(-sizeM / 2 + (sizeM * i) / 20));
  const streets = [
    ...xs.map(({ at, widthM }, i) => ({
      name: `${across[i % across.length]} Street`,
      widthM,
      line: line((t) => warp.apply(at, t)),
    })),
    ...ys.map(({ at, widthM }, i) => ({
      name: `${along[i % along.length]} Avenue`,
      widthM,
      line: line((t) => warp.apply(t, at)),
    })),
  ];
  return { streets, xs, ys };
}

/** Terraces along the long sides of each block, with alleys, empty lots, and parks for some blocks. */
export function buildHouses(rng: Rng, { xs, ys }: Lanes, warp: Warp, density: number, tall: number): Building[] {
  const houses: Building[] = [];
  for (let i = 0; i + 1 < xs.length; i++) {
    for (let j = 0; j + 1 < ys.length; j++) {
      if (rng.chance(0.06)) continue;
      const west = xs[i]!.at + xs[i]!.widthM / 2;
      const east = xs[i + 1]!.at - xs[i + 1]!.widthM / 2;
      const south = ys[j]!.at + ys[j]!.widthM / 2;
      const north = ys[j + 1]!.at - ys[j + 1]!.widthM / 2;
      for (const side of [0, 1]) {
        for (let y = south + rng.uniform(1, 4); y < north - 8; ) {
          const length = Math.min(rng.uniform(8, 34), north - 1 - y);
          const depth = rng.uniform(10, 14);
          const setback = rng.uniform(0.5, 4);
          const x0 = side === 0 ? west + setback : east - setback - depth;
          if (length > 6 && rng.chance(density)) {
            const corners = [
              warp.apply(x0, y),
              warp.apply(x0 + depth, y),
              warp.apply(x0 + depth, y + length),
              warp.apply(x0, y + length),
            ];
            houses.push({ corners, heightM: drawHeight(rng, tall), reflectance: rng.uniform(0.72, 0.95) });
          }
          y += length + rng.uniform(1.5, 8);
        }
      }
    }
  }
  return houses;
}

function drawHeight(rng: Rng, tall: number): number {
  const lot = rng.uniform();
  if (lot < tall) return rng.uniform(11, 20);
  if (lot < tall + 0.16) return rng.uniform(8.5, 10.5);
  return rng.uniform(5.5, 7.5);
}
