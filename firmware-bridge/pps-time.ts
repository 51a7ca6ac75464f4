/**
 * The time map: ticks of a microcontroller and samples of the converter whose word clock it counts <-> UTC, by the pulse per second that it
 * captures. The estimators are those of `core/clock`; here stands what the wire adds: counters of 32 bits, pulses that nobody heard,
 * came twice or late, and a microcontroller that started anew.
 */
import { SampleClock, type SampleTime } from "#core/clock/sample-clock.ts";

/** One capture, as the firmware tells it. */
export interface PpsEdge {
  /** Ticks and samples at the edge, modulo 2^32. */
  tick: number;
  samples: number;
  /** Edges since the microcontroller started, modulo 2^16. */
  pulses: number;
  /** Monotonic instant of hearing it (`performance.now()`). */
  heardAtMs: number;
}

export interface PpsTimeOptions {
  /** As the firmware says in its identity. */
  ticksPerS: number;
  /** Nominal rate of the counted word clock; nothing is said of samples without it. */
  wordClockHz?: number | undefined;
  /** Sigma from which on nothing is said any more; reached some 15 minutes after the last pulse. */
  mostSigmaS?: number;
}

const TURN = 2 ** 32;
/** A capture is taken in whole ticks, by a receiver that is itself good for tens of nanoseconds. */
const RECEIVER_SIGMA_S = 5e-8;
/** The word clock is read by the interrupt, some microseconds after the edge. */
const READING_SIGMA_S = 5e-6;
/** A plain quartz in the open air, per square root of a second: 13 us after a minute without pulses. */
const RATE_WALK = 5e-8;
/** The host names a pulse's second only where it is surely nearer to it than to the next. */
const NAMED_WITHIN_S = 0.3;
const NAMED_BY_SIGMA_S = 0.1;
/** Pulses nearer than this to the last good one are no new second. */
const LEAST_APART_S = 0.9;
/** A counter that is this far from the host's monotonic clock has begun anew. */
const SAME_RUN_WITHIN_S = 0.5;
const CRYSTAL = 2e-3;

interface Heard extends PpsEdge {
  totalTicks: bigint;
  totalSamples: bigint;
}

export class PpsTime {
  readonly counters = {
    /** Taken. */
    pulses: 0,
    /** Never came. */
    missed: 0,
    /** Came, but their message was lost on the wire. */
    unheard: 0,
    doubled: 0,
    /** Away from where the clock expected them: not believed, unless three in a row agree. */
    outliers: 0,
    /** Nobody could say which second they were. */
    unnamed: 0,
    /** The names of the seconds, or the pulses, moved for good. */
    steps: 0,
    /** The microcontroller began anew. */
    restarts: 0,
  };
  readonly #options: PpsTimeOptions;
  readonly #ticks: SampleClock;
  readonly #samples: SampleClock | undefined;
  readonly #tickSigmaS: number;
  readonly #mostSigmaS: number;
  #last: Heard | undefined;
  #lastGood: bigint | undefined;
  #standing = false;

  constructor(options: PpsTimeOptions) {
    const { ticksPerS, wordClockHz, mostSigmaS = 1e-3 } = options;
    this.#options = options;
    this.#mostSigmaS = mostSigmaS;
    // What rounding to whole steps adds is spread evenly over a step (Bennett, 1948).
    this.#tickSigmaS = Math.hypot(1 / ticksPerS / Math.sqrt(12), RECEIVER_SIGMA_S);
    this.#ticks = new SampleClock({
      sampleRateHz: ticksPerS,
      observationSigmaS: this.#tickSigmaS,
      rateWalk: RATE_WALK,
    });
    this.#samples =
      wordClockHz === undefined
        ? undefined
        : new SampleClock({
            sampleRateHz: wordClockHz,
            observationSigmaS: Math.hypot(1 / wordClockHz / Math.sqrt(12), READING_SIGMA_S),
            rateWalk: RATE_WALK,
          });
  }

  /**
   * Takes a capture.
   * @param coarse the host's UTC of the edge, where it has one: it names the second, nothing more.
   * @returns the edge in ticks and samples since the microcontroller started, turns of the counters included.
   */
  take(edge: PpsEdge, coarse: { utcNs: bigint; sigmaS: number } | undefined): { tick: bigint; samples: bigint } {
    const before = this.#last;
    const heard = this.#unwrap(edge);
    this.#last = heard;
    const { totalTicks: tick, totalSamples: samples } = heard;
    const sinceGoodS =
      this.#lastGood === undefined ? undefined : Number(tick - this.#lastGood) / this.#options.ticksPerS;
    if (sinceGoodS !== undefined && sinceGoodS < LEAST_APART_S) {
      this.counters.doubled += 1;
      return { tick, samples };
    }
    const second = this.#nameOf(tick, coarse);
    if (second === undefined) {
      this.counters.unnamed += 1;
      return { tick, samples };
    }
    const utcNs = second * 1_000_000_000n;
    const expected = this.#ticks.at(tick);
    const offS = expected ? Math.abs(Number(expected.ns - utcNs)) / 1e9 : 0;
    if (expected && offS > 6 * Math.hypot(expected.sigmaS, this.#tickSigmaS)) this.counters.outliers += 1;
    else this.#lastGood = tick;
    this.counters.pulses += 1;
    this.#ticks.observe(tick, 0, utcNs);
    if (before) this.#observeSamples(heard, before, utcNs);
    this.counters.steps = this.#ticks.jumps;
    return { tick, samples };
  }

  /** UTC of a tick; undefined before three pulses agreed and once the sigma has grown beyond use. */
  ofTick(tick: bigint): SampleTime | undefined {
    return this.#within(this.#ticks.at(tick));
  }

  /** UTC of a sample by its number: that of the count before the word clock's edge that took it. */
  ofSample(samples: bigint): SampleTime | undefined {
    return this.#within(this.#samples?.at(samples));
  }

  tickAt(utcNs: bigint): bigint | undefined {
    return this.#ticks.tickAt(utcNs);
  }

  sampleAt(utcNs: bigint): bigint | undefined {
    return this.#samples?.tickAt(utcNs);
  }

  /** Number of the next sample while the converter stands still: the first of a capture that begins now. */
  get standingAt(): bigint | undefined {
    return this.#standing ? this.#last?.totalSamples : undefined;
  }

  #within(time: SampleTime | undefined): SampleTime | undefined {
    return time && time.sigmaS <= this.#mostSigmaS ? time : undefined;
  }

  #unwrap(edge: PpsEdge): Heard {
    const { ticksPerS, wordClockHz } = this.#options;
    const last = this.#last;
    if (!last) return { ...edge, totalTicks: BigInt(edge.tick), totalSamples: BigInt(edge.samples) };
    const hostS = (edge.heardAtMs - last.heardAtMs) / 1000;
    const ticks = turned(edge.tick - last.tick, hostS * ticksPerS);
    const elapsedS = ticks / ticksPerS;
    const pulses = (edge.pulses - last.pulses) & 0xffff;
    if (Math.abs(elapsedS - hostS) > SAME_RUN_WITHIN_S + CRYSTAL * hostS || pulses > 2 * hostS + 10) {
      this.counters.restarts += 1;
      this.#ticks.restart();
      this.#samples?.restart();
      this.#lastGood = undefined;
      // Totals never go back: the new run stands on top of the old.
      const totalTicks = last.totalTicks + BigInt(Math.max(1, Math.round(hostS * ticksPerS)));
      return { ...edge, totalTicks, totalSamples: last.totalSamples + BigInt(edge.samples) };
    }
    const seconds = Math.round(elapsedS);
    this.counters.missed += Math.max(0, seconds - pulses);
    this.counters.unheard += Math.max(0, Math.min(seconds, pulses) - 1);
    this.counters.doubled += seconds > 0 ? Math.max(0, pulses - seconds) : 0;
    const samples = turned(edge.samples - last.samples, (wordClockHz ?? 0) * elapsedS);
    return {
      ...edge,
      totalTicks: last.totalTicks + BigInt(ticks),
      totalSamples: last.totalSamples + BigInt(samples),
    };
  }

  #nameOf(tick: bigint, coarse: { utcNs: bigint; sigmaS: number } | undefined): bigint | undefined {
    const nearest = (ns: bigint) => {
      const second = (ns + 500_000_000n) / 1_000_000_000n;
      return Math.abs(Number(ns - second * 1_000_000_000n)) / 1e9 <= NAMED_WITHIN_S ? second : undefined;
    };
    const named = coarse && coarse.sigmaS <= NAMED_BY_SIGMA_S ? nearest(coarse.utcNs) : undefined;
    // A host that lost its time: the pulses go on counting seconds by themselves.
    const counted = this.ofTick(tick);
    return named ?? (counted && nearest(counted.ns));
  }

  #observeSamples(heard: Heard, before: Heard, utcNs: bigint): void {
    const { ticksPerS, wordClockHz } = this.#options;
    if (wordClockHz === undefined) return;
    const passed = Number(heard.totalSamples - before.totalSamples);
    const due = (Number(heard.totalTicks - before.totalTicks) / ticksPerS) * wordClockHz;
    this.#standing = passed === 0;
    if (Math.abs(passed - due) > 2 + 2 * CRYSTAL * due) {
      // The converter began, ended or stood still within this second.
      this.#samples?.restart();
      if (passed === 0) return;
    }
    // The edge fell between the last sample counted and the next.
    this.#samples?.observe(heard.totalSamples - 1n, 0.5, utcNs);
  }
}

/** A difference modulo 2^32, with as many whole turns as bring it nearest to what is due. */
function turned(difference: number, due: number): number {
  const least = difference >>> 0;
  return least + Math.max(0, Math.round((due - least) / TURN)) * TURN;
}
