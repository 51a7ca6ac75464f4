/** What a look at one face gives. "Possible match" is the most it ever says, and a person reviews each. */
import { upperLimit } from "./error-bounds.ts";
import type { Candidate } from "./gallery.ts";
import type { MeasuredError, Rule } from "./threshold.ts";

export type Decision =
  | { readonly kind: "possible match"; readonly person: string; readonly distance: number; readonly score: Score }
  | { readonly kind: "unknown" }
  | { readonly kind: "no decision"; readonly why: readonly string[] };

export interface Score {
  /** log10 of how much more often one person gives this distance than two people do, limited by the number of trials behind it. */
  readonly log10LikelihoodRatio: number;
  readonly words: string;
}

/** Two people of the list nearer to each other than this cannot be told apart by one face. */
const TOO_CLOSE = 0.03;

/** `refused`: reasons of the quality check; `nearest`: the one or two nearest of the list. */
export function decide(
  refused: readonly string[],
  nearest: readonly Candidate[],
  rule: Rule,
  measured: MeasuredError,
): Decision {
  if (refused.length > 0) return { kind: "no decision", why: refused };
  const [first, second] = nearest;
  if (first === undefined) return { kind: "unknown" };
  if (!(first.distance <= rule.thresholdDistance)) {
    if (first.distance >= rule.unknownDistance) return { kind: "unknown" };
    return { kind: "no decision", why: ["too far for a possible match, too near for an unknown person"] };
  }
  if (second !== undefined && second.distance - first.distance < TOO_CLOSE)
    return { kind: "no decision", why: ["two people on the list are equally near"] };
  return {
    kind: "possible match",
    person: first.person,
    distance: first.distance,
    score: scoreOf(first.distance, measured),
  };
}

/** The likelihood ratio of two normal distributions with a common spread, kept within what so many trials can show. */
export function scoreOf(distance: number, measured: MeasuredError): Score {
  const trues = measured.trueDistances;
  const trueMean = trues.reduce((a, b) => a + b, 0) / trues.length;
  const trueVar = trues.reduce((a, b) => a + (b - trueMean) ** 2, 0) / Math.max(1, trues.length - 1);
  const variance = (trueVar + measured.falseSd ** 2) / 2;
  const ln = ((measured.falseMean - trueMean) / variance) * ((measured.falseMean + trueMean) / 2 - distance);
  const most = -Math.log10(upperLimit(0, measured.falseTrials));
  const least = Math.log10(upperLimit(0, trues.length));
  const log10LikelihoodRatio = Math.min(most, Math.max(least, ln / Math.LN10));
  const times = Math.round(10 ** Math.abs(log10LikelihoodRatio));
  const words =
    log10LikelihoodRatio >= 0
      ? `${log10LikelihoodRatio >= most ? "at least " : "about "}${times} times likelier if this is the person than if it is someone else; a person decides`
      : `about ${times} times likelier if this is someone else`;
  return { log10LikelihoodRatio, words };
}
