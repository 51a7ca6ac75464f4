/** What an incident is about: brackets for who sees them, words for who hears them. */
import type { IncidentState } from "#contract/incident.ts";
import { headline, spokenHeadline } from "../words.ts";

export function HeadlineWords({ incident }: { incident: IncidentState }) {
  const [seen, heard] = [headline(incident), spokenHeadline(incident)];
  // In a narrow row the line breaks before the bracket, not inside it.
  const [told, between] = seen.split(" (");
  const kept = between === undefined ? told : `${told} (${between.replaceAll(" ", "\u00a0")}`;
  if (seen === heard) return <>{seen}</>;
  return (
    <>
      <span aria-hidden="true">{kept}</span>
      <span class="unseen">{heard}</span>
    </>
  );
}
