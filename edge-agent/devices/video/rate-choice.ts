/** What a camera sends over a link that carries so much: pure rules, so that their times and shares can be tested without a link. */
import type { CameraSource } from "../../video-port.ts";

export interface StreamChoice {
  want: CameraSource;
  /** Since when the main stream has been too much; undefined while it is not. */
  tightSinceMs: number | undefined;
  /** When the main stream was last given up or tried. */
  triedMs: number;
  /** Wait before the main stream is tried again; doubles each time that it failed soon after. */
  waitMs: number;
}

const TIGHT_SHARE = 0.85;
const TIGHT_MS = 1_000;
const FIRST_WAIT_MS = 10_000;
const LAST_WAIT_MS = 300_000;

export const initialChoice: StreamChoice = {
  want: "main",
  tightSinceMs: undefined,
  triedMs: -Infinity,
  waitMs: FIRST_WAIT_MS,
};

/**
 * The sub-stream when the link has carried less than 85 % of the main one for a second; the main one again after ten seconds, when the
 * estimate has risen to what it needs. If that fails within half a minute, the wait doubles, up to five minutes.
 */
export function streamChoice(
  choice: StreamChoice,
  { nowMs, allowedBps, mainBps }: { nowMs: number; allowedBps: number | undefined; mainBps: number },
): StreamChoice {
  if (allowedBps === undefined) return initialChoice;
  if (choice.want === "main") {
    const tight = mainBps > 0 && allowedBps < TIGHT_SHARE * mainBps;
    if (!tight) return { ...choice, tightSinceMs: undefined };
    const sinceMs = choice.tightSinceMs ?? nowMs;
    if (nowMs - sinceMs < TIGHT_MS) return { ...choice, tightSinceMs: sinceMs };
    const failedSoon = nowMs - choice.triedMs < 30_000;
    const waitMs = failedSoon ? Math.min(2 * choice.waitMs, LAST_WAIT_MS) : FIRST_WAIT_MS;
    return { want: "sub", tightSinceMs: undefined, triedMs: nowMs, waitMs };
  }
  // What is not sent cannot be measured: the estimate rises by itself for as long as the link does not complain.
  const free = allowedBps >= mainBps;
  if (!free || nowMs - choice.triedMs < choice.waitMs) return choice;
  return { ...choice, want: "main", triedMs: nowMs };
}

const LEAST_BETWEEN_MS = 1_000;
const RISE_AFTER_MS = 5_000;
const HEADROOM = 0.85;

/**
 * The bitrate to tell an encoder now, or undefined where it is well as it is: down at once by more than 15 %, up by more than 30 % and not sooner
 * than five seconds after the last change; each change costs a keyframe.
 */
export function encoderRate(
  now: { nowMs: number; changedMs: number; nowBps: number; allowedBps: number | undefined },
  { leastBps, mostBps }: { leastBps: number; mostBps: number },
): number | undefined {
  const wanted = now.allowedBps === undefined ? mostBps : HEADROOM * now.allowedBps;
  const rate = Math.round(Math.min(mostBps, Math.max(leastBps, wanted)) / 10_000) * 10_000;
  const sinceMs = now.nowMs - now.changedMs;
  if (rate < 0.85 * now.nowBps) return sinceMs >= LEAST_BETWEEN_MS ? rate : undefined;
  const rises = rate > 1.3 * now.nowBps || (rate === mostBps && rate > now.nowBps);
  return rises && (sinceMs >= RISE_AFTER_MS || now.allowedBps === undefined) ? rate : undefined;
}
