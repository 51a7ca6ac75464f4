/** What the impulses before one had to say in its probability, and how much they count. */
import * as v from "valibot";
import { Finite, NonNegative, PositiveS, Probability } from "./units.ts";

/** How a node came to a probability: what the impulses of the seconds before had to say in it. */
export const Company = v.object({
  /**
   * Probability of a gunshot by the sound around this impulse alone, 1.05 s before its onset to 0.85 s after. The clip that the node keeps
   * begins 0.5 s before it: what a classifier makes of the clip is near this, not the same (0.856 of one shot that gunshot 7 heard at 0.827).
   */
  alone: Probability,
  /** Impulses of like level before it that were no shots: in rain or fire there are many. */
  among: NonNegative,
  /** How surely one before it was a shot (less where few such stand among many that were none), and one that was louder: then this may be its echo. */
  afterShot: Probability,
  echoOfShot: Probability,
});
export type Company = v.InferOutput<typeof Company>;

/** How much the impulses before one count, as a model's card has it (core/acoustics/crowd.ts); log odds are natural logarithms. */
export const CrowdWeights = v.object({
  /** How far back, seconds. */
  withinS: v.pipe(PositiveS, v.maxValue(30)),
  /** An earlier impulse this much weaker than the one judged counts half, dB. */
  likeDb: Finite,
  /** Among so many an impulse is half crowded; width of that in the logarithm. */
  half: v.pipe(Finite, v.gtValue(0)),
  width: v.pipe(Finite, v.gtValue(0)),
  /** Log odds of a gunshot at which an earlier impulse counts half as no shot, and half as a shot. */
  noShotLogOdds: Finite,
  shotLogOddsFrom: Finite,
  /** With fewer shots than this share of the no shots before, they are the less an impulse's company; absent: one is enough. */
  shotShare: v.optional(NonNegative),
  /** An earlier shot this much louder has the impulse for an echo by half, dB. */
  echoDb: Finite,
  /** What a crowd, and what a louder shot before, takes off the log odds. */
  crowdLogOdds: NonNegative,
  echoLogOdds: NonNegative,
  /** What makes the log odds after that a calibrated probability again. */
  scale: v.pipe(Finite, v.gtValue(0)),
  bias: Finite,
});
export type CrowdWeights = v.InferOutput<typeof CrowdWeights>;
