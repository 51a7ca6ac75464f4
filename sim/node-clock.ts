/** A node's sample clock and its idea of UTC, with the errors that both have. */
import type { ClockState } from "#contract/node.ts";
import type { Rng } from "./rng.ts";

export interface NodeClockOptions {
  rateHz: number;
  /** One sigma of the error of the node's UTC, s; also what it says of itself. */
  sigmaS: number;
  /** One sigma of the sample clock's error, parts per million. */
  ppmSigma?: number;
  /** What the node says of its clock where that differs from the truth. */
  claimedSigmaS?: number;
}

/** World time is in seconds after the world's start. */
export class NodeClock {
  readonly rateHz: number;
  /** The sample clock runs fast by this. */
  readonly ppm: number;
  readonly state: ClockState;
  readonly #offsetS: number;
  readonly #wander: { amplitudeS: number; periodS: number; phase: number }[];
  readonly #phaseS: number;

  constructor(rng: Rng, options: NodeClockOptions) {
    this.rateHz = options.rateHz;
    this.ppm = rng.normal(0, options.ppmSigma ?? 15);
    // Most of the error stays, a part wanders over a minute: together sigma^2.
    this.#offsetS = rng.normal(0, options.sigmaS * Math.sqrt(0.8));
    this.#wander = [17, 41, 97].map((periodS) => ({
      amplitudeS: options.sigmaS * Math.sqrt((2 * 0.2) / 3),
      periodS: periodS * rng.uniform(0.8, 1.25),
      phase: rng.uniform(0, 2 * Math.PI),
    }));
    this.#phaseS = rng.uniform() / options.rateHz;
    this.state = {
      source: "sim",
      synchronised: true,
      sigmaS: options.claimedSigmaS ?? options.sigmaS,
      samplePpm: this.ppm + rng.normal(0, 0.05),
    };
  }

  /** World time at which sample `tick` is taken. */
  timeOf(tick: number): number {
    return this.#phaseS + tick / (this.rateHz * (1 + this.ppm * 1e-6));
  }

  /** The tick (fractional) of a world time. */
  tickAt(timeS: number): number {
    return (timeS - this.#phaseS) * this.rateHz * (1 + this.ppm * 1e-6);
  }

  /** By how much the node's UTC is ahead of true UTC. */
  errorS(timeS: number): number {
    let error = this.#offsetS;
    for (const { amplitudeS, periodS, phase } of this.#wander)
      error += amplitudeS * Math.sin((2 * Math.PI * timeS) / periodS + phase);
    return error;
  }
}
