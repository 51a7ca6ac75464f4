/** Which shots of an incident count as its rounds: the same rule when one joins and when what is believed of it changes later. */
import type { ShotFixed } from "#contract/shot.ts";
import { frameAt } from "../localise/geo.ts";

type Placed = Pick<ShotFixed, "lat" | "lon" | "ellipse95" | "probability" | "withdrawn">;

/** As the solver sees it: rounds this close are of one place, whatever their ellipses say. */
const SAME_PLACE_M = 60;
/** A step or two: 400 times less ground than `SAME_PLACE_M`. A round from there needs this share of the probability. */
const VERY_PLACE = { metres: 3, share: 0.05 };

/**
 * Another round from the place of one of these? Return fire and fireworks come from elsewhere, and must be likely by themselves. In
 * the reverberation of the round before a detector is seldom sure, but by chance hardly anything comes from the very place of a round.
 */
export function isRoundOf(shot: Placed, rounds: readonly Placed[], minRoundProbability: number): boolean {
  const frame = frameAt({ lat: shot.lat, lon: shot.lon, altM: 0 });
  return rounds.some((round) => {
    if (round.withdrawn !== undefined) return false;
    const { eastM, northM } = frame.toLocal(round.lat, round.lon, 0);
    const apartM = Math.hypot(eastM, northM) - round.ellipse95.semiMajorM - shot.ellipse95.semiMajorM;
    const least = apartM <= VERY_PLACE.metres ? VERY_PLACE.share * minRoundProbability : minRoundProbability;
    return apartM <= SAME_PLACE_M && shot.probability >= least;
  });
}

/** Less likely than that nothing is told as a round; 0 where that is not said. */
export const leastOfRound = (minRoundProbability = 0) => VERY_PLACE.share * minRoundProbability;

/**
 * Rounds that count, and those that a later version made too unlikely to. The likeliest counts in any case: whether there was a shot at
 * all is for the incident's probability to say, and for a person to decide.
 * @param shots that were not withdrawn.
 * @param minRoundProbability of records that do not say it undefined: all count.
 */
export function countingOf<T extends Placed>(
  shots: readonly T[],
  minRoundProbability: number | undefined,
): { counting: T[]; unlikely: T[] } {
  if (minRoundProbability === undefined) return { counting: [...shots], unlikely: [] };
  const likeliest = Math.max(...shots.map(({ probability }) => probability));
  const counts = new Set(
    shots.filter(({ probability }) => probability >= minRoundProbability || probability === likeliest),
  );
  for (let before = -1; counts.size > before; ) {
    before = counts.size;
    for (const shot of shots)
      if (!counts.has(shot) && isRoundOf(shot, [...counts], minRoundProbability)) counts.add(shot);
  }
  return {
    counting: shots.filter((shot) => counts.has(shot)),
    unlikely: shots.filter((shot) => !counts.has(shot)),
  };
}
