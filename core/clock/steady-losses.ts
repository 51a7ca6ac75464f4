/**
 * Whether sound is lost at an even pace: a source that runs at another rate than it was asked for may give what it has without a gap and
 * drop, or repeat, a piece whenever its buffer runs over. Each piece is a jump of the sample clock; together they are a wrong rate.
 */

/** So many losses in a row, alike in size and gap, are no chance: of four gaps at random all are so alike once in fifty times. */
const ALIKE = 5;
/** Gaps are alike within this share of their median, or what a look every ten seconds leaves open; sizes within this factor. */
const GAP_SHARE = 0.35;
const GAP_S = 10.5;
const SIZE_FACTOR = 2;
/** It has ended where none came for so many gaps, and those of so long ago are not looked at. */
const ENDED_AFTER_GAPS = 2.5;

export interface SteadyLoss {
  everyS: number;
  /** Sound lost each time, seconds; below 0 there was too much. */
  lostS: number;
}

interface Loss {
  atS: number;
  lostS: number;
}

export class SteadyLosses {
  #losses: Loss[] = [];
  #steady: SteadyLoss | undefined;

  /** At `atS` so many seconds of sound were missing, below 0: too many; 0 for none. Times of one clock, in order. */
  take(atS: number, lostS: number): SteadyLoss | undefined {
    if (lostS !== 0) {
      this.#losses.push({ atS, lostS });
      if (this.#losses.length > ALIKE) this.#losses.shift();
      this.#steady = this.#judge();
    }
    const last = this.#losses.at(-1);
    if (this.#steady && last && atS - last.atS > ENDED_AFTER_GAPS * this.#steady.everyS) this.#steady = undefined;
    return this.#steady;
  }

  /** What was before goes with nothing that comes. */
  restart(): void {
    this.#losses = [];
    this.#steady = undefined;
  }

  #judge(): SteadyLoss | undefined {
    const losses = this.#losses;
    if (losses.length < ALIKE) return undefined;
    const gaps = losses.slice(1).map(({ atS }, i) => atS - losses[i]!.atS);
    const gapS = median(gaps);
    const lostS = median(losses.map((each) => each.lostS));
    const isEven = gaps.every((each) => Math.abs(each - gapS) <= Math.max(GAP_SHARE * gapS, GAP_S));
    const areAlike = losses.every((each) => each.lostS / lostS >= 1 / SIZE_FACTOR && each.lostS / lostS <= SIZE_FACTOR);
    if (!isEven || !areAlike) return undefined;
    const fromFirst = losses.slice(1).reduce((sum, each) => sum + each.lostS, 0);
    const spanS = losses.at(-1)!.atS - losses[0]!.atS;
    return { everyS: spanS / gaps.length, lostS: fromFirst / gaps.length };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
