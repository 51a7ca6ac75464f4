/** UTC of the samples of a sound card whose word clock a microcontroller counts beside the pulse per second. */
import type { ClockState } from "#contract/node.ts";
import { ArrivalEnvelope } from "#core/clock/arrival-envelope.ts";
import type { PulseClock } from "../pulse-port.ts";
import type { NodeTime } from "./node-time.ts";

export interface CountedClockOptions {
  sampleRateHz: number;
  pulses: PulseClock;
  /**
   * `with-capture`: the converter stands still until it is listened to, so that the count at which it stood is that of the first sample.
   * `continuous`: which of the counted samples is the card's first is told by when its blocks arrive, no better than `latencySigmaS`.
   */
  wordClock: "continuous" | "with-capture";
  latencyS: number;
  latencySigmaS: number;
  time: NodeTime;
}

/** What remains of the scheduler's delay after a second's earliest block is taken. */
const ARRIVAL_SIGMA_S = 3e-4;
/** Seconds over which the arrivals are averaged. */
const AVERAGED_S = 32;

export class CountedClock {
  readonly counters = { clockJumps: 0 };
  readonly #options: CountedClockOptions;
  readonly #envelope: ArrivalEnvelope;
  /** Counted samples before the card's sample 0. */
  #offset: number | undefined;
  #exact = false;
  /** Nothing of the sound has come yet. */
  #fresh = true;
  #averaged = 0;
  /** Steps of the host's clock before which nothing was averaged. */
  #steps = 0;

  constructor(options: CountedClockOptions) {
    this.#options = options;
    this.#envelope = new ArrivalEnvelope(options.sampleRateHz);
  }

  /** The sample before `tick` had arrived at `monotonicNs` (`process.hrtime.bigint()`). */
  arrived(tick: bigint, monotonicNs: bigint): void {
    const { pulses, wordClock, latencyS, time } = this.#options;
    const standing = pulses.standingAt;
    if (this.#fresh && wordClock === "with-capture" && standing !== undefined) {
      this.#offset = Number(standing);
      this.#exact = true;
    }
    this.#fresh = false;
    if (this.#exact) return;
    if (time.steps !== this.#steps) this.lost();
    this.#steps = time.steps;
    const earliest = this.#envelope.add(tick, monotonicNs - BigInt(Math.round(latencyS * 1e9)));
    const utc = earliest && time.ofMonotonicNs(earliest.ns);
    const sample = utc && pulses.sampleAt(utc.utcNs);
    if (sample === undefined) return;
    const offset = Number(sample - earliest!.tick);
    this.#averaged = Math.min(this.#averaged + 1, AVERAGED_S);
    this.#offset = (this.#offset ?? offset) + (offset - (this.#offset ?? offset)) / this.#averaged;
  }

  /** Samples were lost, nobody knows exactly how many. */
  lost(): void {
    this.#envelope.reset();
    this.#offset = undefined;
    this.#exact = false;
    this.#averaged = 0;
  }

  tickAt(monotonicNs: bigint): bigint | undefined {
    const utc = this.#options.time.ofMonotonicNs(monotonicNs - BigInt(Math.round(this.#options.latencyS * 1e9)));
    const sample = utc && this.#options.pulses.sampleAt(utc.utcNs);
    return sample === undefined || this.#offset === undefined ? undefined : sample - BigInt(Math.round(this.#offset));
  }

  at(tick: bigint): { utcNs: bigint | undefined; clock: ClockState } {
    const { pulses, sampleRateHz, latencySigmaS, time } = this.#options;
    const none = { utcNs: undefined, clock: { source: "none", synchronised: false, sigmaS: 0 } } as const;
    if (this.#offset === undefined) return none;
    const sample = pulses.ofSample(tick + BigInt(Math.round(this.#offset)));
    if (!sample) return none;
    // A whole sample for the count at which a converter starts; else what the arrival of blocks is worth.
    let sigmaS = Math.hypot(sample.sigmaS, 1 / sampleRateHz);
    if (!this.#exact) {
      const host = time.now();
      if (!host) return none;
      sigmaS = Math.hypot(
        sigmaS,
        latencySigmaS,
        host.clock.sigmaS,
        ARRIVAL_SIGMA_S / Math.sqrt(Math.max(1, this.#averaged)),
      );
    }
    return { utcNs: sample.ns, clock: { source: "pps", synchronised: true, sigmaS, samplePpm: sample.ppm } };
  }
}
