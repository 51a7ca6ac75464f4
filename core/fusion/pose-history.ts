/**
 * The last measurements in the order of their times, each with the filter as it was after it, so that a late one takes its place and
 * those after it are taken again. What falls out at the old end is settled.
 */
import { S, STATE_LENGTH } from "./pose-state.ts";

export const KIND = { imu: 0, wheel: 1, gnss: 2 } as const;
/** Time, kind, and up to 12 numbers. */
export const EVENT_LENGTH = 14;

/** Takes one event (at `events[at]`) into the state; false where it was rejected. */
export type Apply = (state: Float64Array, events: Float64Array, at: number) => boolean;

export class PoseHistory {
  readonly #events: Float64Array;
  readonly #after: Float64Array;
  readonly #length: number;
  readonly #bufferS: number;
  readonly #apply: Apply;
  /** The filter before the oldest event kept. */
  readonly #settled: Float64Array;
  readonly #settledKeys = new Float64Array(3).fill(Number.NaN);
  /** The filter now. */
  readonly state: Float64Array;
  #first = 0;
  #count = 0;

  constructor(start: Float64Array, length: number, bufferS: number, apply: Apply) {
    this.#length = length;
    this.#bufferS = bufferS;
    this.#apply = apply;
    this.#events = new Float64Array(length * EVENT_LENGTH);
    this.#after = new Float64Array(length * STATE_LENGTH);
    this.#settled = Float64Array.from(start);
    this.state = Float64Array.from(start);
  }

  get newestS(): number {
    return this.state[S.time]!;
  }

  /** Puts `event` in its place and takes it and all after it. Equal times go by kind. */
  push(event: Float64Array): "late" | "repeat" | "used" | "rejected" | "used-replayed" | "rejected-replayed" {
    const time = event[0]!;
    const kind = event[1]!;
    if (time < this.#settled[S.time]! || time < this.newestS - this.#bufferS) return "late";
    if (this.#settledKeys[kind] === time) return "repeat";
    let place = this.#count;
    while (place > 0) {
      const at = this.#slot(place - 1) * EVENT_LENGTH;
      const before = this.#events[at]!;
      const beforeKind = this.#events[at + 1]!;
      if (before === time && beforeKind === kind) return "repeat";
      if (before < time || (before === time && beforeKind < kind)) break;
      place--;
    }
    if (this.#count === this.#length) {
      if (place === 0) return "late";
      this.#settle();
      place--;
    }
    const replayed = place < this.#count;
    for (let i = this.#count; i > place; i--) {
      const from = this.#slot(i - 1) * EVENT_LENGTH;
      this.#events.copyWithin(this.#slot(i) * EVENT_LENGTH, from, from + EVENT_LENGTH);
    }
    this.#events.set(event, this.#slot(place) * EVENT_LENGTH);
    this.#count++;
    const used = this.#takeFrom(place, replayed);
    while (this.#count > 1 && this.#events[this.#slot(0) * EVENT_LENGTH]! < this.newestS - this.#bufferS)
      this.#settle();
    return replayed ? (used ? "used-replayed" : "rejected-replayed") : used ? "used" : "rejected";
  }

  #slot(i: number): number {
    return (this.#first + i) % this.#length;
  }

  #takeFrom(place: number, rewind: boolean): boolean {
    if (rewind) {
      if (place === 0) this.state.set(this.#settled);
      else copy(this.#after, this.#slot(place - 1) * STATE_LENGTH, this.state, 0);
    }
    let used = true;
    for (let i = place; i < this.#count; i++) {
      const slot = this.#slot(i);
      const ok = this.#apply(this.state, this.#events, slot * EVENT_LENGTH);
      if (i === place) used = ok;
      copy(this.state, 0, this.#after, slot * STATE_LENGTH);
    }
    return used;
  }

  #settle(): void {
    copy(this.#after, this.#first * STATE_LENGTH, this.#settled, 0);
    const at = this.#first * EVENT_LENGTH;
    this.#settledKeys[this.#events[at + 1]!] = this.#events[at]!;
    this.#first = this.#slot(1);
    this.#count--;
  }
}

/** One state, number by number: no view is made. */
function copy(from: Float64Array, fromAt: number, to: Float64Array, toAt: number): void {
  for (let i = 0; i < STATE_LENGTH; i++) to[toAt + i] = from[fromAt + i]!;
}
