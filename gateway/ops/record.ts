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

/** "round shot-mwscnz6t-1n4l..." as "round 2", or by its last four characters where it is none of the incident's rounds. */
export function withRoundNumbers(text: string, rounds: readonly string[]): string {
  return text.replace(/\bround (?=\S*[\d-])([A-Za-z0-9._:-]{6,})/g, (_, shot: string) => {
    const at = rounds.indexOf(shot);
    return at < 0 ? `round …${shortName(shot)}` : `round ${at + 1}`;
  });
}
