/** The faces looked for, in one typed array, searched exactly. One entry a person. */
import { EMBEDDING } from "./distance.ts";

export interface Candidate {
  readonly person: string;
  readonly distance: number;
}

/** Dimensions summed before asking whether this entry can still be among the two nearest. */
const BLOCK = 16;

export class Gallery {
  readonly size: number;
  private readonly people: readonly string[];
  private readonly vectors: Float32Array;
  private readonly spreads: Float32Array;

  /** `vectors`: EMBEDDING numbers a person, in the order of `people`, and the spread of each (see `fuse`). The gallery wipes them. */
  constructor(people: readonly string[], vectors: Float32Array, spreads: Float32Array) {
    if (vectors.length !== people.length * EMBEDDING)
      throw new RangeError(`${people.length} people need ${people.length * EMBEDDING} numbers, not ${vectors.length}`);
    if (spreads.length !== people.length)
      throw new RangeError(`${people.length} people need as many spreads, not ${spreads.length}`);
    this.people = people;
    this.vectors = vectors;
    this.spreads = spreads;
    this.size = people.length;
  }

  /**
   * The nearest person and the second nearest, exactly; fewer where there are fewer people. The distance is the root of the mean
   * square over the looks behind either side.
   */
  nearest(embedding: Float32Array, spread = 0): Candidate[] {
    const g = this.vectors;
    let [first, second] = [Infinity, Infinity];
    let [firstAt, secondAt] = [-1, -1];
    for (let entry = 0, from = 0; entry < this.size; entry++, from += EMBEDDING) {
      let sum = spread + this.spreads[entry]!;
      for (let i = 0; i < EMBEDDING && sum < second; i += BLOCK) {
        for (let j = i; j < i + BLOCK; j += 4) {
          const a = g[from + j]! - embedding[j]!;
          const b = g[from + j + 1]! - embedding[j + 1]!;
          const c = g[from + j + 2]! - embedding[j + 2]!;
          const d = g[from + j + 3]! - embedding[j + 3]!;
          sum += a * a + b * b + c * c + d * d;
        }
      }
      if (!(sum < second)) continue;
      if (sum < first) {
        [second, secondAt] = [first, firstAt];
        [first, firstAt] = [sum, entry];
      } else [second, secondAt] = [sum, entry];
    }
    const at = (entry: number, squared: number) => ({ person: this.people[entry]!, distance: Math.sqrt(squared) });
    return [...(firstAt >= 0 ? [at(firstAt, first)] : []), ...(secondAt >= 0 ? [at(secondAt, second)] : [])];
  }

  /** Overwrites every embedding: the list was revoked, ran out or is replaced. */
  wipe(): void {
    this.vectors.fill(0);
    this.spreads.fill(0);
  }
}
