/** Whether a stream is asked for, for an incident, the first time; also while the disk takes nothing, since the picture matters more than its note. */
import type { Logger } from "pino";

/** What could be noted in memory alone; of more the oldest are forgotten, and may be asked for twice. */
const UNNOTED_MAX = 1_000;

/**
 * @param note writes it down, and says whether it was new. @throws where the disk takes nothing.
 * @returns true once for each stream and incident.
 */
export function firstAsk(
  note: (stream: string, incident: string) => boolean,
  log: Logger,
): (stream: string, incident: string) => boolean {
  const unnoted = new Set<string>();
  return (stream, incident) => {
    const key = `${incident}/${stream}`;
    const known = unnoted.has(key);
    try {
      const first = note(stream, incident);
      unnoted.delete(key);
      return first && !known;
    } catch (error) {
      if (known) return false;
      log.error({ stream, incident, error: (error as Error).message }, "not on disk that this stream was asked for");
      unnoted.add(key);
      const [oldest] = unnoted;
      if (unnoted.size > UNNOTED_MAX) unnoted.delete(oldest as string);
      return true;
    }
  };
}
