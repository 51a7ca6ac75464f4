/** The shape of a status: disc, diamond, triangle, ring. The same shapes stand on the map. */
import type { IncidentStatus } from "#contract/incident.ts";

const shapes: Record<IncidentStatus, preact.JSX.Element> = {
  unreviewed: <circle cx="8" cy="8" r="5.4" fill="currentColor" />,
  confirmed: <path d="M8 1.6 14.4 8 8 14.4 1.6 8Z" fill="currentColor" />,
  escalated: <path d="M8 1.8 14.8 14H1.2Z" fill="currentColor" />,
  dismissed: <circle cx="8" cy="8" r="4.6" fill="none" stroke="currentColor" stroke-width="2" />,
};

export function StatusMark({ status }: { status: IncidentStatus }) {
  return (
    <svg class={`mark is-${status}`} viewBox="0 0 16 16" width="1rem" height="1rem" aria-hidden="true">
      {shapes[status]}
    </svg>
  );
}
