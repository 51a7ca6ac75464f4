/** From what was measured to what may be decided: the threshold for a list of a size, and the largest list. */
import { upperLimit } from "./error-bounds.ts";

/** What a trial run of the whole pipeline on pictures of known people gave. Distances only: no picture, no embedding. */
export interface MeasuredError {
  readonly embedderSha256: string;
  readonly source: string;
  /** Comparisons of two different people, and the smallest of their distances, ascending. */
  readonly falseTrials: number;
  readonly smallestFalse: readonly number[];
  /**
   * Of the false trials, those between people in one photograph, and the smallest of their distances: alike in age, light and camera, they come
   * nearer than people at large. Too few for a rate of their own; they count among all, and are told beside it.
   */
  readonly together?: { readonly trials: number; readonly smallest: readonly number[] };
  /** Mean and standard deviation of the distances of two different people. */
  readonly falseMean: number;
  readonly falseSd: number;
  /** Distances of two pictures of one person, ascending. */
  readonly trueDistances: readonly number[];
}

/** What the authority put up with. */
export interface AlertPolicy {
  /** Chance that one face of a person who is not on the list is shown to a reviewer, at most. */
  readonly falseAlertRate: number;
  /** With which that chance is to be kept, from the measurement. */
  readonly confidence: number;
}

export interface Rule {
  readonly kind: "rule";
  readonly listSize: number;
  /** Distances up to this one are possible matches. */
  readonly thresholdDistance: number;
  /** Distances from here on are unknown people; between the two nothing is decided. */
  readonly unknownDistance: number;
  /** Upper limits, at the policy's confidence, of a false match per comparison and per face seen. */
  readonly falseMatchRateUpper: number;
  readonly falseAlertRateUpper: number;
}

/** The distance at which the network's makers state their accuracy (dlib: 99.38 % on LFW): never decide above it. */
export const CEILING_DISTANCE = 0.6;
/** Share of the true pairs that may lie above `unknownDistance`. */
const LOST_TRUE_SHARE = 0.05;

/** False-match rate per comparison that `listSize` comparisons may have so that one face keeps to the policy. */
export function allowedPerComparison(listSize: number, policy: AlertPolicy): number {
  return -Math.expm1(Math.log1p(-policy.falseAlertRate) / listSize);
}

/** The most people whose list keeps to the policy: with no false match at all, the trials leave this upper limit. */
export function largestList(measured: MeasuredError, policy: AlertPolicy): number {
  const perComparison = upperLimit(0, measured.falseTrials, policy.confidence);
  return perComparison >= 1 ? 0 : Math.floor(Math.log1p(-policy.falseAlertRate) / Math.log1p(-perComparison));
}

/**
 * The rule for a list of `listSize` people: the largest threshold whose false-match rate, at its upper confidence limit, keeps to the
 * policy. The rate below the k-th smallest of n distances is Beta(k, n - k + 1) distributed whatever the distances' distribution
 * (order statistics), so that Clopper and Pearson's limit holds although the threshold was read from the same trials. It takes trials
 * as independent. Pairs of few people are not: whoever looks like many counts in many of them. The limit is tighter than the truth then.
 */
export function ruleFor(
  listSize: number,
  measured: MeasuredError,
  policy: AlertPolicy,
): Rule | { kind: "too large"; why: string } {
  const largest = largestList(measured, policy);
  if (listSize > largest) {
    const percent = (rate: number) => `${(100 * rate).toPrecision(3)} %`;
    return {
      kind: "too large",
      why: `${listSize} people are more than the ${largest} that ${measured.falseTrials} measured comparisons allow: false-match rate up to ${percent(upperLimit(0, measured.falseTrials, policy.confidence))} (${percent(policy.confidence)} confidence), policy ${percent(policy.falseAlertRate)} of faces seen`,
    };
  }
  const allowed = allowedPerComparison(Math.max(1, listSize), policy);
  let below = 0;
  while (
    below + 1 < measured.smallestFalse.length &&
    upperLimit(below + 1, measured.falseTrials, policy.confidence) <= allowed
  )
    below++;
  const order = measured.smallestFalse[below] ?? 0;
  // Just below the distance that would be one false match too many.
  const thresholdDistance = Math.min(CEILING_DISTANCE, order - 1e-6);
  const falseBelow = measured.smallestFalse.filter((distance) => distance <= thresholdDistance).length;
  const falseMatchRateUpper = upperLimit(falseBelow, measured.falseTrials, policy.confidence);
  const keep = Math.ceil(measured.trueDistances.length * (1 - LOST_TRUE_SHARE)) - 1;
  return {
    kind: "rule",
    listSize,
    thresholdDistance,
    unknownDistance: Math.max(thresholdDistance, measured.trueDistances[keep] ?? CEILING_DISTANCE),
    falseMatchRateUpper,
    falseAlertRateUpper: -Math.expm1(listSize * Math.log1p(-falseMatchRateUpper)),
  };
}
