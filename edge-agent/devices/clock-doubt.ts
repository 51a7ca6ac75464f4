/** What a step of the wall clock does to the trust in it. */
import type { HostSync } from "./host-sync.ts";

/** timesyncd's longest time between two measurements (timesyncd.conf(5)): a step that nobody has said anything of is history after it. */
const FORGOTTEN_AFTER_MS = 2_048_000;
/** A step that chrony tells of is the one that was seen where they differ by no more than this share, and the look at two clocks, seconds. */
const SAME_STEP = 0.02;
const SEEN_WITHIN_S = 2e-3;

/** A stepped clock, until whoever disciplines it has measured it anew: right before or right after, nobody here can tell. */
export class ClockDoubt {
  /** The largest step since. */
  sigmaS: number;
  readonly #sinceMs: number;
  #lastMs: number;
  #lastStepS: number;
  /** Who has said that the clock was not synchronised, right before or since. */
  readonly #unsynchronisedBy = new Set<HostSync["by"]>();
  readonly #wasUnknown: boolean;
  /** What it had named last before. */
  readonly #before: string | undefined;
  /** What whoever disciplines it named first since. */
  #measurement: string | undefined;

  /**
   * @param sinceMs monotonic, of noticing the step
   * @param before what the host said last before it; undefined where it was not asked yet
   */
  constructor(stepS: number, sinceMs: number, before: HostSync | undefined) {
    this.sigmaS = Math.abs(stepS);
    this.#lastStepS = stepS;
    this.#before = before?.measurement;
    this.#sinceMs = sinceMs;
    this.#lastMs = sinceMs;
    this.#wasUnknown = before === undefined;
    if (before) this.#note(before);
  }

  /** Stepped again, noticed then (monotonic): as a rule by whoever has measured it. */
  widen(stepS: number, atMs: number): void {
    this.#lastMs = atMs;
    this.#lastStepS = stepS;
    this.sigmaS = Math.max(this.sigmaS, Math.abs(stepS));
  }

  /** Takes in what the host answered to a question of then (monotonic); is the clock as good as it says by now? */
  endsBy(sync: HostSync | undefined, askedMs: number): boolean {
    if (sync) this.#note(sync);
    const agoMs = askedMs - this.#sinceMs;
    if (sync?.synchronised) {
      // Whoever calls a clock synchronised that he did not call so before has measured it in between; as a rule the step was his.
      if (this.#wasUnknown || this.#unsynchronisedBy.has(sync.by)) return true;
      const { measurement, correctedAgoS } = sync;
      if (measurement !== undefined && agoMs >= 0) {
        if (this.#wasTheirs(sync)) return true;
        // The first that is named since may be of the seconds before the step, of which nobody knew yet: another has to follow.
        this.#measurement ??= measurement;
        return measurement !== this.#measurement;
      }
      if (correctedAgoS !== undefined) return correctedAgoS * 1000 < agoMs;
    }
    return askedMs - this.#lastMs > FORGOTTEN_AFTER_MS;
  }

  /** The clock is where a new measurement put it: it was found so far ahead, is so no more, and the step seen last took it there. */
  #wasTheirs({ measurement, steppedBackS }: HostSync): boolean {
    if (steppedBackS === undefined || measurement === this.#before) return false;
    return Math.abs(this.#lastStepS + steppedBackS) <= SEEN_WITHIN_S + SAME_STEP * Math.abs(this.#lastStepS);
  }

  #note({ synchronised, by }: HostSync): void {
    // Where nobody answered, nobody has said that it is not synchronised.
    if (!synchronised && by !== undefined) this.#unsynchronisedBy.add(by);
  }
}
