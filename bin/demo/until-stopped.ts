/** What a person who presses Ctrl-C gets: a word at once, whatever is being waited for, and the end within seconds. */
import { say } from "../command.ts";

/** A terminal's Ctrl-C reaches a process below npm twice: by the terminal, and passed on by npm. */
const SAME_PRESS_MS = 1000;
/** Once all is closed, nothing that still waits for something holds the process longer. */
const LINGER_MS = 1000;

export interface StopAsked {
  readonly signal: AbortSignal;
  /** All is closed: the process ends now or in a second, with the status that it has by then. */
  closed(): void;
}

/** Hears SIGINT and SIGTERM; a second one ends the process at once. */
export function hearStop(name: string): StopAsked {
  const stop = new AbortController();
  let firstMs: number | undefined;
  const asked = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      say(`${name}: stopping ... (once more ends it at once)`);
      stop.abort();
    } else if (performance.now() - firstMs > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on("SIGINT", asked);
  process.on("SIGTERM", asked);
  return {
    signal: stop.signal,
    closed() {
      setTimeout(() => process.exit(), LINGER_MS).unref();
    },
  };
}

/** Resolves to what `work` gives, or to undefined as soon as the signal comes; what then fails of `work` is of no interest. */
export async function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let hear = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    hear = () => resolve(undefined);
    if (signal.aborted) hear();
    else signal.addEventListener("abort", hear, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", hear);
    if (signal.aborted) work.catch(() => {});
  }
}
