/** Whether there is room on a disk for what can be done without: video is by far the most that is written, and ends before the incidents' records must. */
import { statfsSync } from "node:fs";

/** How long what was read of the free space holds. */
const HOLDS_MS = 1_000;

/** @returns what tells why nothing more may be written, or undefined while there is room. @param keepFreeBytes left to everything else. */
export function diskRoom(folder: string, keepFreeBytes: number): () => string | undefined {
  let readMs = Number.NEGATIVE_INFINITY;
  let freeBytes = 0;
  let fault: string | undefined;
  return () => {
    const nowMs = performance.now();
    if (nowMs - readMs >= HOLDS_MS) {
      readMs = nowMs;
      try {
        const { bavail, bsize } = statfsSync(folder);
        freeBytes = bavail * bsize;
        fault = undefined;
      } catch (error) {
        fault = `the disk does not tell its free space: ${(error as NodeJS.ErrnoException).code}`;
      }
    }
    if (fault !== undefined) return fault;
    return freeBytes >= keepFreeBytes ? undefined : `less than ${Math.ceil(keepFreeBytes / 1e6)} MB free on the disk`;
  };
}
