/** What of an incident and its record a person's roles let them read. Pure. */
import type { BackupState } from "#contract/backup.ts";
import type { FlightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry, UserRole } from "#contract/ops-api.ts";
import { phaseRules } from "#core/handoff/phases.ts";

/** Who works on incidents: callers, the pictures of them and what colleagues typed are not for those who look after the machines. */
export const caseRoles: readonly UserRole[] = ["dispatch", "reviewer", "pilot", "admin"];
/** Whom a match could mean, and why somebody thinks so: for those who may judge matches. */
export const faceRoles: readonly UserRole[] = ["dispatch", "reviewer", "admin"];

type Kind = TimelineEntry["kind"];
export type About = IncidentState["kind"];

/** Entries that hold what a person typed, whatever the incident is about; of a flight, why it was sent or cleared. */
const typed: ReadonlySet<Kind> = new Set(["acknowledged", "verdict", "note", "backup", "flight"]);
/** In an incident that is about one person these say who or why, in words that somebody typed or a phone said. */
const aboutThePerson: ReadonlySet<Kind> = new Set(["opened", "notice", ...typed]);
/** Incidents that a person opens with words of their own. */
const openedByWords: ReadonlySet<About> = new Set(["caller", "face", "backup"]);

const withheld = "not for your role";

interface Reader {
  readonly cases: boolean;
  readonly faces: boolean;
}

function readerOf(roles: readonly UserRole[]): Reader {
  const has = (wanted: readonly UserRole[]) => roles.some((role) => wanted.includes(role));
  return { cases: has(caseRoles), faces: has(faceRoles) };
}

/** The record with all its entries; of those that are not for these roles only that they stand there, when, and their hashes. */
export function timelineFor(
  roles: readonly UserRole[],
  about: About,
  entries: readonly TimelineEntry[],
): TimelineEntry[] {
  const { cases, faces } = readerOf(roles);
  return entries.map((entry) => {
    const open = (faces || !ofFace(entry, about)) && (cases || !ofCase(entry, about));
    return open ? entry : { ...entry, text: withheld, data: null, withheld: true };
  });
}

/**
 * An incident without what these roles may not know: where its caller, or whoever a match could mean, is; and the words of its verdict. A pilot
 * flies to a match's place, and reads no words of it.
 */
export function incidentFor(roles: readonly UserRole[], state: IncidentState): IncidentState {
  const { cases, faces } = readerOf(roles);
  const reads = cases && (faces || state.kind !== "face");
  const { place, alternatives, verdict, ...rest } = state;
  const finds = cases || (state.kind !== "caller" && state.kind !== "face");
  if (reads && finds) return state;
  return {
    ...rest,
    ...(finds && { ...(place && { place }), ...(alternatives && { alternatives }) }),
    ...(verdict && { verdict: reads ? verdict : { ...verdict, reason: withheld } }),
  };
}

/**
 * A flight without what these roles may not know. Why a person authorised it is typed: no technician reads it, and no pilot where it is a
 * match. Its way, and where it looks, tell where a caller or a match is: no technician gets them, and where the drone itself is only while it
 * stands on the ground, to fetch it.
 * @param about of the flight's incident.
 */
export function flightFor(roles: readonly UserRole[], state: FlightState, about: About | undefined): FlightState {
  const { cases, faces } = readerOf(roles);
  if (state.incident === undefined || (cases && (faces || !isFace(about)))) return state;
  const { authorisation, plan, camera, vehicle, ...rest } = state;
  const why = authorisation?.how === "person" ? withheld : authorisation?.why;
  const finds = cases || !(about === "caller" || isFace(about));
  const { position: _where, ...machine } = vehicle;
  return {
    ...rest,
    ...(authorisation && why !== undefined && { authorisation: { ...authorisation, why } }),
    vehicle: finds || !phaseRules[state.phase].airborne ? vehicle : machine,
    ...(plan && { plan: finds ? plan : withoutPlace(plan) }),
    ...(camera && { camera: finds ? camera : { pointing: camera.pointing } }),
  };
}

function withoutPlace({ place: _place, ...plan }: NonNullable<FlightState["plan"]>): FlightState["plan"] {
  return { ...plan, path: [] };
}

/** A call for backup as those who work on incidents read it: of a match without words for who may not judge it. @param about of its incident. */
export function backupFor(roles: readonly UserRole[], state: BackupState, about: About | undefined): BackupState {
  if (readerOf(roles).faces || !isFace(about)) return state;
  return {
    ...state,
    why: withheld,
    calledBy: { ...state.calledBy, why: withheld },
    // Why a robot goes is what the person who sends it typed.
    asked: state.asked.map(({ text, chosen, ...rest }) => ({
      ...rest,
      chosen: rest.robot ? withheld : chosen,
      ...(text !== undefined && { text: withheld }),
    })),
    text: withheld,
  };
}

/** An incident that nobody knows is kept as the most private kind. */
function isFace(about: About | undefined): boolean {
  return about === undefined || about === "face";
}

function ofFace({ kind, data }: TimelineEntry, about: About): boolean {
  const { report } = (data ?? {}) as { report?: { of?: unknown } };
  return kind === "face" || report?.of === "face" || (about === "face" && aboutThePerson.has(kind));
}

function ofCase({ kind, by }: TimelineEntry, about: About): boolean {
  if (kind === "caller" || kind === "face" || kind === "video" || typed.has(kind)) return true;
  if (by.startsWith("caller-")) return true;
  if (kind === "opened") return openedByWords.has(about);
  return (about === "caller" || about === "face") && (kind === "placed" || kind === "notice");
}
