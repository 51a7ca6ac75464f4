/**
 * The cheapest one-to-one assignment of rows to columns, a row may stay free at no cost: shortest augmenting paths
 * (R. Jonker and A. Volgenant, A shortest augmenting path algorithm for dense and sparse linear assignment problems, 1987).
 */
export class Assignment {
  readonly #most: number;
  /** Costs, row-major with `columns` a row: fill before `solve`. Positive or infinite ones are never chosen. */
  readonly costs: Float64Array;
  /** Column of each row, -1: free. */
  readonly columnOf: Int32Array;
  readonly #u: Float64Array;
  readonly #v: Float64Array;
  readonly #rowOf: Int32Array;
  readonly #way: Int32Array;
  readonly #least: Float64Array;
  readonly #done: Uint8Array;

  constructor(mostRows: number, mostColumns: number) {
    this.#most = mostColumns;
    this.costs = new Float64Array(mostRows * mostColumns);
    this.columnOf = new Int32Array(mostRows);
    this.#u = new Float64Array(mostRows + 1);
    // Every row has a column of its own for staying free.
    const width = mostColumns + mostRows + 1;
    this.#v = new Float64Array(width);
    this.#rowOf = new Int32Array(width);
    this.#way = new Int32Array(width);
    this.#least = new Float64Array(width);
    this.#done = new Uint8Array(width);
  }

  solve(rows: number, columns: number): void {
    if (columns > this.#most) throw new RangeError(`at most ${this.#most} columns, not ${columns}`);
    const width = columns + rows;
    this.#u.fill(0);
    this.#v.fill(0);
    this.#rowOf.fill(0);
    this.columnOf.fill(-1);
    for (let row = 1; row <= rows; row++) this.#augment(row, width, columns);
    for (let j = 1; j <= columns; j++) if (this.#rowOf[j]! > 0) this.columnOf[this.#rowOf[j]! - 1] = j - 1;
  }

  #cost(row: number, j: number, columns: number): number {
    if (j > columns) return j - columns === row ? 0 : FORBIDDEN;
    const cost = this.costs[(row - 1) * columns + j - 1]!;
    return cost < 0 ? cost : FORBIDDEN;
  }

  #augment(row: number, width: number, columns: number): void {
    const [u, v, rowOf, way, least, done] = [this.#u, this.#v, this.#rowOf, this.#way, this.#least, this.#done];
    rowOf[0] = row;
    let j0 = 0;
    least.fill(Number.POSITIVE_INFINITY, 0, width + 1);
    done.fill(0, 0, width + 1);
    do {
      done[j0] = 1;
      const i0 = rowOf[j0]!;
      let delta = Number.POSITIVE_INFINITY;
      let j1 = 0;
      for (let j = 1; j <= width; j++) {
        if (done[j]) continue;
        const reduced = this.#cost(i0, j, columns) - u[i0]! - v[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          way[j] = j0;
        }
        if (least[j]! < delta) {
          delta = least[j]!;
          j1 = j;
        }
      }
      for (let j = 0; j <= width; j++)
        if (done[j]) {
          u[rowOf[j]!]! += delta;
          v[j]! -= delta;
        } else least[j]! -= delta;
      j0 = j1;
    } while (rowOf[j0] !== 0);
    do {
      const j1 = way[j0]!;
      rowOf[j0] = rowOf[j1]!;
      j0 = j1;
    } while (j0);
  }
}

/** Dearer than any sum of likelihoods. */
const FORBIDDEN = 1e9;
