/** Both denominators of the error: per face seen and per alert. People's verdicts are the truth; until there are any, nothing is claimed. */

import type { Decision } from "./decide.ts";
import { lowerLimit, upperLimit } from "./error-bounds.ts";

export interface FaceCounts {
  readonly seen: number;
  readonly possible: number;
  readonly unknown: number;
  readonly undecided: number;
  /** Of the possible matches, by the person who reviewed. */
  readonly confirmed: number;
  readonly rejected: number;
}

export const noFaces: FaceCounts = { seen: 0, possible: 0, unknown: 0, undecided: 0, confirmed: 0, rejected: 0 };

export function countDecision(counts: FaceCounts, decision: Decision): FaceCounts {
  const add = { "possible match": "possible", unknown: "unknown", "no decision": "undecided" } as const;
  const field = add[decision.kind];
  return { ...counts, seen: counts.seen + 1, [field]: counts[field] + 1 };
}

export function countVerdict(counts: FaceCounts, verdict: "confirmed" | "rejected"): FaceCounts {
  return { ...counts, [verdict]: counts[verdict] + 1 };
}

export interface Interval {
  readonly events: number;
  readonly of: number;
  /** 90 % between the two: each is exceeded with 5 %. */
  readonly low: number;
  readonly high: number;
}

export interface PublishedError {
  /** Rejected alerts per face seen, and per reviewed alert. */
  readonly falseAlertsPerFace: Interval;
  readonly falseAlertsPerAlert: Interval;
  readonly byDemographicGroup: "not measured";
}

export function publishedError(counts: FaceCounts): PublishedError {
  const interval = (events: number, of: number): Interval => ({
    events,
    of,
    low: lowerLimit(events, of),
    high: upperLimit(events, of),
  });
  return {
    falseAlertsPerFace: interval(counts.rejected, counts.seen),
    falseAlertsPerAlert: interval(counts.rejected, counts.confirmed + counts.rejected),
    byDemographicGroup: "not measured",
  };
}
