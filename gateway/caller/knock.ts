/** What knocks on a screen mean. A shaking hand stumbles: where the rhythm can be read in two ways, both are told. */
import { type Answer, answerWords, knockCode } from "#contract/caller.ts";

export interface KnockReading {
  answers: Answer[];
  /** For the operator, such as "3 knocks: I cannot speak". */
  text: string;
}

export interface Knocks extends KnockReading {
  /** Other readings of the same knocks; none where the rhythm is clear. */
  orElse: KnockReading[];
}

/** Two touches nearer than this are one knock of a trembling finger. */
const BOUNCE_MS = 70;
/** A pause parts two answers when it is this long, whatever the rhythm. */
const SURE_PAUSE_MS = 1500;
/** Shorter pauses never part answers. */
const LEAST_PAUSE_MS = 450;
/** A pause so much longer than the knocks around it may part two answers. */
const PAUSE_RATIO = 1.8;

/** @param knocksMs from the first knock, ascending or not. */
export function readKnocks(knocksMs: readonly number[]): Knocks {
  const times = [...knocksMs].sort((a, b) => a - b);
  const knocks = times.filter((ms, i) => i === 0 || ms - (times[i - 1] as number) >= BOUNCE_MS);
  const gaps = knocks.slice(1).map((ms, i) => ms - (knocks[i] as number));
  const usual = median(gaps.filter((gap) => gap < SURE_PAUSE_MS));
  const sure = gaps.map((gap) => gap >= SURE_PAUSE_MS);
  const maybe = gaps.map((gap, i) => sure[i] || (gap >= LEAST_PAUSE_MS && gap > PAUSE_RATIO * usual));
  const whole = reading(groups(sure));
  const unclear = maybe.some((parts, i) => parts && !sure[i]);
  return { ...whole, orElse: unclear ? [reading(groups(maybe))] : [] };
}

/** Numbers of knocks between the pauses. */
function groups(pauses: readonly boolean[]): number[] {
  const counts = [1];
  for (const pause of pauses) {
    if (pause) counts.push(1);
    else counts[counts.length - 1]!++;
  }
  return counts;
}

function reading(counts: readonly number[]): KnockReading {
  const answers = counts.map(
    (count) => knockCode.find(({ knocks, orMore }) => count === knocks || (orMore && count > knocks))?.means ?? "help",
  );
  const text = counts.map((n, i) => `${n} knock${n === 1 ? "" : "s"}: ${answerWords[answers[i] as Answer]}`).join("; ");
  return { answers, text };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return Number.POSITIVE_INFINITY;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
