/** The life of a caller link, as functions of its facts and the time. Opening it is the first deliberate tap of one device, never a fetch. */
import type { CallerState } from "#contract/caller.ts";

export interface Link {
  /** Until when it may be opened, UTC ms. */
  openUntilMs: number;
  /** SHA-256 of the device's secret, from the first tap on. */
  device?: string;
  /** Until when the open link lasts, UTC ms. */
  lastsUntilMs?: number;
  /** Ended by a person. */
  endedAs?: "revoked" | "ended";
}

export function stateOf(link: Link, nowMs: number): CallerState {
  if (link.endedAs) return link.endedAs;
  if (link.device === undefined) return nowMs < link.openUntilMs ? "waiting" : "expired";
  return nowMs < (link.lastsUntilMs ?? 0) ? "open" : "ended";
}

export type Opened =
  | { kind: "opened"; link: Link }
  /** The same device again, as after a reload. */
  | { kind: "same" }
  | { kind: "otherDevice" }
  | { kind: "over"; state: Exclude<CallerState, "waiting" | "open"> };

/** A tap on a device. @param shown hash of the secret it brought; @param fresh hash of the one that it gets where the link is free. */
export function open(
  link: Link,
  device: { shown: string | undefined; fresh: string },
  nowMs: number,
  lastsMs: number,
): Opened {
  const state = stateOf(link, nowMs);
  if (state === "open") return { kind: device.shown === link.device ? "same" : "otherDevice" };
  if (state !== "waiting") return { kind: "over", state };
  return { kind: "opened", link: { ...link, device: device.fresh, lastsUntilMs: nowMs + lastsMs } };
}

/** A person ends it: an unopened link is revoked. What has ended stays as it ended. */
export function end(link: Link, nowMs: number): Link {
  const state = stateOf(link, nowMs);
  if (state === "waiting") return { ...link, endedAs: "revoked" };
  if (state === "open") return { ...link, endedAs: "ended" };
  return link;
}
