/** What calls for somebody at this desk. */
import { computed } from "@preact/signals";
import type { CallerView } from "#contract/caller.ts";
import type { IncidentState } from "#contract/incident.ts";
import { callers } from "./field.ts";
import { callingOf, callsForSomebody } from "./picture.ts";
import { incidentsById, me, openIds, selected } from "./store.ts";

/** A caller's incident is there because somebody on the line with the caller made a link: of that one it asks nothing new. */
export function isOwnCaller(
  { incident, kind }: Pick<IncidentState, "incident" | "kind">,
  links: Iterable<CallerView>,
  user: string,
): boolean {
  if (kind !== "caller") return false;
  let first: CallerView | undefined;
  for (const link of links)
    if (link.incident === incident && (first === undefined || link.createdAt < first.createdAt)) first = link;
  return first?.createdBy === user;
}

export const calling = computed(() => {
  const open = openIds.value.map((id) => incidentsById.value.get(id)!);
  return callingOf(open).filter((each) => !isOwnCaller(each, callers.value.values(), me.value.user));
});

/** The incident that the key T takes: the chosen one where it calls, else the first that does. */
export const keyTakes = computed(() =>
  selected.value !== undefined && callsForSomebody(selected.value) ? selected.value : calling.value[0],
);
