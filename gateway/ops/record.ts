/** An incident's record made readable; nothing is left out, and the words for machines stay in the entry's data. Pure. */
import type { TimelineEntry } from "#contract/ops-api.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { probabilityWord, shortName } from "./words.ts";

type Line = Pick<TimelineEntry, "kind" | "text" | "data" | "by">;
type Shot = Pick<ShotFixed, "id" | "version" | "probability" | "withdrawn">;

/**
 * What machines add by the dozen and nobody needs line by line. A round's first version, one in other words of likelihood than the version
 * before, and whatever changes the count, came late, was withheld or withdrawn are none of it.
 * @param before of the same round, as it was last told.
 */
function isRoutine({ kind, text, data }: Line, before?: Shot): boolean {
  const of = data as { shot?: Shot; recording?: string; arrival?: string } | null;
  if (kind === "clip") return !/withheld/.test(text);
  if (kind === "shot") return of?.shot !== undefined && !/^came late|; /.test(text) && isSame(of.shot, before);
  if (kind === "video") return of?.recording !== undefined;
  return kind === "viewed" && of?.arrival !== undefined;
}

function isSame(shot: Shot, before: Shot | undefined): boolean {
  if (before === undefined || before.withdrawn !== undefined || shot.withdrawn !== undefined) return false;
  return probabilityWord(shot.probability) === probabilityWord(before.probability);
}

/** Neighbouring entries of routine as one group: a burst brings dozens, and what people did is lost among them. @param entries newest first. */
export function foldRoutine<T extends Line>(entries: readonly T[]): T[][] {
  const told = new Map<string, Shot>();
  const routine = new Set<T>();
  for (const entry of [...entries].reverse()) {
    const shot = shotOf(entry);
    if (isRoutine(entry, shot && told.get(shot.id))) routine.add(entry);
    if (shot && !/^came late/.test(entry.text)) told.set(shot.id, shot);
  }
  const groups: T[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last && routine.has(entry) && routine.has(last[0]!)) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** By kind of entry. */
const nouns: Partial<Record<Line["kind"], readonly [string, string]>> = {
  shot: ["newer fix of a round", "newer fixes of rounds"],
  clip: ["sound from a node", "sounds from the nodes"],
  video: ["piece of video kept", "pieces of video kept"],
};

/** `8 newer fixes of rounds, 12 sounds from the nodes`; who was given sounds is named. @param entries of one group. */
export function routineWords(entries: readonly Line[]): string {
  const counts = new Map<string, { count: number; words: readonly [string, string] }>();
  for (const { kind, by } of entries) {
    const words = nouns[kind] ?? ([`sound given to ${by}`, `sounds given to ${by}`] as const);
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

function shotOf({ data }: Pick<TimelineEntry, "data">): Shot | undefined {
  return (data as { shot?: Shot } | null)?.shot;
}

/** "round shot-mwscnz6t-1n4l..." as "round 2", or by its last four characters where it is none of the incident's rounds. */
export function withRoundNumbers(text: string, rounds: readonly string[]): string {
  return text.replace(/\bround (?=\S*[\d-])([A-Za-z0-9._:-]{6,})/g, (_, shot: string) => {
    const at = rounds.indexOf(shot);
    return at < 0 ? `round …${shortName(shot)}` : `round ${at + 1}`;
  });
}
