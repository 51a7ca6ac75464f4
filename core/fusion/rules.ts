/** Signatures first; the body follows in the next change. */
import type { Rule, RuleSet } from "./rule-set.ts";
import type { Track } from "./track-types.ts";

/** A sound that a classifier named; `track` where the tracker gave it one. */
export interface NamedSound {
  readonly timeS: number;
  readonly label: string;
  readonly probability: number;
  readonly azimuthRad?: number;
  readonly track?: number;
}

/** One condition: what was asked, what was found. */
export interface Reason {
  readonly what: string;
  readonly value: number;
  readonly threshold: number;
  readonly unit: string;
}

export interface AbnormalEvent {
  readonly rule: string;
  readonly kind: Rule["kind"];
  readonly revision: string;
  /** When it fired, and since when the conditions held. */
  readonly timeS: number;
  readonly sinceS: number;
  readonly tracks: readonly number[];
  /** Middle of its tracks with one sigma of it; left out where only a direction or nothing is known. */
  readonly xyM?: readonly [number, number];
  readonly sigmaM?: number;
  readonly azimuthRad?: number;
  readonly reasons: readonly Reason[];
  /** One sentence for a person. */
  readonly text: string;
}

export interface RuleStatus {
  readonly rule: string;
  readonly on: boolean;
  /** Why it is off: the detectors that are not there. */
  readonly why?: string;
  readonly fired: number;
}

export declare class RuleBook {
  /** `detectors`: what is there: `person`, `fallen`, `sound:glass-break`, ... */
  constructor(rules: RuleSet, detectors: Iterable<string>);
  /** Events that begin now. Times must not go back; sounds are those since the last call. */
  step(timeS: number, tracks: readonly Track[], sounds: readonly NamedSound[]): AbnormalEvent[];
  status(): RuleStatus[];
}
