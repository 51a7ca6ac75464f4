/**
 * A seeded city of about a square kilometre: bent streets with names, houses along them, lampposts that listen.
 * Places are metres east, north and up of the city's centre; the ground lies at height 0.
 */
import { type Air, stillAir } from "./acoustics/air.ts";
import { Buildings, type Point } from "./buildings.ts";
import { buildHouses, layOut, type Street, Warp } from "./city-plan.ts";
import { type Lamppost, placeLampposts } from "./lampposts.ts";
import { Plane } from "./place.ts";
import { Rng } from "./rng.ts";

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

export function makeCity(seed: number | string, options: CityOptions = {}): City {
  const rng = new Rng(`city/${seed}`);
  const count = options.nodes ?? 10;
  const sizeM = 1000 * Math.sqrt(Math.max(1, count / 14));
  const shape = new Warp(rng.fork("warp"), sizeM);
  const lanes = layOut(rng.fork("streets"), sizeM, shape);
  const houses = buildHouses(rng.fork("houses"), lanes, shape, options.density ?? 0.82, options.tall ?? 0.06);
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
