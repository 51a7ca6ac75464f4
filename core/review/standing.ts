/** Which shots of an incident count as its rounds: the same rule when one joins and when what is believed of it changes later. */
import type { ShotFixed } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { commonGap, type Gapped } from "../localise/common-gap.ts";
import { frameAt } from "../localise/geo.ts";

type Placed = Gapped & Pick<ShotFixed, "time" | "ellipse95" | "probability" | "withdrawn">;

/** As the solver sees it: rounds this close are of one place, whatever their ellipses say. */
const SAME_PLACE_M = 60;
/** A step or two: 400 times less ground than `SAME_PLACE_M`. A round from there needs this share of the probability. */
const VERY_PLACE = { metres: 3, share: 0.05 };
/** One gap at four nodes and more, and no front's echo: hardly anything but another round. A tenth of the share, for its detectors may all doubt it. */
const ONE_GAP = { withinS: 1, share: 0.005 };

/**
 * Another round from the place of one of these? Return fire and fireworks come from elsewhere, and must be likely by themselves. In
 * the reverberation of the round before a detector is seldom sure, but by chance hardly anything comes from the very place of a round, and
 * still less with one gap at each node. The newest versions alone decide, so that it is the same whenever, and in whatever order, they come.
 */
export function isRoundOf(shot: Placed, rounds: readonly Placed[], minRoundProbability: number): boolean {
  const frame = frameAt({ lat: shot.lat, lon: shot.lon, altM: 0 });
  return rounds.some((round) => {
    if (round.withdrawn !== undefined) return false;
    const { eastM, northM } = frame.toLocal(round.lat, round.lon, 0);
    const apartM = Math.hypot(eastM, northM) - round.ellipse95.semiMajorM - shot.ellipse95.semiMajorM;
    if (apartM > SAME_PLACE_M) return false;
    const isLikely = (share: number) => shot.probability >= share * minRoundProbability;
    if (isLikely(1) || (apartM <= VERY_PLACE.metres && isLikely(VERY_PLACE.share))) return true;
    return isLikely(ONE_GAP.share) && isOneGapAway(shot, round);
  });
}

function isOneGapAway(shot: Placed, round: Placed): boolean {
  const laterS = Number(nsOfUtc(shot.time) - nsOfUtc(round.time)) / 1e9;
  if (Math.abs(laterS) > ONE_GAP.withinS) return false;
  const gap = laterS > 0 ? commonGap(round, shot) : commonGap(shot, round);
  return gap !== undefined && !gap.isOfImage;
}

/** Less likely than that nothing is told as a round, but where one gap vouches for it; 0 where that is not said. */
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
