/** The flights that dispatch knows of, one an incident; bounded: the oldest goes first. */
import type { FlightState } from "#contract/flight.ts";
import type { Place } from "#contract/geo.ts";
import { sameScene } from "#core/dispatch/choose.ts";
import type { Course } from "#core/dispatch/deconflict.ts";
import type { Sortie } from "./sortie.ts";

const mostKept = 500;
/** Phases in which a flight is over. */
export const ended: ReadonlySet<FlightState["phase"]> = new Set(["docked", "charging", "outOfService", "landedAway"]);

export class Sorties {
  readonly #all = new Map<string, Sortie>();

  get(incident: string): Sortie | undefined {
    return this.#all.get(incident);
  }

  add(sortie: Sortie): void {
    this.#all.set(sortie.incident, sortie);
    if (this.#all.size > mostKept) this.#all.delete(this.#all.keys().next().value!);
  }

  delete(incident: string): void {
    this.#all.delete(incident);
  }

  /** One that is under way to the same scene for another incident. */
  at(place: Place, incident: string): Sortie | undefined {
    return [...this.#all.values()].find((one) => !one.over && one.incident !== incident && sameScene(one.place, place));
  }

  /** What is in the air or about to be. */
  courses(): Course[] {
    return [...this.#all.values()]
      .filter(({ over }) => !over)
      .map(({ drone, line, laneHeightM }) => ({ id: drone, line, laneHeightM }));
  }
}

/** A flight under way that this gateway did not ask for: an earlier run of it did. */
export function adopted({
  incident,
  flight,
  phase,
  plan,
  node,
  incidentVersion,
  authorisation,
}: FlightState): Sortie | undefined {
  if (!incident || !flight || !plan?.place || ended.has(phase)) return undefined;
  return {
    incident,
    flight,
    drone: node,
    laneHeightM: plan.laneHeightM,
    line: plan.path,
    place: plan.place,
    version: incidentVersion ?? 0,
    how: authorisation?.how ?? "person",
    over: false,
    recalled: false,
  };
}
