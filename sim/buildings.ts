/** Footprints of a city and what stands in the way of a straight line; indexed by place, so that cost grows with the line's length. */
export type Point = readonly [number, number];

export interface Building {
  /** Convex footprint, counter-clockwise, metres east and north. */
  corners: readonly Point[];
  heightM: number;
  /** Share of the amplitude that its walls reflect. */
  reflectance: number;
}

/** One outer wall. */
export interface Facade {
  building: number;
  a: Point;
  b: Point;
  /** Unit normal, outwards. */
  normal: Point;
  heightM: number;
  reflectance: number;
}

/** Part of a line that runs through a building's footprint, as shares of the line's length. */
export interface Crossing {
  building: number;
  from: number;
  to: number;
}

const CELL_M = 25;

export class Buildings {
  readonly all: readonly Building[];
  readonly facades: readonly Facade[];
  readonly #cells = new Map<number, number[]>();
  readonly #stamp: Uint32Array;
  #turn = 0;

  constructor(all: readonly Building[]) {
    this.all = all;
    this.#stamp = new Uint32Array(all.length);
    this.facades = all.flatMap((building, index) => facadesOf(building, index));
    all.forEach((building, index) => {
      const xs = building.corners.map((c) => c[0]);
      const ys = building.corners.map((c) => c[1]);
      for (let i = cellOf(Math.min(...xs)); i <= cellOf(Math.max(...xs)); i++) {
        for (let j = cellOf(Math.min(...ys)); j <= cellOf(Math.max(...ys)); j++) {
          const key = keyOf(i, j);
          const cell = this.#cells.get(key);
          if (cell) cell.push(index);
          else this.#cells.set(key, [index]);
        }
      }
    });
  }

  /** Whether the point lies within a footprint, or nearer to one than `marginM`. */
  covers(east: number, north: number, marginM = 0): boolean {
    for (let i = cellOf(east - marginM); i <= cellOf(east + marginM); i++) {
      for (let j = cellOf(north - marginM); j <= cellOf(north + marginM); j++) {
        for (const index of this.#cells.get(keyOf(i, j)) ?? []) {
          if (this.#depth(index, east, north) > -marginM) return true;
        }
      }
    }
    return false;
  }

  /** Signed distance to the nearest wall line, positive inside. */
  #depth(index: number, east: number, north: number): number {
    const corners = this.all[index]!.corners;
    let depth = Number.POSITIVE_INFINITY;
    for (let k = 0; k < corners.length; k++) {
      const a = corners[k]!;
      const b = corners[(k + 1) % corners.length]!;
      const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
      depth = Math.min(depth, ((b[0] - a[0]) * (north - a[1]) - (b[1] - a[1]) * (east - a[0])) / length);
    }
    return depth;
  }

  /** The footprints that the line from `p` to `q` runs through for more than a centimetre. */
  crossings(p: Point, q: Point): Crossing[] {
    const found: Crossing[] = [];
    const dx = q[0] - p[0];
    const dy = q[1] - p[1];
    const length = Math.hypot(dx, dy);
    if (length < 1e-9) return found;
    this.#turn++;
    // Walks the cells along the line (Amanatides and Woo 1987).
    let i = cellOf(p[0]);
    let j = cellOf(p[1]);
    const endI = cellOf(q[0]);
    const endJ = cellOf(q[1]);
    const stepI = Math.sign(dx);
    const stepJ = Math.sign(dy);
    const deltaI = dx === 0 ? Number.POSITIVE_INFINITY : Math.abs(CELL_M / dx);
    const deltaJ = dy === 0 ? Number.POSITIVE_INFINITY : Math.abs(CELL_M / dy);
    let nextI = dx === 0 ? Number.POSITIVE_INFINITY : ((i + (dx > 0 ? 1 : 0)) * CELL_M - p[0]) / dx;
    let nextJ = dy === 0 ? Number.POSITIVE_INFINITY : ((j + (dy > 0 ? 1 : 0)) * CELL_M - p[1]) / dy;
    for (let guard = 0; guard < 4000; guard++) {
      for (const index of this.#cells.get(keyOf(i, j)) ?? []) {
        if (this.#stamp[index] === this.#turn) continue;
        this.#stamp[index] = this.#turn;
        const crossing = this.#clip(index, p, dx, dy);
        if (crossing && (crossing.to - crossing.from) * length > 0.01) found.push(crossing);
      }
      if (i === endI && j === endJ) break;
      if (nextI < nextJ) {
        i += stepI;
        nextI += deltaI;
      } else {
        j += stepJ;
        nextJ += deltaJ;
      }
    }
    return found;
  }

  /** Cyrus and Beck's clipping of the line against the convex footprint. */
  #clip(index: number, p: Point, dx: number, dy: number): Crossing | undefined {
    const corners = this.all[index]!.corners;
    let from = 0;
    let to = 1;
    for (let k = 0; k < corners.length; k++) {
      const a = corners[k]!;
      const b = corners[(k + 1) % corners.length]!;
      const nx = -(b[1] - a[1]);
      const ny = b[0] - a[0];
      const inside = nx * (p[0] - a[0]) + ny * (p[1] - a[1]);
      const slope = nx * dx + ny * dy;
      if (Math.abs(slope) < 1e-12) {
        if (inside < 0) return undefined;
      } else if (slope > 0) from = Math.max(from, -inside / slope);
      else to = Math.min(to, -inside / slope);
      if (from >= to) return undefined;
    }
    return { building: index, from, to };
  }

  /** Those crossings where the line, rising from `upP` to `upQ`, runs below the roof. */
  blocking(p: Point, upP: number, q: Point, upQ: number): Crossing[] {
    return this.crossings(p, q).filter((c) => {
      const low = Math.min(upP + c.from * (upQ - upP), upP + c.to * (upQ - upP));
      return low < this.all[c.building]!.heightM;
    });
  }
}

function cellOf(metres: number): number {
  return Math.floor(metres / CELL_M);
}

function keyOf(i: number, j: number): number {
  return (i + 32_768) * 65_536 + (j + 32_768);
}

function facadesOf(building: Building, index: number): Facade[] {
  return building.corners.map((a, k) => {
    const b = building.corners[(k + 1) % building.corners.length]!;
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const normal = [(b[1] - a[1]) / length, -(b[0] - a[0]) / length] as const;
    return { building: index, a, b, normal, heightM: building.heightM, reflectance: building.reflectance };
  });
}
