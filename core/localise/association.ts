/** What goes into the sorting of arrivals into shots, and what comes out. */
import type { Pool } from "./pool.ts";
import type { Heard, Prior } from "./problem.ts";
import { type Odds, usualOdds } from "./score.ts";
import type { Hypothesis } from "./search.ts";

export interface AssociateOptions {
  odds: Odds;
  gate: number;
  maxSets: number;
  maxRangeM: number;
  /** Log odds against chance that a shot needs: with four nodes, with five and more. */
  accept4: number;
  /** The same where there are no more than four nodes. */
  accept4OfFour: number;
  accept5: number;
  /** Fewest nodes of a shot. */
  minNodes: number;
  /** Relative sigma under which the speed of sound is solved for where the given air explains too little; 0 never does. */
  speedDoubt: number;
  /** Two rounds of one place are at least this far apart. */
  minRoundGapS: number;
}

export const usualAssociation: AssociateOptions = {
  odds: usualOdds,
  gate: 3.9,
  maxSets: 260,
  maxRangeM: 2000,
  accept4: 12,
  accept4OfFour: 3,
  accept5: 6,
  minNodes: 3,
  speedDoubt: 0.02,
  minRoundGapS: 0.045,
};

export interface AssociatedShot {
  hypothesis: Hypothesis;
  used: Heard[];
  /** Other places that explain as much, with their share of the belief. */
  rivals: { hypothesis: Hypothesis; share: number }[];
  /** This place's share of the belief. */
  share: number;
  prior: Prior;
}

/** Something that may have been a round, and why it is not called one. */
export interface Unsolved {
  t0S: number;
  nodes: string[];
  why: string;
}

export interface Association {
  shots: AssociatedShot[];
  unsolved: Unsolved[];
  pool: Pool;
  /** 1 where an arrival belongs to no shot. */
  free: Uint8Array;
  sets: number;
}

/** A place and time to try first: an earlier version of a shot. */
export interface Hint {
  eastM: number;
  northM: number;
  t0S: number;
  sigmaS: number;
}

/** What is known before the search starts. */
export interface Given {
  /** Earlier versions of shots: tried first. */
  hints?: readonly Hint[];
  /** Shots whose arrivals are not in the pool: new ones must not be their echoes. */
  others?: readonly Pick<AssociatedShot, "hypothesis" | "used">[];
  /** Arrivals that belong to those: no new shot may use them, but their nodes were listening. */
  taken?: readonly Heard[];
  /** Only shots through this arrival. */
  through?: Heard;
}

/** What one anchor led to, best first. */
export interface Candidate {
  found: Hypothesis[];
  /** The first leaves nothing to explain. */
  complete: boolean;
  prior: Prior;
  /** Places that are not believed enough by themselves, or under another air, and may explain nearly as much. */
  beside: Hypothesis[];
  /** The first one's score, with what its repetition adds. */
  worth: number;
  backed?: boolean;
}
