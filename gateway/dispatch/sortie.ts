/** One incident's flight as dispatch keeps it, and what dispatch works with. */
import type { Logger } from "pino";
import type { IncidentState } from "#contract/incident.ts";
import type { Course } from "#core/dispatch/deconflict.ts";
import type { DispatchConfig } from "#core/dispatch/policy.ts";
import type { Drones } from "./drones.ts";

export interface DispatchDeps {
  config: DispatchConfig;
  drones: Drones;
  log: Logger;
  /** A fact for the incident's record. */
  note(incident: string, by: string, text: string, data: unknown): void;
  incident(id: string): IncidentState | undefined;
}

/** A record that the disk does not take stops no drone and no gateway. */
export function noteOrLog({ note, log }: DispatchDeps): DispatchDeps["note"] {
  return (incident, by, text, data) => {
    try {
      note(incident, by, text, data);
    } catch (err) {
      log.error({ err, incident, by, text }, "not on the record");
    }
  };
}

export interface Sortie {
  incident: string;
  flight: string;
  drone: string;
  laneHeightM: number;
  line: Course["line"];
  place: NonNullable<IncidentState["place"]>;
  version: number;
  how: "policy" | "person";
  over: boolean;
  /** Called back because the incident was dismissed. */
  recalled: boolean;
}

export interface Pace {
  /** After a start the drones have so long to say what they are doing, before anybody is asked. */
  settleMs: number;
  /** How often an incident that waits for a drone is looked at. */
  retryMs: number;
}
