/** What UTC a sample has: the times that came with frames, kept long enough for impulses found a little later. */
import type { ClockState } from "#contract/node.ts";

/** A sample whose UTC is known. */
export interface TickTime {
  tick: bigint;
  /** Nanoseconds since 1970; undefined while the clock is not valid. */
  utcNs: bigint | undefined;
  clock: ClockState;
}

export interface Instant {
  utcNs: bigint;
  /** One sigma of it, by the clock alone. */
  sigmaS: number;
}

export class TickTimes {
  readonly #rateHz: number;
  readonly #keepS: number;
  #times: TickTime[] = [];

  /** @param keepS how far back `at` can look. */
  constructor(sampleRateHz: number, keepS: number) {
    this.#rateHz = sampleRateHz;
    this.#keepS = keepS;
  }

  /** The newest time; ticks must not go back. Frames may be of any length. */
  add(time: TickTime): void {
    this.#times.push(time);
    // Cleared in strides, so that a frame costs nothing but its own entry.
    const oldest = time.tick - BigInt(Math.round(this.#keepS * this.#rateHz));
    if (this.#times.length < 64 || this.#times[32]!.tick > oldest) return;
    const from = this.#times.findLastIndex(({ tick }) => tick <= oldest);
    if (from > 0) this.#times = this.#times.slice(from);
  }

  get newest(): TickTime | undefined {
    return this.#times.at(-1);
  }

  /**
   * UTC of a sample, fractions included: the last frame that began before it, carried on at the sample clock's own rate.
   * Undefined where no frame is held, or the clock was not valid then.
   */
  at(tick: bigint, fraction: number): Instant | undefined {
    const time = this.#times.findLast((each) => each.tick <= tick) ?? this.#times[0];
    if (time?.utcNs === undefined || !time.clock.synchronised) return undefined;
    const rateHz = this.#rateHz * (1 + (time.clock.samplePpm ?? 0) * 1e-6);
    const afterS = (Number(tick - time.tick) + fraction) / rateHz;
    return { utcNs: time.utcNs + BigInt(Math.round(afterS * 1e9)), sigmaS: time.clock.sigmaS };
  }
}
