/** Figures as people say them: probability, bounds, ages, residuals, reasons of rejection. Pure. */
import { metres, percent, roundsSpoken, roundsWords, unmeasured } from "#contract/certainty.ts";
import type { IncidentState, IncidentStatus } from "#contract/incident.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import type { RejectedArrival } from "#contract/shot.ts";

/** Verbal scale of ICD 203 (US intelligence community, 2015), table 1, shortened. */
export function probabilityWord(probability: number): string {
  if (probability >= 0.95) return "almost certain";
  if (probability >= 0.8) return "very likely";
  if (probability >= 0.55) return "likely";
  if (probability > 0.45) return "even chance";
  if (probability > 0.2) return "unlikely";
  if (probability > 0.05) return "very unlikely";
  return "remote";
}

/** The 95 % bound in words: the longer half axis. */
export function within(ellipse: { semiMajorM: number } | undefined): string {
  return ellipse === undefined ? "place unknown" : `within ${metres(ellipse.semiMajorM)}`;
}

/** `19 s`, `4 min`, `2 h 05 min`, `3 d`. Negative ages, from clocks that differ, count as 0. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(s / 86_400)} d`;
}

/** What reached the gateway so long after it was fired is no news of now, and says so. */
const LATE_S = 15;

/** How late an incident came, in words; undefined where it came at once. By the newest round that was known then: earlier ones may have been too weak to call. */
export function lateWords(incident: Pick<IncidentState, "firedAt" | "alertedAt" | "rounds">): string | undefined {
  const alertedMs = Date.parse(incident.alertedAt);
  const fired = [incident.firedAt, ...incident.rounds.map(({ time }) => time)].map((at) => Date.parse(at));
  const s = (alertedMs - Math.max(...fired.filter((ms, i) => i === 0 || ms <= alertedMs))) / 1000;
  return s < LATE_S ? undefined : `came ${age(s)} late`;
}

/** Signed milliseconds with a real minus sign: `+0.2 ms`, `−84 ms`. */
export function residualMs(seconds: number): string {
  const ms = seconds * 1000;
  const size = Math.abs(ms);
  const text = size < 10 ? size.toFixed(1) : size.toFixed(0);
  const sign = Number(text) === 0 ? "" : ms < 0 ? "\u2212" : "+";
  return `${sign}${text} ms`;
}

const kinds: Record<IncidentState["kind"], string> = {
  gunfire: "Gunfire",
  backup: "Officer needs backup",
  face: "Possible face match",
  event: "Event",
  caller: "Caller",
};

export function kindWord(kind: IncidentState["kind"]): string {
  return kinds[kind];
}

/** What an incident is about, in two or three words. */
export function headline(incident: IncidentState): string {
  const { kind, what } = incident;
  if (kind === "gunfire") return roundsWords(incident);
  return what === undefined ? kindWord(kind) : what.charAt(0).toUpperCase() + what.slice(1);
}

/** The same for those who hear it. */
export function spokenHeadline(incident: IncidentState): string {
  return incident.kind === "gunfire" ? roundsSpoken(incident) : headline(incident);
}

/** How many rounds were fired, in full; undefined where nothing is left open, or an older record does not say. */
export function firedWords({ rounds, roundsBetween }: Pick<IncidentState, "rounds" | "roundsBetween">) {
  if (!roundsBetween) return undefined;
  const { low, high, likely, level } = roundsBetween;
  if (low === high && low === rounds.length) return undefined;
  const between = low === high ? `${low}` : `${low} to ${high}`;
  return `${rounds.length} told; fired, if it was gunfire: ${between} (${percent(level)}), most likely ${likely}.`;
}

/** Radius in sigmas that a shooter who stands still is told inside of 95 times in 100: sqrt(-2 ln 0.05), Rayleigh. */
const STOOD_SIGMAS = 2.448;

/** How far the shooter went between the first and the last round; less than its own error is no movement. */
export function movedWords({ distanceM, sigmaM }: NonNullable<IncidentState["movedM"]>): string {
  const between = "between the first and the last round";
  if (distanceM < 1 || distanceM < STOOD_SIGMAS * sigmaM) return `Did not move measurably ${between}.`;
  return `Moved ${Math.round(distanceM)} m (± ${metres(1.96 * sigmaM)}) ${between}.`;
}

/** How sure it is: a figure and a word of what was measured, who said so of what a person said. */
export function sureWords(incident: Pick<IncidentState, "kind" | "probability" | "probabilityKnown">): {
  figure?: string;
  word: string;
} {
  const word = unmeasured(incident);
  if (word !== undefined) return { word };
  const { probability } = incident;
  return { figure: percent(probability), word: probabilityWord(probability) };
}

const statuses: Record<IncidentStatus, string> = {
  unreviewed: "Unreviewed",
  confirmed: "Confirmed",
  dismissed: "Dismissed",
  escalated: "Escalated",
};

export function statusWord(status: IncidentStatus): string {
  return statuses[status];
}

const rejections: Record<RejectedArrival["why"], string> = {
  echo: "an echo of an earlier sound here",
  late: "too late for this place",
  early: "too early for this place",
  unrelated: "belongs to no shot",
  duplicate: "heard twice by this node",
  clock: "this node's clock is not trusted",
  weak: "too faint to time well",
};

/** Why the solver left an arrival out, in words. */
export function rejectionWords(why: RejectedArrival["why"]): string {
  return rejections[why];
}

const entryWords: Record<TimelineEntry["kind"], string> = {
  opened: "Opened",
  placed: "Place",
  shot: "Fix",
  notice: "Notice",
  acknowledged: "Acknowledged",
  taken: "Taken",
  verdict: "Verdict",
  note: "Note",
  clip: "Sound",
  viewed: "Viewed",
  flight: "Flight",
  video: "Video",
  backup: "Backup",
  face: "Face",
  caller: "Caller",
};

export function entryWord(kind: TimelineEntry["kind"]): string {
  return entryWords[kind];
}

/** Short name of an incident: the last four characters of its identity, upper case. */
export function shortName(id: string): string {
  return id
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(-4)
    .toUpperCase();
}

/** The whole incident in one sentence, for the title, screen readers and the alarm strip. */
export function sentence(incident: IncidentState, near?: string): string {
  const { figure, word } = sureWords(incident);
  const parts = [spokenHeadline(incident), figure === undefined ? word : `${figure} ${word}`];
  if ((incident.alternatives?.length ?? 0) > 0) parts.push(`${incident.alternatives!.length + 1} places fit`);
  else parts.push(within(incident.place?.ellipse95));
  if (near !== undefined) parts.push(near);
  return parts.join(" · ");
}
