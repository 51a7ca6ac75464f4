/** The faces looked for, in one typed array, searched exactly (usearch's brute force, SIMD). One entry a person. */
import { exactSearch, MetricKind } from "usearch";
import { EMBEDDING } from "./distance.ts";

export interface Candidate {
  readonly person: string;
  readonly distance: number;
}

/** An embedding, the root of its spread as one dimension more, and zeros up to a multiple of 16 bytes. */
const ROW = EMBEDDING + 4;
/** From so many people on two threads search faster than one. */
const THREADS_FROM = 20_000;

export class Gallery {
  readonly size: number;
  private readonly people: readonly string[];
  private readonly rows: Float32Array;
  private readonly probe = new Float32Array(ROW);

  /**
   * `vectors`: EMBEDDING numbers a person, in the order of `people`; `spreads`: of each (see `fuse`). Both are moved: the caller's
   * arrays are overwritten, so that `wipe` leaves no copy.
   */
  constructor(people: readonly string[], vectors: Float32Array, spreads: Float32Array) {
    const count = people.length;
    if (vectors.length !== count * EMBEDDING)
      throw new RangeError(`${count} people need ${count * EMBEDDING} numbers, not ${vectors.length}`);
    if (spreads.length !== count) throw new RangeError(`${count} people need as many spreads, not ${spreads.length}`);
    this.people = people;
    this.size = count;
    this.rows = new Float32Array(count * ROW);
    for (let i = 0; i < count; i++) {
      this.rows.set(vectors.subarray(i * EMBEDDING, (i + 1) * EMBEDDING), i * ROW);
      // |q - m|^2 + spread is the squared distance in one dimension more, where the probe has 0.
      this.rows[i * ROW + EMBEDDING] = Math.sqrt(spreads[i]!);
    }
    vectors.fill(0);
    spreads.fill(0);
  }

  /**
   * The nearest person and the second nearest, exactly; fewer where there are fewer people. The distance is the root of the mean
   * square over the looks behind either side; `spread` is that of the probe.
   */
  nearest(embedding: Float32Array, spread = 0): Candidate[] {
    if (this.size === 0) return [];
    const threads = this.size >= THREADS_FROM ? 2 : 1;
    this.probe.set(embedding);
    const { keys, distances } = exactSearch(
      this.rows,
      this.probe,
      ROW,
      Math.min(2, this.size),
      MetricKind.L2sq,
      threads,
    );
    this.probe.fill(0);
    return Array.from(keys as BigUint64Array, (key, i) => ({
      person: this.people[Number(key)]!,
      distance: Math.sqrt((distances as Float32Array)[i]! + spread),
    }));
  }

  /** Overwrites every embedding: the list was revoked, ran out or is replaced. */
  wipe(): void {
    this.rows.fill(0);
  }
}
