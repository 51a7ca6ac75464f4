/** Hands the looks of one role's camera to other roles of the same node. */
import type { ObservationLook, Perception } from "../../perception-port.ts";

export class SharedView implements Perception {
  readonly sensor: string;
  readonly available: readonly string[];
  readonly unavailable: readonly { detector: string; why: string }[];
  readonly counters = { looks: 0, observations: 0 };
  readonly #listeners = new Set<(look: ObservationLook) => void>();

  constructor(sensor: string, available: readonly string[], unavailable: readonly { detector: string; why: string }[]) {
    this.sensor = sensor;
    this.available = available;
    this.unavailable = unavailable;
  }

  onLook(listener: (look: ObservationLook) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  say(look: ObservationLook): void {
    this.counters.looks++;
    this.counters.observations += look.observations.length;
    for (const listener of this.#listeners) listener(look);
  }
}
