/**
 * The life of an incident, as a function: what is known of it, plus one change, gives what is known of it next.
 * Folding the changes of a record from the first gives its newest state again, which is how a record is checked.
 */
import { metres, percent } from "#contract/certainty.ts";
import type { Place } from "#contract/geo.ts";
import type { IncidentState, IncidentStatus } from "#contract/incident.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { onReport, type Report } from "./report.ts";
import { roundsOf, summaryOf } from "./rounds.ts";
import { countingOf } from "./standing.ts";

/** Who decides when every round of an incident that nobody has looked at was withdrawn by the network itself. */
export const NETWORK = "network";

/** An incident as the fold knows it: what goes on the bus, less the envelope and the hash that the store adds. */
export type Known = Omit<IncidentState, "v" | "id" | "node" | "at" | "model" | "configSha256" | "hash"> & {
  /** Newest version of every shot, also of withdrawn ones. */
  shots: ShotFixed[];
  /** Version in which rounds or the verdict last changed: a verdict must have been given on this one or a later one. */
  substanceVersion: number;
  /** From which a shot counts as a round, as the newest change that said it has it; unsaid in older records, where every shot counts. */
  minRoundProbability?: number;
};

export type Change =
  | { kind: "shot"; shot: ShotFixed; minRoundProbability?: number }
  | { kind: "placed"; place: Place; text: string }
  | { kind: "reported"; report: Report }
  | { kind: "taken"; by: string }
  | { kind: "verdict"; by: string; status: IncidentStatus; reason: string; seenVersion: number }
  | { kind: "note"; by: string; text: string };

export type Outcome =
  | { kind: "applied"; known: Known; text: string; changed: boolean }
  | { kind: "refused"; why: string; conflict: boolean };

const verdicts: Record<IncidentStatus, string> = {
  confirmed: "confirmed",
  dismissed: "dismissed",
  escalated: "escalated",
  unreviewed: "to be looked at again",
};

const refused = (why: string, conflict = false): Outcome => ({ kind: "refused", why, conflict });

/**
 * @param known undefined before the first shot or report.
 * @param at the gateway's UTC (RFC 3339) of the change.
 * @returns `changed` is false where the change goes on the record but leaves the state, and its version, as they were.
 */
export function step(known: Known | undefined, change: Change, at: string): Outcome {
  if (change.kind === "shot") return onShot(known, change, at);
  if (change.kind === "reported") return onReport(known, change.report, at);
  if (!known) return refused("there is no such incident");
  if (change.kind === "note") return { kind: "applied", known, text: change.text, changed: false };
  // Whoever judged the incident judged more than its place: a caller who walks does not undo it.
  if (change.kind === "placed")
    return {
      kind: "applied",
      known: { ...known, version: known.version + 1, place: change.place },
      text: change.text,
      changed: true,
    };
  if (change.kind === "taken") {
    if (known.takenBy?.by === change.by) return refused(`${change.by} has it already`);
    const from = known.takenBy ? ` over from ${known.takenBy.by}` : "";
    return {
      kind: "applied",
      known: { ...known, version: known.version + 1, takenBy: { by: change.by, at } },
      text: `taken${from}`,
      changed: true,
    };
  }
  return onVerdict(known, change, at);
}

function onVerdict(known: Known, change: Extract<Change, { kind: "verdict" }>, at: string): Outcome {
  if (change.seenVersion > known.version) {
    return refused(`version ${change.seenVersion} does not exist; the newest is ${known.version}`);
  }
  // A verdict holds for what the person saw. That somebody took the incident meanwhile changes nothing of it.
  if (change.seenVersion < known.substanceVersion) {
    return refused(`the incident changed since version ${change.seenVersion} (now ${known.version}): look again`, true);
  }
  if (change.status === known.status) return refused(`it is ${known.status} already`);
  const version = known.version + 1;
  const { by, reason, status } = change;
  return {
    kind: "applied",
    known: { ...known, version, substanceVersion: version, status, verdict: { status, by, at, reason } },
    text: `${verdicts[status]}${known.status === "unreviewed" ? "" : ` (was ${known.status})`}: ${reason}`,
    changed: true,
  };
}

function onShot(known: Known | undefined, change: Extract<Change, { kind: "shot" }>, at: string): Outcome {
  const { shot } = change;
  const minRoundProbability = change.minRoundProbability ?? known?.minRoundProbability;
  const before = known?.shots.find((other) => other.id === shot.id);
  if (before && !supersedes(shot, before)) {
    const text = `came late: ${wordsOf(shot)}, ${before.node === shot.node ? "older" : "less"} than the version ${before.version} known`;
    return { kind: "applied", known: known as Known, text, changed: false };
  }
  const shots = [...(known?.shots.filter((other) => other.id !== shot.id) ?? []), shot];
  const standing = countingOf(roundsOf(shots), minRoundProbability);
  const rounds = standing.counting;
  const version = (known?.version ?? 0) + 1;
  const next: Known = {
    incident: shot.incident,
    kind: "gunfire",
    status: "unreviewed",
    alertedAt: at,
    ...known,
    ...summaryOf(standing, known, shot, minRoundProbability),
    version,
    shots,
    substanceVersion: version,
    ...(minRoundProbability !== undefined && { minRoundProbability }),
  };
  // What did not count a moment ago was before nobody's eyes as a round.
  const isBack = known?.unlikelyRounds?.some((one) => rounds.some(({ id }) => id === one.shot)) ?? false;
  const isMore = (!before && !shot.withdrawn) || isBack;
  const reopens = isMore && next.status === "dismissed";
  const revives = rounds.length > 0 && next.verdict?.by === NETWORK;
  if (reopens || revives) {
    next.status = "unreviewed";
    delete next.verdict;
  }
  if (rounds.length === 0 && next.status === "unreviewed" && !next.takenBy) {
    const reason = `every round withdrawn: ${shot.withdrawn ?? "no round is left"}`;
    next.status = "dismissed";
    next.verdict = { status: "dismissed", by: NETWORK, at, reason };
  }
  const text = `${wordsOf(shot)}${countWords(known, next, shot.id)}${reopens ? `; ${before ? "one round more counts" : "a new round"} after the dismissal: to be looked at again` : ""}`;
  return { kind: "applied", known: next, text, changed: true };
}

/**
 * One solver's versions follow each other. Where the neighbours solved a round without the gateway and the gateway's own solver did so
 * afterwards, each counts for itself: more arrivals win, and between equals the solver that heard the whole district.
 */
function supersedes(shot: ShotFixed, before: ShotFixed): boolean {
  const sameSolver = shot.node === before.node || (!shot.solvedLocally && !before.solvedLocally);
  if (sameSolver) return shot.version > before.version;
  if (shot.withdrawn !== undefined) return !shot.solvedLocally && before.withdrawn === undefined;
  if (before.withdrawn !== undefined) return !shot.solvedLocally;
  const more = shot.arrivals.length - before.arrivals.length;
  return more > 0 || (more === 0 && !shot.solvedLocally);
}

/** Whether this version took the round out of the count, or put it back. */
function countWords(before: Known | undefined, after: Known, shot: string): string {
  const isUnlikely = (known: Known | undefined) => known?.unlikelyRounds?.some((one) => one.shot === shot) ?? false;
  if (isUnlikely(after)) return isUnlikely(before) ? "" : "; too unlikely by now to count as a round";
  return isUnlikely(before) && after.rounds.some((one) => one.shot === shot) ? "; counts as a round again" : "";
}

function wordsOf(shot: ShotFixed): string {
  if (shot.withdrawn) return `round ${shot.id} withdrawn: ${shot.withdrawn}`;
  const alone = shot.solvedLocally ? `, solved by ${shot.node} without the gateway` : "";
  return `round ${shot.id} version ${shot.version}: ${percent(shot.probability)}, within ${metres(shot.ellipse95.semiMajorM)}, heard by ${shot.nodesUsed.length} nodes${alone}`;
}
