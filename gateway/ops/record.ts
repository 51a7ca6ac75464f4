/** An incident's record made readable; nothing is left out, and the words for machines stay in the entry's data. Pure. */
import type { TimelineEntry } from "#contract/ops-api.ts";
import { shortName } from "./words.ts";

type Line = Pick<TimelineEntry, "kind" | "text" | "data" | "by">;
type Routine = "fix" | "sound" | "piece" | "given";

/** What machines add by the dozen and nobody needs line by line; whatever changes the count, was withheld or withdrawn is none of it. */
function routineOf({ kind, text, data }: Line): Routine | undefined {
  const of = data as { shot?: { withdrawn?: string }; recording?: string; arrival?: string } | null;
  if (kind === "clip") return /withheld/.test(text) ? undefined : "sound";
  if (kind === "shot")
    return of?.shot === undefined || of.shot.withdrawn !== undefined || /; /.test(text) ? undefined : "fix";
  if (kind === "video") return of?.recording === undefined ? undefined : "piece";
  return kind === "viewed" && of?.arrival !== undefined ? "given" : undefined;
}

/** Entries in their order, neighbouring ones of routine as one group: a burst brings dozens, and what people did is lost among them. */
export function foldRoutine<T extends Line>(entries: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1)?.[0];
    if (last !== undefined && routineOf(entry) !== undefined && routineOf(last) !== undefined)
      groups.at(-1)!.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

const nouns: Record<Exclude<Routine, "given">, readonly [string, string]> = {
  fix: ["newer fix of a round", "newer fixes of rounds"],
  sound: ["sound from a node", "sounds from the nodes"],
  piece: ["piece of video kept", "pieces of video kept"],
};

/** `8 newer fixes of rounds, 12 sounds from the nodes`; who was given sounds is named. */
export function routineWords(entries: readonly Line[]): string {
  const counts = new Map<string, { count: number; words: readonly [string, string] }>();
  for (const entry of entries) {
    const routine = routineOf(entry);
    if (routine === undefined) continue;
    const words =
      routine === "given" ? ([`sound given to ${entry.by}`, `sounds given to ${entry.by}`] as const) : nouns[routine];
    const before = counts.get(words[0]);
    counts.set(words[0], { count: (before?.count ?? 0) + 1, words });
  }
  return [...counts.values()].map(({ count, words }) => `${count} ${words[count === 1 ? 0 : 1]}`).join(", ");
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
