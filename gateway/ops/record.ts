/** An incident's record made readable; nothing is left out, and the words for machines stay in the entry's data. Pure. */
import type { TimelineEntry } from "#contract/ops-api.ts";
import { shortName } from "./words.ts";

/** Entries in their order, neighbouring sounds as one group: a burst brings dozens. */
export function foldSounds<T extends Pick<TimelineEntry, "kind">>(entries: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (entry.kind === "clip" && last?.[0]?.kind === "clip") last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Newest first, but a version of a round that came after newer ones of it stands below them: late news is no newest line. */
export function newestLineFirst<T extends Pick<TimelineEntry, "data">>(entries: readonly T[]): T[] {
  const lines: T[] = [];
  for (const entry of entries) {
    const shot = shotOf(entry);
    const above = (line: T) => {
      const known = shotOf(line);
      return known !== undefined && known.id === shot?.id && known.version > shot.version;
    };
    lines.splice(shot ? lines.findLastIndex(above) + 1 : 0, 0, entry);
  }
  return lines;
}

function shotOf({ data }: Pick<TimelineEntry, "data">): { id: string; version: number } | undefined {
  return (data as { shot?: { id: string; version: number } } | null)?.shot;
}

/** "round shot-mwscnz6t-1n4l..." as "round 2", or by its last four characters where it is none of the incident's rounds. */
export function withRoundNumbers(text: string, rounds: readonly string[]): string {
  return text.replace(/\bround (?=\S*[\d-])([A-Za-z0-9._:-]{6,})/g, (_, shot: string) => {
    const at = rounds.indexOf(shot);
    return at < 0 ? `round …${shortName(shot)}` : `round ${at + 1}`;
  });
}
