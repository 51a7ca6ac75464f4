/** Incidents that no shot opens: a person who calls, an operator's press, a robot's event, a face that a person confirmed. */
import type { Place } from "#contract/geo.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { Known, Outcome } from "./lifecycle.ts";

export interface Report {
  incident: string;
  of: Exclude<IncidentState["kind"], "gunfire">;
  /** When it was, as far as anybody knows. */
  firedAt: string;
  /** Absent where nobody knows it yet. A later report may bring it, or a better one. */
  place?: Place;
  probability: number;
  /** Has anybody measured how often such a report is right? Where not, `probability` says nothing. */
  probabilityKnown: boolean;
  /** What an event is, in a few words. */
  what?: string;
  /** In words, for people. */
  text: string;
  /** The facts, for machines: they stand on the record. */
  facts?: unknown;
}

/** The first report opens the incident. A later one may bring another place or probability; else it is only put on the record. */
export function onReport(known: Known | undefined, report: Report, at: string): Outcome {
  const { incident, of, firedAt, place, probability, probabilityKnown, what, text } = report;
  if (!known) {
    const opened: Known = {
      incident,
      version: 1,
      kind: of,
      ...(what !== undefined && { what }),
      status: "unreviewed",
      firedAt,
      alertedAt: at,
      ...(place && { place }),
      probability,
      probabilityKnown,
      rounds: [],
      shots: [],
      substanceVersion: 1,
    };
    return { kind: "applied", known: opened, text, changed: true };
  }
  if (known.kind !== of)
    return { kind: "refused", why: `incident ${incident} is of kind ${known.kind}, not ${of}`, conflict: true };
  const moved = place !== undefined && JSON.stringify(place) !== JSON.stringify(known.place);
  const asSure = probability === known.probability && probabilityKnown === (known.probabilityKnown ?? probabilityKnown);
  if (!moved && asSure) return { kind: "applied", known, text, changed: false };
  const version = known.version + 1;
  const next = { ...known, version, substanceVersion: version, probability, probabilityKnown, ...(place && { place }) };
  return { kind: "applied", known: next, text, changed: true };
}
