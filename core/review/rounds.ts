/** What the rounds of a burst say together. */
import type { IncidentState } from "#contract/incident.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { roundsBetween } from "../localise/round-count.ts";
import { patternOf } from "../localise/rounds.ts";
import { placeOfRounds } from "./place.ts";
import { leastOfRound } from "./standing.ts";

/** The shots that still stand, in order of firing. */
export function roundsOf(shots: readonly ShotFixed[]): ShotFixed[] {
  return shots.filter((shot) => shot.withdrawn === undefined).sort((a, b) => compareTimes(a.time, b.time));
}

/** Order of two RFC 3339 UTC times that may have different numbers of decimals. */
function compareTimes(a: string, b: string): number {
  const padded = (time: string) => {
    const [whole = "", fraction = ""] = time.slice(0, -1).split(".");
    return `${whole}.${fraction.padEnd(9, "0")}`;
  };
  const [left, right] = [padded(a), padded(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

type Summary = Pick<
  IncidentState,
  | "firedAt"
  | "place"
  | "alternatives"
  | "probability"
  | "rounds"
  | "roundsBetween"
  | "unlikelyRounds"
  | "unverified"
  | "shooters"
  | "movedM"
>;

/** A round below this may be an echo or a firework: it says nothing of shooters. */
const TELLING_PROBABILITY = 0.5;

/** Shooters and movement, from the rounds whose place is beyond doubt; nothing where fewer than two are. */
function shootersOf(rounds: readonly ShotFixed[]): Pick<Summary, "shooters" | "movedM"> {
  const telling = rounds.filter(
    (round) => !round.unverified && !round.alternatives?.length && round.probability >= TELLING_PROBABILITY,
  );
  if (telling.length < 2) return { shooters: undefined, movedM: undefined };
  const { shooters, movedM } = patternOf(telling);
  return { shooters, movedM };
}

/**
 * With no round left, time and place stay as they were last known, with probability 0: the record keeps its bearings.
 * @param standing the shots that were not withdrawn, in order of firing: what counts, and what is too unlikely to.
 */
export function summaryOf(
  { counting: rounds, unlikely }: { counting: readonly ShotFixed[]; unlikely: readonly ShotFixed[] },
  before: Partial<Summary> | undefined,
  newest: ShotFixed,
  minRoundProbability?: number,
): Summary {
  const first = rounds[0];
  if (!first) {
    return {
      firedAt: before?.firedAt ?? newest.time,
      place: before?.place ?? { lat: newest.lat, lon: newest.lon, ellipse95: newest.ellipse95 },
      alternatives: undefined,
      probability: 0,
      rounds: [],
      roundsBetween: undefined,
      unlikelyRounds: undefined,
      unverified: undefined,
      shooters: undefined,
      movedM: undefined,
    };
  }
  // A round that fits one place only speaks for the burst; while every round fits several, all of them are shown.
  const open = rounds.every((round) => round.alternatives?.length);
  const best = rounds.reduce((a, b) => (b.probability > a.probability ? b : a));
  return {
    firedAt: first.time,
    place: placeOfRounds(rounds),
    alternatives: open ? best.alternatives : undefined,
    // Rounds of a burst share their causes, so their probabilities do not multiply: the incident is as likely as its best.
    probability: best.probability,
    rounds: rounds.map(toldOf),
    roundsBetween: roundsBetween(rounds, unlikely, leastOfRound(minRoundProbability)),
    unlikelyRounds: unlikely.length > 0 ? unlikely.map(toldOf) : undefined,
    unverified: rounds.every((round) => round.unverified) ? true : undefined,
    ...shootersOf(rounds),
  };
}

function toldOf(round: ShotFixed): IncidentState["rounds"][number] {
  return {
    shot: round.id,
    shotVersion: round.version,
    time: round.time,
    lat: round.lat,
    lon: round.lon,
    ellipse95: round.ellipse95,
    probability: round.probability,
  };
}
