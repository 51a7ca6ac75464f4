/** Pairs a bullet's shock wave with the muzzle blast that follows it: only a supersonic round has both, and their lead carries range. */
import type { Candidate } from "#core/acoustics/candidate.ts";
import { nWaveAt } from "#core/acoustics/shock-wave.ts";
import type { HeardBearing } from "./bearing-finder.ts";

/** A blast resembles an N less than 0.8. */
const LEAST_LIKENESS = 0.85;
/** The lead of a rifle's shock wave over 1 km; more than an onset apart. */
const LEAST_LEAD_S = 0.003;
const LONGEST_LEAD_S = 2;

export interface Lead {
  leadS: number;
  sigmaS: number;
  /** From where the shock wave came, where an array tells: with the blast's own bearing that gives the range. */
  bearingDeg?: number;
  bearingSigmaDeg?: number;
}

export class ShockPairs {
  readonly #rateHz: number;
  #shock: { candidate: Candidate; bearing: HeardBearing | undefined } | undefined;

  constructor(sampleRateHz: number) {
    this.#rateHz = sampleRateHz;
  }

  /**
   * Candidates in the order of their onset. Below 32 kHz an N has too few samples to be told.
   * @param sound around the candidate, its onset at `onsetIndex`.
   * @returns the lead, where this is the blast of the shock wave before it.
   */
  take(candidate: Candidate, sound: Float32Array, onsetIndex: number, bearing?: HeardBearing): Lead | undefined {
    const isShock = nWaveAt(sound, onsetIndex, this.#rateHz).likeness >= LEAST_LIKENESS;
    const shock = this.#shock;
    if (isShock) {
      // The echo of a shock wave is an N as well: the first one leads.
      if (!shock || candidate.echoProbability < 0.5) this.#shock = { candidate, bearing };
      return undefined;
    }
    // A blast in the wake of a shock wave is like an echo in time and level (0.7 where they are equally loud), but not in shape.
    if (!shock || candidate.echoProbability > 0.9) return undefined;
    this.#shock = undefined;
    const leadS = (candidate.onsetTick - shock.candidate.onsetTick) / this.#rateHz;
    if (leadS < LEAST_LEAD_S || leadS > LONGEST_LEAD_S) return undefined;
    return {
      leadS,
      sigmaS: Math.hypot(candidate.onsetSigmaS, shock.candidate.onsetSigmaS),
      // Sides of a shock wave and of its blast that are not known to be the same give no range.
      ...(shock.bearing?.kind === "bearing" && {
        bearingDeg: shock.bearing.bearingDeg,
        bearingSigmaDeg: shock.bearing.sigmaDeg,
      }),
    };
  }
}
