/**
 * How much of a stream one viewer is sent: every picture, or keyframes alone while its path carries no more. Judged once a second from the viewer's own
 * reports; no other viewer, nor the publisher, is told less for its sake. Pure.
 */
export interface ViewerPace {
  readonly pictures: "all" | "keyframes";
  readonly sinceMs: number;
  /** Bad seconds in a row. */
  readonly badS: number;
  /** Times in a row that the path was too thin for all of it. */
  readonly fell: number;
}

export interface PathReport {
  /** Of the last report, 0 to 1 (RFC 3550, 6.4.1). */
  lossRatio: number;
  /** What the viewer believes its path to take (REMB); undefined where it says none. */
  estimateBps: number | undefined;
  /** What was sent to it over the last second. */
  sentBps: number;
}

/** More is lost than sending again can mend; the 5 % of a poor radio link are not that. */
const BAD_LOSS = 0.15;
/**
 * Less is bad too where the viewer itself says that its path is too thin for what comes. A radio link's 5 % are counted as 2 to 9 % from second to second,
 * and a busy browser's estimate is low for seconds at a time: a bound of 5 % took such a viewer's pictures for ten seconds.
 */
const SOME_LOSS = 0.1;
const THIN_SHARE = 0.7;
const BAD_S = 4;
const GOOD_LOSS = 0.03;
/** Keyframes alone for so long, before all of it is tried again: longer each time that it fails. */
const AGAIN_S = [10, 20, 40, 80] as const;
/** Well for so long, the next fall counts as the first. */
const STEADY_S = 60;

export const fullPace = (nowMs: number): ViewerPace => ({ pictures: "all", sinceMs: nowMs, badS: 0, fell: 0 });

export function stepPace(pace: ViewerPace, { lossRatio, estimateBps, sentBps }: PathReport, nowMs: number): ViewerPace {
  const forS = (nowMs - pace.sinceMs) / 1000;
  if (pace.pictures === "keyframes") {
    const waitS = AGAIN_S[Math.min(pace.fell, AGAIN_S.length) - 1] ?? AGAIN_S[0];
    if (forS < waitS || lossRatio > GOOD_LOSS) return pace;
    return { pictures: "all", sinceMs: nowMs, badS: 0, fell: pace.fell };
  }
  const tooThin = estimateBps !== undefined && estimateBps < THIN_SHARE * sentBps;
  const bad = lossRatio > BAD_LOSS || (lossRatio > SOME_LOSS && tooThin);
  const badS = bad ? pace.badS + 1 : 0;
  const fell = forS > STEADY_S ? 0 : pace.fell;
  if (badS < BAD_S) return { ...pace, badS, fell };
  return { pictures: "keyframes", sinceMs: nowMs, badS: 0, fell: fell + 1 };
}

/** Milliseconds from one keyframe to the next, so that half of what the path takes is left for what is asked again. */
export function keyframeEveryMs(bytes: number, estimateBps: number | undefined): number {
  return Math.min(15_000, Math.max(1_000, estimateBps === undefined ? 0 : (bytes * 16_000) / Math.max(1, estimateBps)));
}
