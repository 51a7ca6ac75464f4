/** How sure something is, in the words of every screen, notice and record: one place, so that no two of them differ. */
import type { IncidentState } from "./incident.ts";

/** Whole percent of a probability from 0 to 1. Nothing that was computed is certain: never 100 %, and 0 % of 0 alone. */
export function percent(probability: number): string {
  if (probability > 0.99) return "> 99 %";
  if (probability < 0.01 && probability > 0) return "< 1 %";
  return `${Math.round(probability * 100)} %`;
}

/** Metres rounded up, so that the bound said is never smaller than the bound computed. */
export function metres(m: number): string {
  if (m < 100) return `${Math.max(1, Math.ceil(m))} m`;
  if (m < 1000) return `${Math.ceil(m / 10) * 10} m`;
  return `${(Math.ceil(m / 100) / 10).toFixed(1)} km`;
}

const notComputed: Record<Exclude<IncidentState["kind"], "gunfire">, string> = {
  backup: "a person asked",
  caller: "a person called",
  face: "judged by a person",
  event: "probability not measured",
};

/** Who or what stands behind an incident whose probability nobody measured; undefined where `probability` is a measured figure. */
export function unmeasured({
  kind,
  probabilityKnown,
}: Pick<IncidentState, "kind" | "probabilityKnown">): string | undefined {
  // Records from before the field was there: only gunfire had a figure.
  const known = probabilityKnown ?? kind === "gunfire";
  if (known) return undefined;
  return kind === "gunfire" ? notComputed.event : notComputed[kind];
}

/** Rounds that were told, and how many may have been fired where that is not as sure: `5 rounds (5 to 7)`. */
export function roundsWords({ rounds, roundsBetween }: Pick<IncidentState, "rounds" | "roundsBetween">): string {
  const told = `${rounds.length} ${rounds.length === 1 ? "round" : "rounds"}`;
  if (!roundsBetween) return told;
  const { low, high } = roundsBetween;
  if (low === high) return low === rounds.length ? told : `${told} (${low})`;
  return `${told} (${low} to ${high})`;
}

/** The same, to be read aloud: brackets are not heard. `5 rounds, between 5 and 7` */
export function roundsSpoken(incident: Pick<IncidentState, "rounds" | "roundsBetween">): string {
  const { low = 0, high = 0 } = incident.roundsBetween ?? {};
  const [told = ""] = roundsWords(incident).split(" (");
  return low === high ? roundsWords(incident) : `${told}, between ${low} and ${high}`;
}
