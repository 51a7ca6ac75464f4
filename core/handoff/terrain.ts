/**
 * Ground and what stands on it, as two grids of metres above mean sea level: a terrain model and a surface model (roofs, trees, masts).
 * Heights of flight are above ground, and every leg clears the highest surface near it.
 */
import { type LatLon, offsetM } from "./local.ts";

export interface Terrain {
  /** South-west corner of the grid: the centre of its first cell. */
  southWest: LatLon;
  cellM: number;
  columns: number;
  rows: number;
  /** Row by row from the south, each from the west; metres above mean sea level. */
  groundM: readonly number[];
  /** Same layout; never below the ground. */
  surfaceM: readonly number[];
}

/** Ground that is flat at one height, for a site whose owner says that it is. */
export function flatTerrain(centre: LatLon, altM: number, tallestM: number, reachM: number): Terrain {
  const cellM = reachM * 2;
  const southWest = {
    lat: centre.lat - reachM / 111_000,
    lon: centre.lon - reachM / (111_000 * Math.cos((centre.lat * Math.PI) / 180)),
  };
  return {
    southWest,
    cellM,
    columns: 2,
    rows: 2,
    groundM: [altM, altM, altM, altM],
    surfaceM: [altM + tallestM, altM + tallestM, altM + tallestM, altM + tallestM],
  };
}

/** Ground under a point, metres above mean sea level, between four cells; undefined off the grid. */
export function groundAltM(terrain: Terrain, at: LatLon): number | undefined {
  const { eastM, northM } = offsetM(terrain.southWest, at);
  const x = eastM / terrain.cellM;
  const y = northM / terrain.cellM;
  if (!(x >= 0 && y >= 0 && x <= terrain.columns - 1 && y <= terrain.rows - 1)) return undefined;
  const column = Math.min(Math.floor(x), terrain.columns - 2);
  const row = Math.min(Math.floor(y), terrain.rows - 2);
  const fx = x - column;
  const fy = y - row;
  const cell = (r: number, c: number) => terrain.groundM[r * terrain.columns + c]!;
  const south = cell(row, column) * (1 - fx) + cell(row, column + 1) * fx;
  const north = cell(row + 1, column) * (1 - fx) + cell(row + 1, column + 1) * fx;
  return south * (1 - fy) + north * fy;
}

/** Highest surface in the cells within `reachM` of a point; undefined off the grid. */
export function surfaceAltM(terrain: Terrain, at: LatLon, reachM: number): number | undefined {
  const { eastM, northM } = offsetM(terrain.southWest, at);
  const { cellM, columns, rows } = terrain;
  if (!(eastM >= 0 && northM >= 0 && eastM <= (columns - 1) * cellM && northM <= (rows - 1) * cellM)) return undefined;
  let highest = Number.NEGATIVE_INFINITY;
  const westColumn = Math.max(0, Math.floor((eastM - reachM) / cellM));
  const eastColumn = Math.min(columns - 1, Math.ceil((eastM + reachM) / cellM));
  const northRow = Math.min(rows - 1, Math.ceil((northM + reachM) / cellM));
  for (let row = Math.max(0, Math.floor((northM - reachM) / cellM)); row <= northRow; row++) {
    for (let column = westColumn; column <= eastColumn; column++) {
      highest = Math.max(highest, terrain.surfaceM[row * columns + column]!);
    }
  }
  return highest;
}

/**
 * Altitude to fly at over a point: `heightM` above the ground, and never less than `clearanceM` above what stands within `reachM`.
 * Undefined off the grid: nobody knows what stands there, so nobody flies there.
 */
export function flightAltM(
  terrain: Terrain,
  at: LatLon,
  heightM: number,
  clearanceM: number,
  reachM = 30,
): number | undefined {
  const ground = groundAltM(terrain, at);
  const surface = surfaceAltM(terrain, at, reachM);
  if (ground === undefined || surface === undefined) return undefined;
  return Math.max(ground + heightM, surface + clearanceM);
}
