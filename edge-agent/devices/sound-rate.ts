/**
 * Whether a card gives as many samples as it was asked for: behind a sound server or in a virtual machine it may run at any rate, and then
 * no sample has a time. Blocks come late by what the scheduler makes of it, never early, so each ten seconds are measured from earliest
 * block to earliest block; the median over two minutes of them is judged, which one loss, or a start on a busy machine, does not move.
 * Where such a source drops a piece at an even pace instead, most of the ten seconds are right: the losses tell.
 */
import { SteadyLosses } from "#core/clock/steady-losses.ts";

export interface SoundRateOptions {
  /** As it is named to arecord. */
  device: string;
  sampleRateHz: number;
}

const EVERY_S = 10;
/** The earliest block is sought among those of this long. */
const SOUGHT_S = 1;
const FEWEST = 3;
const MOST = 12;
/** No crystal is off by more than this share; and by so much the earliest blocks may still be late. */
const WITHIN = 1.5e-3;
const STILL_LATE_S = 0.03;
/** In each ten seconds something is missing: that is no pace of losses. */
const CONTINUOUS_S = 1.2 * EVERY_S;

export class SoundRate {
  readonly #options: SoundRateOptions;
  /** Where this life of arecord began. */
  #origin: { tick: bigint; ns: bigint } | undefined;
  /** From here on, seconds after the origin, the next earliest block is sought. */
  #seekS = 0;
  #earliest: Lateness | undefined;
  #before: Lateness | undefined;
  /** Of each ten seconds: by what share more samples came than were asked for. */
  #excesses: number[] = [];
  readonly #losses = new SteadyLosses();
  #losing: string | undefined;
  #wrong: string | undefined;

  constructor(options: SoundRateOptions) {
    this.#options = options;
  }

  /** What is wrong with the rate and where to look, until the median is right again, or the losses have ended. */
  get trouble(): string | undefined {
    return this.#losing ?? this.#wrong;
  }

  /** The sample before `tick` had arrived at `monotonicNs`; lost samples that are known of are counted in `tick`. */
  arrived(tick: bigint, monotonicNs: bigint): void {
    this.#origin ??= { tick, ns: monotonicNs };
    const atS = Number(monotonicNs - this.#origin.ns) / 1e9;
    if (atS < this.#seekS) return;
    const lateS = atS - Number(tick - this.#origin.tick) / this.#options.sampleRateHz;
    if (!this.#earliest || lateS < this.#earliest.lateS) this.#earliest = { atS, lateS };
    if (atS < this.#seekS + SOUGHT_S) return;
    const { earliest, before } = { earliest: this.#earliest, before: this.#before };
    this.#before = earliest;
    this.#earliest = undefined;
    this.#seekS = atS + EVERY_S - SOUGHT_S;
    if (!before) return;
    const lostS = earliest.lateS - before.lateS;
    this.#excesses.push(-lostS / (earliest.atS - before.atS));
    if (this.#excesses.length > MOST) this.#excesses.shift();
    this.#judge();
    this.#judgeLosses(earliest.atS, lostS);
  }

  /** arecord was started again: how long it gave nothing says nothing of the rate. What was wrong is so until it is measured anew. */
  restart(): void {
    this.#origin = undefined;
    this.#seekS = 0;
    this.#earliest = undefined;
    this.#before = undefined;
    this.#excesses = [];
    this.#losses.restart();
  }

  #judge(): void {
    const count = this.#excesses.length;
    if (count < FEWEST) return;
    const sorted = this.#excesses.toSorted((a, b) => a - b);
    const [low, high] = [sorted[(count - 1) >> 1]!, sorted[count >> 1]!];
    const excess = Math.abs(low) < Math.abs(high) ? low : high;
    const isOff = (each: number, of: number) => Math.sign(excess) * each > WITHIN + STILL_LATE_S / (EVERY_S * of);
    if (!isOff(excess, count)) this.#wrong = undefined;
    else if (
      this.#isEven(sorted, excess) &&
      (!isOff(excess, 1) || this.#excesses.slice(-FEWEST).every((each) => isOff(each, 1)))
    )
      this.#wrong ??= this.#told(excess, "nothing is stamped");
  }

  /** Losses now and then may be most of a few, or leave a piece in the median: a rate is wrong in each ten seconds alike, and was right before. */
  #isEven(sorted: readonly number[], excess: number): boolean {
    return sorted.at(-1)! - sorted[0]! <= Math.abs(excess) + (2 * STILL_LATE_S) / EVERY_S;
  }

  #judgeLosses(atS: number, lostS: number): void {
    const isLoss = Math.abs(lostS) > WITHIN * EVERY_S + STILL_LATE_S;
    const steady = this.#losses.take(atS, isLoss ? lostS : 0);
    // Half a second each night at three is even too, and so little that the rate it comes to is right.
    if (!steady || Math.abs(steady.lostS / steady.everyS) <= WITHIN) this.#losing = undefined;
    else if (steady.everyS > CONTINUOUS_S) {
      const { lostS: eachS, everyS } = steady;
      const what = `${Math.abs(eachS).toFixed(2)} s ${eachS > 0 ? "are lost" : "come twice"} every ${everyS.toFixed(0)} s`;
      this.#losing ??= this.#told(-eachS / everyS, `${what}, and times are as unsure for 3 s after each`);
    }
  }

  #told(excess: number, what: string): string {
    const { device, sampleRateHz } = this.#options;
    const givenHz = Number((sampleRateHz * (1 + excess)).toPrecision(3));
    return `${device} gives ${givenHz} samples a second, not ${sampleRateHz}: ${what}; look at microphone.sampleRateHz, and for a sound server between card and arecord`;
  }
}

/** A block, seconds after the origin, and by how much it came after the line of the rate asked for. */
interface Lateness {
  atS: number;
  lateS: number;
}
