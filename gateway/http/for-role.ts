/** What of an incident's record a person's roles let them read. Pure. */
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry, UserRole } from "#contract/ops-api.ts";

/** Callers, and the pictures of them: not for those who look after the machines. */
const callerRoles: readonly UserRole[] = ["dispatch", "reviewer", "pilot", "admin"];
/** Whom a match could mean: for those who may judge matches. */
const faceRoles: readonly UserRole[] = ["dispatch", "reviewer", "admin"];

/** In an incident that is about one person these say who or where, in words that somebody typed or a phone said. */
const aboutThePerson: ReadonlySet<TimelineEntry["kind"]> = new Set([
  "opened",
  "placed",
  "notice",
  "acknowledged",
  "verdict",
  "note",
  "backup",
]);

/** The record with all its entries; of those that are not for these roles only that they stand there, when, and their hashes. */
export function timelineFor(
  roles: readonly UserRole[],
  about: IncidentState["kind"],
  entries: readonly TimelineEntry[],
): TimelineEntry[] {
  const has = (wanted: readonly UserRole[]) => roles.some((role) => wanted.includes(role));
  const [callers, faces] = [has(callerRoles), has(faceRoles)];
  return entries.map((entry) => {
    const open = (faces || !ofFace(entry)) && (callers || !ofPerson(entry, about));
    return open ? entry : { ...entry, text: "not for your role", data: null, withheld: true };
  });
}

/** An incident without where its caller is and what was said of them, for those who may not know; any other as it is. */
export function incidentFor(roles: readonly UserRole[], state: IncidentState): IncidentState {
  if (state.kind !== "caller" || roles.some((role) => callerRoles.includes(role))) return state;
  const { place: _, alternatives: __, verdict, ...rest } = state;
  return { ...rest, ...(verdict && { verdict: { ...verdict, reason: "not for your role" } }) };
}

function ofFace({ kind, data }: TimelineEntry): boolean {
  const { report } = (data ?? {}) as { report?: { of?: unknown } };
  return kind === "face" || report?.of === "face";
}

function ofPerson({ kind, by }: TimelineEntry, about: IncidentState["kind"]): boolean {
  if (kind === "caller" || kind === "face" || kind === "video") return true;
  if (by.startsWith("caller-")) return true;
  return (about === "caller" || about === "face") && aboutThePerson.has(kind);
}
