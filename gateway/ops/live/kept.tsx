/** What stands on an incident's record of its pictures: runs, gaps, snapshots. */
import { signal } from "@preact/signals";
import type { IncidentVideo } from "#contract/video.ts";
import { json } from "../api.ts";
import { endedSession } from "../state/actions.ts";
import { local, selected } from "../state/store.ts";

/** What the gateway wanted, recorded and kept for an incident. */
export const kept = signal<IncidentVideo | undefined>(undefined);
export const keptFault = signal<string | undefined>(undefined);

export async function loadKept(id: string): Promise<void> {
  const answer = await json<IncidentVideo>("GET", `/api/incidents/${encodeURIComponent(id)}/video`);
  if (selected.value?.incident !== id || endedSession(answer)) return;
  keptFault.value = answer.ok || answer.status === 404 || answer.status === 403 ? undefined : answer.error;
  if (answer.ok) kept.value = answer.value;
}

export function Kept({ incident }: { incident: string }) {
  const now = kept.value;
  if (now?.incident !== incident) return null;
  const { recordings, gaps, snapshots } = now;
  if (recordings.length + gaps.length + snapshots.length === 0) return null;
  const clock = (at: string) => local.value.clock(at);
  return (
    <details>
      <summary>
        {[
          [recordings.length, "recording"],
          [snapshots.length, "snapshot"],
          [gaps.length, "gap"],
        ]
          .filter(([count]) => count !== 0)
          .map(([count, what]) => `${count} ${what}${count === 1 ? "" : "s"}`)
          .join(" · ")}
      </summary>
      <ul class="kept">
        {snapshots.map(({ snapshot, stream, at, by }) => (
          <li key={snapshot}>
            <time>{clock(at)}</time>
            <a href={`/api/video/snapshots/${encodeURIComponent(snapshot)}`} target="_blank" rel="noreferrer">
              Snapshot of {stream}
            </a>
            <span class="faint">{by}</span>
          </li>
        ))}
        {recordings.map(({ recording, stream, startedAt, endedAt, segments, preRoll }) => (
          <li key={recording}>
            <time>{clock(startedAt)}</time>
            <a href={`/api/video/recordings/${encodeURIComponent(recording)}/video`} target="_blank" rel="noreferrer">
              {preRoll ? "Before the incident, " : ""}
              {stream}
            </a>
            <span class="faint">
              {endedAt === undefined ? "goes on" : `to ${clock(endedAt)}`}, {segments.length} hashed
            </span>
          </li>
        ))}
        {gaps.map(({ stream, from, to, why }) => (
          <li key={`${stream}${from}`} class="is-gap">
            <time>{clock(from)}</time>
            <span>
              No picture of {stream} {to === undefined ? "since" : `until ${clock(to)}`}
            </span>
            <span class="faint">{why}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
