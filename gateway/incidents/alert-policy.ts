/** When a fix may call people: pure, so that simulations apply the same rule as the gateway. */
import type { ShotFixed } from "#contract/shot.ts";

export interface AlertPolicy {
  /** Probability of a gunshot from which a fix opens an incident. */
  minProbability: number;
  /** The same for another round of an incident that is open. */
  minRoundProbability: number;
  /** So long after the last node that joined it, and as likely as that, a fix must stand, s; one that may be an echo's, so long. */
  holdS: number;
  holdUnverifiedS: number;
}

/** Heard by so many and so likely, nobody waits: nodes and probability. */
const SURE = { nodes: 12, probability: 0.9 };
/** Fewer tell a low rocket's height badly: that many do where it is known to lie below this with two sigmas. Roofs lift a shot by some 30 m. */
const SURELY_LOW = { nodes: 8, belowM: 50 };
/** Nodes that go on joining keep people waiting for so many holds at most. */
const MOST_HOLDS = 3;

/** A fix that waits for its moment. */
export interface Held {
  newest: ShotFixed;
  sinceMs: number;
  /** When the newest of its nodes joined it, and how many there were at most. */
  grownMs: number;
  mostNodes: number;
}

/** What was too unlikely to call people has not stood: a version that jumps over the threshold for a moment calls nobody. */
export function heldWith(before: Held | undefined, shot: ShotFixed, heardMs: number, policy: AlertPolicy): Held {
  const nodes = shot.nodesUsed.length;
  const stood = before && before.newest.probability >= policy.minProbability ? before : undefined;
  return {
    newest: shot,
    sinceMs: stood?.sinceMs ?? heardMs,
    grownMs: stood && nodes <= stood.mostNodes ? stood.grownMs : heardMs,
    mostNodes: Math.max(nodes, before?.mostNodes ?? 0),
  };
}

/** When it may call people, in the same clock; undefined where it is too unlikely. */
export function ripeMs({ newest, sinceMs, grownMs }: Held, policy: AlertPolicy): number | undefined {
  if (newest.probability < policy.minProbability) return undefined;
  if (isSure(newest)) return sinceMs;
  const holdS = newest.unverified ? policy.holdUnverifiedS : policy.holdS;
  return Math.min(grownMs + 1000 * holdS, sinceMs + 1000 * Math.max(holdS, MOST_HOLDS * policy.holdS));
}

function isSure({ unverified, probability, nodesUsed, elevation }: ShotFixed): boolean {
  if (unverified || probability < SURE.probability) return false;
  const isLow = elevation !== undefined && elevation.aboveM + 2 * elevation.sigmaM <= SURELY_LOW.belowM;
  return nodesUsed.length >= (isLow ? SURELY_LOW.nodes : SURE.nodes);
}
