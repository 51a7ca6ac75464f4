/** The decisions of our nodes, apart from Node-RED. */
import { metres, percent, roundsWords, unmeasured } from "#contract/certainty.ts";
import type { IncidentState, IncidentStatus } from "#contract/incident.ts";

export interface Rule {
  /** Kinds that pass; none means all but faces: who somebody may be goes only where that is asked for. */
  kinds: readonly IncidentState["kind"][];
  /** Statuses that pass; none means all. */
  statuses: readonly IncidentStatus[];
  /** 0 to 1; asked of measured probabilities alone. */
  minProbability: number;
  /** May a detector's report pass whose probability nobody measured? What a person reported or judged always may. */
  unmeasured: boolean;
  /** Largest semi-major axis of the 95 % ellipse, in metres; 0 means any, also no place at all. */
  maxWithinM: number;
  /** May every round of it be an echo that nothing contradicts? */
  unverified: boolean;
  /** Local hours, such as `22-06`; empty means always. */
  hours: string;
}

export type Routed = { kind: "match" } | { kind: "other"; why: string };

/** Someone called, asked or judged: nothing to be more or less probable. */
const fromPeople: ReadonlySet<IncidentState["kind"]> = new Set(["backup", "caller", "face"]);

/** @param localHour 0 to 23, at the site. */
export function route(rule: Rule, state: IncidentState, localHour: number): Routed {
  const other = (why: string): Routed => ({ kind: "other", why });
  if (rule.statuses.length > 0 && !rule.statuses.includes(state.status)) return other(`it is ${state.status}`);
  if (rule.kinds.length > 0 ? !rule.kinds.includes(state.kind) : state.kind === "face")
    return other(state.kind === "face" ? "a face goes only where it is named" : `it is of kind ${state.kind}`);
  if (unmeasured(state) !== undefined) {
    if (!rule.unmeasured && !fromPeople.has(state.kind)) return other("its probability is not measured");
  } else if (state.probability < rule.minProbability) {
    return other(`${percent(state.probability)} is less than ${percent(rule.minProbability)}`);
  }
  if (rule.maxWithinM > 0) {
    if (!state.place) return other("its place is not known");
    const withinM = state.place.ellipse95.semiMajorM;
    if (withinM > rule.maxWithinM) return other(`within ${metres(withinM)} is wider than ${rule.maxWithinM} m`);
  }
  if (state.unverified && !rule.unverified) return other("it may be an echo");
  if (!isWithin(rule.hours, localHour)) return other(`it is ${localHour} h, outside ${rule.hours}`);
  return { kind: "match" };
}

const KINDS: readonly string[] = ["gunfire", "event", "caller", "backup", "face"] satisfies IncidentState["kind"][];

/** What is wrong with the kinds of a rule, if anything. */
export function kindsFault(kinds: readonly string[]): string | undefined {
  const strange = kinds.find((kind) => !KINDS.includes(kind));
  return strange === undefined ? undefined : `kind '${strange}' is not known; known are ${KINDS.join(", ")}`;
}

/** What is wrong with the hours of a rule, if anything. */
export function hoursFault(hours: string): string | undefined {
  if (hours === "") return undefined;
  const match = /^(\d{1,2})-(\d{1,2})$/.exec(hours);
  const good = match && Number(match[1]) < 24 && Number(match[2]) <= 24;
  return good ? undefined : `hours '${hours}' must be like 22-06, in local time`;
}

/** The end is not included; over midnight where it is before the start. */
function isWithin(hours: string, hour: number): boolean {
  const match = /^(\d{1,2})-(\d{1,2})$/.exec(hours);
  if (!match) return true;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

export function localHourOf(timeZone: string, date: Date): number {
  return Number(new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(date));
}

/** One line that says what, how sure and where, as a person would say it. */
export function wordsOf(state: IncidentState): string {
  const { probability, place, status, unverified } = state;
  const what = state.kind === "gunfire" ? roundsWords(state) : (state.what ?? state.kind);
  const where = place
    ? `within ${metres(place.ellipse95.semiMajorM)} of ${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`
    : "place unknown";
  const doubt = unverified ? ", may be an echo" : "";
  return `${what}, ${unmeasured(state) ?? percent(probability)}, ${where}${doubt}, ${status}`;
}

/** Fills `{words}`, `{incident}`, `{status}`, `{version}` into a technician's text. */
export function fill(text: string, state: IncidentState): string {
  const values: Record<string, string> = {
    words: wordsOf(state),
    incident: state.incident,
    status: state.status,
    version: String(state.version),
  };
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

export type Moment = "new" | "reviewed" | "every";

/**
 * Whether a version of an incident is what a technician asked for, given the last that was passed on (QoS 1 and restarts
 * bring versions again).
 */
export function isDue(
  moment: Moment,
  state: IncidentState,
  last: { version: number; status: string } | undefined,
): boolean {
  if (last && state.version <= last.version) return false;
  if (moment === "every") return true;
  if (moment === "new") return state.status === "unreviewed" && last?.status !== "unreviewed";
  return state.status !== "unreviewed" && last?.status !== state.status;
}
