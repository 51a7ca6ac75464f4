/** Incidents that no drone could go to yet, and what was said about them already. Both are bounded: the oldest goes first. */
import type { Authorisation } from "#contract/flight.ts";

const mostWaiting = 50;
const mostSaid = 2000;

export interface Wish {
  authorisation?: Authorisation;
}

export class WaitingIncidents {
  readonly counters = { dropped: 0 };
  readonly #wishes = new Map<string, Wish>();

  add(incident: string, wish: Wish): void {
    this.#wishes.set(incident, wish);
    if (this.#wishes.size <= mostWaiting) return;
    this.#wishes.delete(this.#wishes.keys().next().value!);
    this.counters.dropped++;
  }

  delete(incident: string): void {
    this.#wishes.delete(incident);
  }

  all(): [string, Wish][] {
    return [...this.#wishes];
  }
}

export class Once {
  readonly #said = new Set<string>();

  first(key: string): boolean {
    if (this.#said.has(key)) return false;
    this.#said.add(key);
    if (this.#said.size > mostSaid) this.#said.delete(this.#said.keys().next().value!);
    return true;
  }
}
