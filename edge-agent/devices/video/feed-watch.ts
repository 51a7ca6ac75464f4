/** Notices that pictures stopped coming. */

import { FIRST_PICTURE_MS } from "./feed.ts";
import type { ChildEnd } from "./ffmpeg-words.ts";

export interface Watch {
  /** Call for every picture. */
  seen(): void;
  /** Resolves when none came for too long. */
  readonly frozen: Promise<ChildEnd>;
  stop(): void;
}

export function watchPictures(frozenAfterS: number): Watch {
  const { promise, resolve } = Promise.withResolvers<ChildEnd>();
  let lastMs: number | undefined;
  const startMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (lastMs === undefined) {
      if (nowMs - startMs > FIRST_PICTURE_MS)
        resolve({ kind: "absent", why: `the camera gave no picture within ${FIRST_PICTURE_MS / 1000} s` });
    } else if (nowMs - lastMs > frozenAfterS * 1000) {
      resolve({ kind: "broken", why: `the picture froze: nothing came for ${frozenAfterS} s` });
    }
  }, 100);
  return {
    seen: () => {
      lastMs = performance.now();
    },
    frozen: promise,
    stop: () => clearInterval(timer),
  };
}

export function aborted(signal: AbortSignal): Promise<ChildEnd> {
  const end: ChildEnd = { kind: "absent", why: "stopped" };
  return new Promise((resolve) => {
    if (signal.aborted) resolve(end);
    else signal.addEventListener("abort", () => resolve(end), { once: true });
  });
}
