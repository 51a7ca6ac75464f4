/**
 * A seeded city of about a square kilometre: bent streets with names, houses along them, lampposts that listen.
 * Places are metres east, north and up of the city's centre; the ground lies at height 0.
 */
import { type Air, stillAir } from "./acoustics/air.ts";
import { type Building, Buildings, type Point } from "./buildings.ts";
import { type Enu, Plane } from "./place.ts";
import { Rng } from "./rng.ts";

export interface Lamppost {
  id: string;
  label: string;
  /** Where its microphone truly is. */
  at: Enu;
  /** Where the survey says it is. */
  surveyed: Enu;
}

/** The site file of the product's commands, and what the console shows of it. */
export interface SiteDescription {
  site: string;
  title: string;
  timeZone: string;
  centre: { lat: number; lon: number };
  nodes: { id: string; lat: number; lon: number; altM: number; posSigmaM: number; label: string }[];
  airTempC: number;
  windFromDeg: number;
  windMps: number;
}

type Geometry = { type: "LineString"; coordinates: number[][] } | { type: "Polygon"; coordinates: number[][][] };
export interface FeatureCollection {
  type: "FeatureCollection";
  features: { type: "Feature"; properties: Record<string, string | number>; geometry: Geometry }[];
}

export interface Street {
  name: string;
  widthM: number;
  line: readonly Point[];
}

export interface City {
  seed: string;
  plane: Plane;
  site: SiteDescription;
  air: Air;
  streets: readonly Street[];
  buildings: Buildings;
  lampposts: readonly Lamppost[];
  /** Streets as GeoJSON lines with `name` and `widthM`. */
  streetsGeoJson: FeatureCollection;
  /** Footprints as GeoJSON polygons with `heightM`. */
  buildingsGeoJson: FeatureCollection;
}

export interface CityOptions {
  /** Lampposts with a microphone; 10 by default. Beyond 14 the city grows so that they keep their distance. */
  nodes?: number;
  air?: Partial<Air>;
  /** Share of lots that are built on, 0 to 1. */
  density?: number;
  /** Share of the houses with more than three storeys. */
  tall?: number;
  /** One sigma of the survey of each microphone, m. */
  posSigmaM?: number;
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

export function makeCity(seed: number | string, options: CityOptions = {}): City {
  const rng = new Rng(`city/${seed}`);
  const count = options.nodes ?? 10;
  const sizeM = 1000 * Math.sqrt(Math.max(1, count / 14));
  const shape = new Warp(rng.fork("warp"), sizeM);
  const lanes = layOut(rng.fork("streets"), sizeM, shape);
  const houses = build(rng.fork("houses"), lanes, shape, options.density ?? 0.82, options.tall ?? 0.06);
  const buildings = new Buildings(houses);
  const weather = rng.fork("air");
  const air: Air = {
    ...stillAir,
    tempC: weather.uniform(-2, 29),
    humidityPercent: weather.uniform(35, 90),
    windFromDeg: weather.uniform(0, 360),
    windMps: weather.uniform(0, 5),
    turbulence: 2e-6,
    ...options.air,
  };
  const plane = new Plane({ lat: 40.6631, lon: -73.9089, altM: 0 });
  const lampposts = placeLampposts(
    rng.fork("lampposts"),
    count,
    sizeM,
    lanes.streets,
    buildings,
    options.posSigmaM ?? 0.25,
  );
  const instruments = rng.fork("instruments");
  const nodes = lampposts.map(({ id, label, surveyed }) => {
    const { lat, lon, altM } = plane.geodetic(surveyed);
    return {
      id,
      lat: round(lat, 8),
      lon: round(lon, 8),
      altM: round(altM, 2),
      posSigmaM: options.posSigmaM ?? 0.25,
      label,
    };
  });
  return {
    seed: String(seed),
    plane,
    site: {
      site: "brownsville",
      title: "Brownsville",
      timeZone: "America/New_York",
      centre: { lat: plane.origin.lat, lon: plane.origin.lon },
      nodes,
      // What a weather station in the district would report of it.
      airTempC: round(air.tempC + instruments.normal(0, 0.3), 1),
      windFromDeg: (Math.round(air.windFromDeg + instruments.normal(0, 4)) + 360) % 360,
      windMps: round(Math.max(0, air.windMps + instruments.normal(0, 0.2)), 1),
    },
    air,
    streets: lanes.streets,
    buildings,
    lampposts,
    streetsGeoJson: geoJson(lanes.streets, ({ name, widthM, line }) => ({
      properties: { name, widthM },
      geometry: { type: "LineString", coordinates: line.map((p) => lonLat(plane, p)) },
    })),
    buildingsGeoJson: geoJson(houses, ({ heightM, corners }) => ({
      properties: { heightM: round(heightM, 1) },
      geometry: { type: "Polygon", coordinates: [[...corners, corners[0]!].map((p) => lonLat(plane, p))] },
    })),
  };
}

/** A smooth bending of the street grid, and its turn against north. */
class Warp {
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

interface Lanes {
  streets: Street[];
  /** Centre lines of the streets in the unbent grid, with their widths. */
  xs: { at: number; widthM: number }[];
  ys: { at: number; widthM: number }[];
}

function layOut(rng: Rng, sizeM: number, warp: Warp): Lanes {
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
function build(rng: Rng, { xs, ys }: Lanes, warp: Warp, density: number, tall: number): Building[] {
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

/** Spread by Lloyd's iteration over the city, then moved to the nearest kerb, 5 to 6 m up. */
function placeLampposts(
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

/** A random place in a street's carriageway. */
export function streetPlace(rng: Rng, city: City): Point {
  for (;;) {
    const { line, widthM } = rng.pick(city.streets);
    const i = rng.int(1, line.length - 1);
    const [a, b] = [line[i - 1]!, line[i]!];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const t = rng.uniform();
    const off = rng.uniform(-1, 1) * (widthM / 2 - 2);
    const at = [
      a[0] + t * (b[0] - a[0]) + (off * (b[1] - a[1])) / length,
      a[1] + t * (b[1] - a[1]) - (off * (b[0] - a[0])) / length,
    ] as const;
    if (!city.buildings.covers(at[0], at[1], 0.5)) return at;
  }
}

function lonLat(plane: Plane, [eastM, northM]: Point): number[] {
  const { lat, lon } = plane.geodetic({ eastM, northM, upM: 0 });
  return [round(lon, 7), round(lat, 7)];
}

function geoJson<T>(
  items: readonly T[],
  of: (item: T) => Omit<FeatureCollection["features"][number], "type">,
): FeatureCollection {
  return { type: "FeatureCollection", features: items.map((item) => ({ type: "Feature", ...of(item) })) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
