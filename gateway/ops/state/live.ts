/**
 * Keeps the live WebSocket up: reconnects with backoff, says since when the link is lost, and starts over where an event
 * was missed. The gateway says `health` every second, so silence is a fault too.
 */
import type { LiveEvent } from "#contract/ops-api.ts";

export type Link =
  | { kind: "connecting" }
  | { kind: "live" }
  /** Connected, but nothing was said for more than 3 s. Times are this computer's, in milliseconds. */
  | { kind: "stale"; sinceMs: number }
  | { kind: "lost"; sinceMs: number; retryAtMs: number; attempt: number };

export const STALE_AFTER_MS = 3000;
export const LOST_AFTER_MS = 8000;

/** Milliseconds to wait before attempt `n` (0, 1, 2 ...): 0.25 s doubling to 8 s, less up to a quarter by `jitter` (0 to 1), so that a hundred consoles do not come back at once. */
export function backoffMs(attempt: number, jitter: number): number {
  return Math.min(8000, 250 * 2 ** Math.min(attempt, 10)) * (1 - 0.25 * jitter);
}

/** What of a WebSocket is needed; a test brings its own. */
export interface Socket {
  onopen: (() => void) | null;
  /** `atMs`: when it came, where that was before now. */
  onmessage: ((event: { data: unknown; atMs?: number }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export interface LiveOptions {
  open: () => Socket;
  nowMs: () => number;
  jitter: () => number;
  /** Returns true where events were missed: the link is then opened anew, for a new snapshot. */
  onEvent: (event: LiveEvent, heardMs: number) => boolean;
  onLink: (link: Link) => void;
  /** Asked before every attempt but the first; false ends it (the session is over). */
  mayRetry: () => Promise<boolean>;
  signal: AbortSignal;
}

/** Starts at once. Returns a function that tries again now. Everything ends with `signal`. */
export function keepLive(options: LiveOptions): () => void {
  const { nowMs, onLink, signal } = options;
  let socket: Socket | undefined;
  let lastHeardMs = nowMs();
  let attempt = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let stale = false;

  const drop = () => {
    if (socket === undefined) return;
    const old = socket;
    socket = undefined;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  };

  const lost = () => {
    drop();
    if (signal.aborted) return;
    const waitMs = backoffMs(attempt, options.jitter());
    onLink({ kind: "lost", sinceMs: lastHeardMs, retryAtMs: nowMs() + waitMs, attempt });
    attempt += 1;
    clearTimeout(retry);
    retry = setTimeout(() => void again(), waitMs);
  };

  const again = async () => {
    clearTimeout(retry);
    if (signal.aborted) return;
    if (await options.mayRetry()) connect();
  };

  const connect = () => {
    drop();
    if (signal.aborted) return;
    const opened = options.open();
    const openedMs = nowMs();
    socket = opened;
    opened.onmessage = ({ data, atMs = nowMs() }) => {
      const event = JSON.parse(String(data)) as LiveEvent;
      lastHeardMs = atMs;
      attempt = 0;
      stale = false;
      const missed = options.onEvent(event, atMs);
      if (missed) connect();
      else onLink({ kind: "live" });
    };
    opened.onclose = lost;
    deadlineMs = openedMs + LOST_AFTER_MS;
  };

  let deadlineMs = nowMs() + LOST_AFTER_MS;
  const watch = setInterval(() => {
    if (socket === undefined) return;
    const silentMs = nowMs() - lastHeardMs;
    if (silentMs > LOST_AFTER_MS && nowMs() > deadlineMs) lost();
    else if (silentMs > STALE_AFTER_MS && !stale && attempt === 0) {
      stale = true;
      onLink({ kind: "stale", sinceMs: lastHeardMs });
    }
  }, 500);

  signal.addEventListener("abort", () => {
    clearInterval(watch);
    clearTimeout(retry);
    drop();
  });
  onLink({ kind: "connecting" });
  connect();
  return () => void again();
}
