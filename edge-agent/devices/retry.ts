/** Waiting between attempts at something that may come back. */
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds: doubling from `firstMs` to `lastMs`. Start anew after a success. */
export function* backoffMs(firstMs: number, lastMs: number): Generator<number, never> {
  for (let waitMs = firstMs; ; waitMs = Math.min(waitMs * 2, lastMs)) yield waitMs;
}

/** Resolves after `ms`, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
