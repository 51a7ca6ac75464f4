/** UTC of the samples of a sound card: by a pulse per second on one of its channels, or by when its blocks arrive. */
import type { ClockState } from "#contract/node.ts";
import { ArrivalEnvelope } from "#core/clock/arrival-envelope.ts";
import { PpsEdges } from "#core/clock/pps-edges.ts";
import { SampleClock } from "#core/clock/sample-clock.ts";
import type { NodeTime } from "./node-time.ts";

export interface CaptureClockOptions {
  sampleRateHz: number;
  /** There is a pulse channel, and `pulses` is called. */
  pps: boolean;
  /** From the microphone to the program's first look, and one sigma of it; does not apply to pulses, which take the same way. */
  latencyS: number;
  latencySigmaS: number;
  time: NodeTime;
}

/** What remains of the scheduler's delay after a second's earliest block is taken. */
const ARRIVAL_SIGMA_S = 3e-4;
/** A pulse's edge through the converter. */
const PULSE_SIGMA_S = 3e-6;
/** Host time names a pulse's second only where it is surely nearer to it than to the next. */
const NAMED_WITHIN_S = 0.3;
export const NAMED_BY_SIGMA_S = 0.1;
/** Without pulses for this long the clock coasts on the crystal: its sigma grows, and after a minute nothing is stamped. */
const COAST_S = 60;

export class CaptureClock {
  readonly counters = { clockJumps: 0, pulses: 0, strayPulses: 0, unnamedPulses: 0 };
  readonly #options: CaptureClockOptions;
  readonly #samples: SampleClock;
  readonly #envelope: ArrivalEnvelope;
  readonly #edges: PpsEdges;
  #lastPulse: bigint | undefined;

  constructor(options: CaptureClockOptions) {
    const { sampleRateHz, pps } = options;
    this.#options = options;
    this.#samples = new SampleClock({ sampleRateHz, observationSigmaS: pps ? PULSE_SIGMA_S : ARRIVAL_SIGMA_S });
    this.#envelope = new ArrivalEnvelope(sampleRateHz);
    this.#edges = new PpsEdges(sampleRateHz);
  }

  /** The sample before `tick` had arrived at `monotonicNs` (`process.hrtime.bigint()`). */
  arrived(tick: bigint, monotonicNs: bigint): void {
    if (this.#options.pps) return;
    const earliest = this.#envelope.add(tick, monotonicNs - BigInt(Math.round(this.#options.latencyS * 1e9)));
    if (earliest) this.#samples.observe(earliest.tick, 0, earliest.ns);
    this.counters.clockJumps = this.#samples.jumps;
  }

  /** The pulse channel's samples from `firstTick` on, which arrived at `monotonicNs`. */
  pulses(samples: Float32Array, firstTick: bigint, monotonicNs: bigint): void {
    for (const { tick, fraction } of this.#edges.push(samples, firstTick)) {
      const ageS = (samples.length - Number(tick - firstTick) - fraction) / this.#options.sampleRateHz;
      const second = this.#nameOf(tick, monotonicNs - BigInt(Math.round(ageS * 1e9)));
      if (second === undefined) continue;
      this.#samples.observe(tick, fraction, second * 1_000_000_000n);
      this.#lastPulse = tick;
      this.counters.pulses += 1;
      this.counters.clockJumps = this.#samples.jumps;
    }
  }

  /** The second that a pulse began, by the host's time of its arrival; where that is lost or in doubt, the pulses go on counting by themselves. */
  #nameOf(tick: bigint, arrivedNs: bigint): bigint | undefined {
    const host = this.#options.time.ofMonotonicNs(arrivedNs);
    const named = host !== undefined && host.clock.sigmaS <= NAMED_BY_SIGMA_S;
    const utcNs = named ? host.utcNs - BigInt(Math.round(this.#options.latencyS * 1e9)) : this.#samples.at(tick)?.ns;
    if (utcNs === undefined) {
      this.counters.unnamedPulses += 1;
      return undefined;
    }
    const second = (utcNs + 500_000_000n) / 1_000_000_000n;
    if (Math.abs(Number(utcNs - second * 1_000_000_000n)) / 1e9 <= NAMED_WITHIN_S) return second;
    this.counters.strayPulses += 1;
    return undefined;
  }

  /** Samples were lost: nothing is stamped until three seconds have told how many. */
  lost(): void {
    this.#samples.restart();
    this.#envelope.reset();
  }

  /** The tick that goes with an instant of the monotonic clock, where the clock is known well enough to say. */
  tickAt(monotonicNs: bigint): bigint | undefined {
    if (!this.#options.pps) return this.#samples.tickAt(monotonicNs - BigInt(Math.round(this.#options.latencyS * 1e9)));
    const host = this.#options.time.ofMonotonicNs(monotonicNs);
    // A host stepped by three hours would have that much sound lost.
    return host && host.clock.sigmaS <= NAMED_BY_SIGMA_S ? this.#samples.tickAt(host.utcNs) : undefined;
  }

  /** UTC of a sample and the state it came from; no UTC while host, pulses or sample clock do not give one. */
  at(tick: bigint): { utcNs: bigint | undefined; clock: ClockState } {
    const { pps, latencySigmaS, sampleRateHz, time } = this.#options;
    const sample = this.#samples.at(tick);
    const ppm = this.#samples.ppm;
    const samplePpm = ppm === undefined ? {} : { samplePpm: ppm };
    const none = { utcNs: undefined, clock: { source: "none", synchronised: false, sigmaS: 0, ...samplePpm } } as const;
    if (!sample) return none;
    if (pps) {
      if (this.#lastPulse === undefined || Number(tick - this.#lastPulse) > COAST_S * sampleRateHz) return none;
      return { utcNs: sample.ns, clock: { source: "pps", synchronised: true, sigmaS: sample.sigmaS, ...samplePpm } };
    }
    const utc = time.ofMonotonicNs(sample.ns);
    if (!utc) return none;
    const sigmaS = Math.hypot(sample.sigmaS, latencySigmaS, utc.clock.sigmaS);
    return { utcNs: utc.utcNs, clock: { ...utc.clock, sigmaS, ...samplePpm } };
  }
}
