/** May a drone be sent to this incident, and who must say so? The site's rules, as data; the answer carries its reason. */
import * as v from "valibot";
import { metres, percent, unmeasured } from "#contract/certainty.ts";
import type { IncidentState } from "#contract/incident.ts";
import { Finite, LatDeg, LonDeg, Name, NonNegative, Probability } from "#contract/units.ts";
import { windowOpen } from "#core/handoff/airspace.ts";
import { within } from "#core/handoff/fence.ts";
import { AirspaceWindow } from "#core/handoff/site.ts";

const Corners = v.pipe(v.array(v.object({ lat: LatDeg, lon: LonDeg })), v.minLength(3, "needs at least three corners"));
const Positive = v.pipe(Finite, v.gtValue(0, "must be more than 0"));
const allDay = [{ from: "00:00", to: "24:00" }];

export const DispatchPolicy = v.object({
  /** Kinds of incidents that drones are for. */
  kinds: v.optional(v.array(v.picklist(["gunfire", "backup", "face", "event", "caller"])), ["gunfire"]),
  /** Below or wider than this, nobody is asked. */
  minProbability: v.optional(Probability, 0.5),
  maxSemiMajorM: v.optional(Positive, 150),
  hours: v.optional(v.array(AirspaceWindow), allDay),
  /** What it takes to fly without asking anybody. Absent: a person is always asked. */
  automatic: v.optional(
    v.object({
      minProbability: v.optional(Probability, 0.9),
      maxSemiMajorM: v.optional(Positive, 50),
      hours: v.optional(v.array(AirspaceWindow), allDay),
    }),
  ),
  /** First one that the place is in decides: never, only with a person, or by the rules above. */
  zones: v.optional(
    v.array(v.object({ name: v.string(), corners: Corners, rule: v.picklist(["never", "person", "policy"]) })),
    [],
  ),
  /** Minutes after which an incident is history, not an alert. */
  maxAgeS: v.optional(Positive, 600),
});
export type DispatchPolicy = v.InferOutput<typeof DispatchPolicy>;

export const DispatchConfig = v.strictObject({
  drones: v.pipe(
    v.array(v.strictObject({ id: Name, laneHeightM: Positive })),
    v.minLength(1, "name at least one drone"),
    v.check(
      (drones) =>
        drones.every((a, i) => drones.every((b, j) => i === j || Math.abs(a.laneHeightM - b.laneHeightM) >= 10)),
      "each drone needs a lane of its own, at least 10 m above or below the others'",
    ),
  ),
  policy: v.optional(DispatchPolicy, {}),
  fence: v.strictObject({
    keepIn: Corners,
    keepOut: v.optional(v.array(v.object({ name: v.string(), corners: Corners })), []),
  }),
  reserveFraction: v.optional(Probability, 0.2),
  /** Seconds over the scene that a drone must have left besides both ways. */
  onSceneS: v.optional(Positive, 300),
  windFromForecast: v.optional(
    v.object({ speedMps: NonNegative, fromDeg: v.pipe(Finite, v.minValue(0), v.maxValue(360)) }),
  ),
});
export type DispatchConfig = v.InferOutput<typeof DispatchConfig>;

const kindWords: Record<IncidentState["kind"], string> = {
  gunfire: "gunfire",
  backup: "a call for backup",
  face: "a possible match",
  event: "what a robot reports",
  caller: "a caller",
};

export type Ruling = { kind: "fly"; how: "policy" | "person"; why: string } | { kind: "no"; why: string };

/** @param ageS seconds since the incident was alerted. */
export function ruling(incident: IncidentState, policy: DispatchPolicy, utcMs: number, ageS: number): Ruling {
  const no = (why: string): Ruling => ({ kind: "no", why });
  const { place, probability } = incident;
  if (!policy.kinds.includes(incident.kind)) return no(`the site's rules send none to ${kindWords[incident.kind]}`);
  if (incident.status === "dismissed") return no("dismissed");
  if (!place) return no("nobody knows where it was");
  if (ageS > policy.maxAgeS) return no(`alerted ${Math.round(ageS)} s ago`);
  const { semiMajorM } = place.ellipse95;
  const sure = `${unmeasured(incident) ?? percent(probability)}, within ${metres(semiMajorM)}`;
  // A person who has confirmed the incident stands above the numbers.
  const confirmed = incident.status === "confirmed" || incident.status === "escalated";
  if (!confirmed && probability < policy.minProbability)
    return no(`${sure}: ${percent(policy.minProbability)} are asked`);
  if (semiMajorM > policy.maxSemiMajorM) return no(`${sure}: ${policy.maxSemiMajorM} m are the most to search`);
  if (!policy.hours.some((hours) => windowOpen(hours, utcMs))) return no("outside the hours in which drones fly");
  const zone = policy.zones.find(({ corners }) => within(corners, place));
  if (zone?.rule === "never") return no(`in "${zone.name}", where no drone goes`);

  const person = (why: string): Ruling => ({ kind: "fly", how: "person", why: `${sure}; ${why}` });
  if (incident.unverified) return person("an arrival may be an echo: a person decides");
  if ((incident.alternatives?.length ?? 0) > 0) return person("more than one place fits: a person decides");
  if (zone?.rule === "person") return person(`in "${zone.name}" a person decides`);
  if (incident.kind === "event" && unmeasured(incident) !== undefined)
    return person("how often such a report is right is not known: a person decides");
  const { automatic } = policy;
  if (!automatic) return person("here a person decides");
  if (probability < automatic.minProbability)
    return person(`${percent(automatic.minProbability)} are asked to fly without a person`);
  if (semiMajorM > automatic.maxSemiMajorM)
    return person(`${automatic.maxSemiMajorM} m are the most to fly to without a person`);
  if (!automatic.hours.some((hours) => windowOpen(hours, utcMs))) return person("at this hour a person decides");
  return { kind: "fly", how: "policy", why: sure };
}
