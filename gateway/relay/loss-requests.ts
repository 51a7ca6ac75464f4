/**
 * Which of a publisher's packets are missing, and when to ask for them (NACK, RFC 4585, 6.2.1). In place of werift's own, which asks ten times in
 * 55 ms, less than one round trip of a radio link; which is deaf until the numbers have gone round once more when one is lost just before they begin
 * anew at 0; and which takes a second copy of an old packet for a loss of thousands.
 *
 * No clock in here: every instant is given, monotonic milliseconds.
 */
import { unwrap } from "./media.ts";

/** Until the round trip is known. */
const FIRST_WAIT_MS = 30;
const LEAST_WAIT_MS = 15;
const MOST_WAIT_MS = 200;
/** A try may take longer than the mean. */
const ROUND_TRIPS = 1.5;
const SMOOTHING = 1 / 8;
/** By then viewers have given up too, and a keyframe is the quicker way. */
const GIVE_UP_MS = 1_000;
/** Numbers missing at once; of more the oldest are given up. */
const MISSING_MAX = 400;
/** A leap in the numbers by more than this is another beginning, no loss. */
const LEAP = 3_000;
/** Begin above this, so that packets from before the first one still have a number that is not negative. */
const INDEX_BASE = 0x10000;

interface Missing {
  readonly sinceMs: number;
  askedMs: number;
  tries: number;
}

export class LossRequests {
  readonly counters = { lost: 0, asked: 0, recovered: 0, givenUp: 0 };
  #newest: number | undefined;
  readonly #missing = new Map<number, Missing>();
  #roundTripMs: number | undefined;

  get missing(): number {
    return this.#missing.size;
  }

  /** Smoothed, from what was asked for once and came; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** @param sequence 16 bits. @returns whether something is newly missing: it is to be asked for at once. */
  arrived(sequence: number, nowMs: number): boolean {
    if (this.#newest === undefined) {
      this.#newest = INDEX_BASE + sequence;
      return false;
    }
    const index = unwrap(sequence, this.#newest);
    if (index <= this.#newest) {
      this.#found(index, nowMs);
      return false;
    }
    const first = this.#newest + 1;
    this.#newest = index;
    if (index - first > LEAP) {
      this.#missing.clear();
      return false;
    }
    for (let at = first; at < index; at++) this.#missing.set(at, { sinceMs: nowMs, askedMs: -Infinity, tries: 0 });
    this.counters.lost += index - first;
    return index > first;
  }

  /** Indices that are due to be asked for, lowest first, and how many nobody is asked for any more. */
  due(nowMs: number): { ask: number[]; givenUp: number } {
    const ask: number[] = [];
    let givenUp = 0;
    const waitMs = this.#waitMs();
    for (const [index, missing] of this.#missing) {
      if (this.#missing.size > MISSING_MAX || nowMs - missing.sinceMs >= GIVE_UP_MS) {
        this.#missing.delete(index);
        givenUp++;
      } else if (nowMs - missing.askedMs >= waitMs) {
        missing.askedMs = nowMs;
        missing.tries++;
        ask.push(index & 0xffff);
      }
    }
    this.counters.asked += ask.length;
    this.counters.givenUp += givenUp;
    return { ask, givenUp };
  }

  /** Milliseconds until `due` has something again; undefined where nothing is missing. */
  nextMs(nowMs: number): number | undefined {
    if (this.#missing.size === 0) return undefined;
    const waitMs = this.#waitMs();
    let atMs = Infinity;
    for (const { askedMs, sinceMs } of this.#missing.values())
      atMs = Math.min(atMs, askedMs + waitMs, sinceMs + GIVE_UP_MS);
    return Math.max(1, atMs - nowMs);
  }

  #waitMs(): number {
    if (this.#roundTripMs === undefined) return FIRST_WAIT_MS;
    return Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, ROUND_TRIPS * this.#roundTripMs));
  }

  #found(index: number, nowMs: number): void {
    const missing = this.#missing.get(index);
    if (!missing) return;
    this.#missing.delete(index);
    this.counters.recovered++;
    // Of what was asked for twice nobody knows which try it answers (Karn's rule).
    if (missing.tries !== 1) return;
    const tookMs = nowMs - missing.askedMs;
    this.#roundTripMs =
      this.#roundTripMs === undefined ? tookMs : this.#roundTripMs + SMOOTHING * (tookMs - this.#roundTripMs);
  }
}
