/** Recordings that nobody asks for any more, until their last file is closed: what the disk does not take of them is still a gap. */
import type { Logger } from "pino";
import type { Gaps, OpenGap, Recorded } from "./gaps.ts";
import type { Recordings } from "./recordings.ts";

/** Remembered at most: a disk that hangs must not fill the memory. */
const LEAVING_MAX = 500;

export interface Recording extends Recorded {
  /** Its run in the relay, and the recording that it goes to. */
  run: number;
  recording: string | undefined;
  gap: OpenGap | undefined;
  /** Files that are being closed: what of them waits for the disk may still fail, and their pictures count up to `untilMs`. */
  former: Map<string, { untilMs: number; closed: Promise<unknown> }>;
}

/** Of a file that is being closed: a gap of its own, beside the one that lasts where one does. */
export function formerNotKept(gaps: Gaps, each: Recording, recording: string, atMs: number, why: string): void {
  const file = each.former.get(recording);
  if (file === undefined || file.untilMs <= atMs) return;
  gaps.past(each, atMs, file.untilMs, why);
  file.untilMs = atMs;
}

export interface LeavingOptions {
  recordings: Recordings;
  gaps: Gaps;
  log: Logger;
}

export class Leaving {
  readonly #options: LeavingOptions;
  readonly #leaving = new Map<string, Recording>();

  constructor(options: LeavingOptions) {
    this.#options = options;
  }

  /** The gap that stands there has been told. */
  add(each: Recording): void {
    if (each.recording === undefined && each.former.size === 0) return;
    this.#leaving.set(each.id, each);
    // Nothing of it is on its way: what is left are the files that are being closed.
    if (each.recording === undefined) this.left(each);
    if (this.#leaving.size <= LEAVING_MAX) return;
    const oldest = this.all()[0] as Recording;
    this.left(oldest);
    this.#leaving.delete(oldest.id);
    const { stream, incident } = oldest;
    this.#options.log.error(
      { stream, incident },
      "too many recordings wait for the disk: a gap of this one is not told",
    );
  }

  get(id: string): Recording | undefined {
    return this.#leaving.get(id);
  }

  all(): Recording[] {
    return [...this.#leaving.values()];
  }

  /** All is handed over; what of it waits for the disk may still fail until its files are closed. */
  left({ id, recording, former }: Recording): void {
    const ended = recording === undefined ? [] : [this.#options.recordings.end(recording)];
    const files = [...ended, ...[...former.values()].map(({ closed }) => closed)];
    void Promise.allSettled(files).then(() => this.#leaving.delete(id));
  }

  failed(recording: string, atMs: number, why: string): void {
    for (const each of this.#leaving.values()) {
      if (each.recording === recording) this.lastNotKept(each, atMs, why);
      else formerNotKept(this.#options.gaps, each, recording, atMs, why);
    }
  }

  /** There is no new run, the picture never comes back. */
  lastNotKept(each: Recording, atMs: number, why: string): void {
    if (each.gap) return;
    each.gap = this.#options.gaps.begin(each, atMs, why);
    this.#options.gaps.keep(each, each.gap, undefined);
  }
}
