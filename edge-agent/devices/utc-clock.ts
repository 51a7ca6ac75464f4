/**
 * UTC of this host to a few microseconds. Node tells the wall clock in whole milliseconds only, but the monotonic clock in nanoseconds:
 * waiting for the wall clock's next millisecond ties the two together. NTP slews both alike (clock_gettime(2)), so that only a step of
 * the wall clock changes the tie.
 */
export interface UtcReading {
  /** Wall clock minus monotonic clock, nanoseconds. */
  offsetNs: bigint;
  /** Half the time within which the millisecond turned over. */
  uncertaintyNs: bigint;
}

export interface Clocks {
  wallMs(): number;
  monotonicNs(): bigint;
}

const real: Clocks = { wallMs: () => Date.now(), monotonicNs: () => process.hrtime.bigint() };

/** Best of three turns of the millisecond; takes 3 ms at most, longer only where the process is not run. */
export function readUtc(clocks: Clocks = real): UtcReading {
  let best: UtcReading | undefined;
  for (let i = 0; i < 3; i++) {
    const startMs = clocks.wallMs();
    let before = clocks.monotonicNs();
    let wallMs = startMs;
    let after = before;
    while ((wallMs = clocks.wallMs()) === startMs) before = clocks.monotonicNs();
    after = clocks.monotonicNs();
    const uncertaintyNs = (after - before) / 2n;
    const offsetNs = BigInt(wallMs) * 1_000_000n - (before + uncertaintyNs);
    if (!best || uncertaintyNs < best.uncertaintyNs) best = { offsetNs, uncertaintyNs };
  }
  return best!;
}

/** More than a look at two clocks takes, even where the process is not run meanwhile: both ends of it are looked at. */
const STEPPED_BEYOND_NS = 2_000_000n;
const STEP_NS = 1_000_000n;
/** A tie as good as that is taken for an older one that was better: what slews the one clock only shows in time. */
const GOOD_TIE_NS = 20_000n;

/** UTC now, and when it was last stepped. */
export class UtcClock {
  readonly #clocks: Clocks;
  #reading: UtcReading;
  /** Steps of the wall clock by more than a millisecond since start. */
  steps = 0;

  constructor(clocks: Clocks = real) {
    this.#clocks = clocks;
    this.#reading = readUtc(clocks);
  }

  /** Nanoseconds since 1970. */
  nowNs(): bigint {
    return this.#clocks.monotonicNs() + this.#reading.offsetNs;
  }

  /** UTC of an instant of the monotonic clock (`process.hrtime.bigint()`). */
  ofMonotonicNs(ns: bigint): bigint {
    return ns + this.#reading.offsetNs;
  }

  /** A glance, at next to no cost: has the wall clock moved against the monotonic one since they were tied? */
  get isStepped(): boolean {
    const earliest = this.nowNs() - STEPPED_BEYOND_NS;
    const wallNs = BigInt(this.#clocks.wallMs()) * 1_000_000n;
    const latest = this.nowNs() + STEPPED_BEYOND_NS;
    return wallNs + 1_000_000n < earliest || wallNs > latest;
  }

  /** Ties the clocks anew; to be called every few seconds. Returns by how much the wall clock has stepped since, nanoseconds; 0 for none. */
  refresh(): bigint {
    const reading = readUtc(this.#clocks);
    const movedNs = reading.offsetNs - this.#reading.offsetNs;
    // Of a process that is not run for long the two readings differ by as much as that, and the wall clock has not moved.
    const unsureNs = STEP_NS + reading.uncertaintyNs + this.#reading.uncertaintyNs;
    const isStep = movedNs > unsureNs || movedNs < -unsureNs;
    if (isStep) this.steps += 1;
    if (isStep || reading.uncertaintyNs <= GOOD_TIE_NS || reading.uncertaintyNs < this.#reading.uncertaintyNs)
      this.#reading = reading;
    return isStep ? movedNs : 0n;
  }
}
