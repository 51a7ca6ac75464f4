/**
 * How many rounds were fired, with what is left open: what was told may be an echo of the round before, and a round that too few nodes
 * tell, or none is sure of, is not told at all. Given that it was gunfire: whether it was is the incident's probability to say.
 *
 *   fired = 1 + sum of Bernoulli(separate) over the other rounds told + sum of NegBin(rounds, hidden) over the salvos
 *
 * A told round is separate where it comes with one gap at four nodes and no single image of a front explains the gap; where one does, it
 * is as likely an echo; without a common gap it is as likely as its detectors say. A hidden round of a salvo is one whose nodes or whose
 * belief would have fallen short, by the mean of the rounds that were told and the scatter between rounds of one salvo.
 */
import type { RoundsBetween } from "#contract/incident.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { toldChance } from "./burst-rounds.ts";
import { commonGap, LEAST_GAP_S } from "./common-gap.ts";

type Told = Pick<ShotFixed, "time" | "lat" | "lon" | "probability" | "arrivals" | "speedOfSoundMps">;

/**
 * In order: nodes that a round must have to be told; their scatter between rounds of one salvo, and that of their belief (log odds); chance
 * that a round with one gap at all is separate where no image explains the gap, and where one does; that another follows several, and one;
 * share of salvos that lose rounds for reasons which the rounds told do not show. Chosen on seeds 100 to 139, 400 to 439 and bursts
 * 5000 to 5019 (docs/bench/chain.md).
 */
export const COUNT_WEIGHTS: readonly number[] = [5, 2, 1.3, 0.998, 0.5, 0.75, 0.35, 0.04];
/** Of every release so far: with others whoever seals a bundle anew could have any interval. */
export const RELEASED_COUNT_WEIGHTS: readonly (readonly number[])[] = [COUNT_WEIGHTS];
const LEVEL = 0.95;

/** Rounds that follow each other within this are of one salvo. */
const SALVO_S = 0.5;
/** A front's echo comes no later: 50 m behind the shooter. */
const LONGEST_ECHO_S = 0.3;
/** Of the first round's expected listeners so many tell another, give or take; its belief is so much lower, give or take. */
const LATER = { share: 0.93, shareSigma: 0.18, logOdds: -2.6, logOddsSigma: 2.2 };
/** A salvo's cadence is even where each gap is a multiple of the shortest, within this share of it, of three gaps and more; a hole in it is so much likelier a round than a pause. */
const EVEN = { share: 0.12, gaps: 3 };
const HOLE = 30;
/**
 * A site of few nodes tells a round by fewer: by this share of those that heard the first, three at least, with a scatter of no more than so
 * many of them. From ten nodes on it changes nothing; below no sample was measured.
 */
const FEW_NODES = { share: 0.6, least: 3, scatter: 0.2 };
/** In a salvo that loses rounds for reasons its other rounds do not show, each is lost with this chance. */
const HARD = 0.5;
/** More hidden rounds of one salvo are not reckoned with. */
const MOST_HIDDEN = 30;

/**
 * @param counting rounds told, at least one.
 * @param unlikely told before, and too unlikely to count by now.
 * @param least probability below which a round is not told; 0 where all are.
 */
export function roundsBetween(
  counting: readonly Told[],
  unlikely: readonly Told[] = [],
  least = 0,
  weights: readonly number[] = COUNT_WEIGHTS,
): RoundsBetween {
  const chances = chancesOf(counting, unlikely, least, weights);
  let low = chances.indexOf(Math.max(...chances));
  let high = low;
  const likely = low;
  for (let sum = chances[low]!; sum < LEVEL && high - low < chances.length - 1; ) {
    const below = low > 0 ? chances[low - 1]! : -1;
    const above = chances[high + 1] ?? -1;
    if (above >= below) sum += chances[++high]!;
    else sum += chances[--low]!;
  }
  return { low, high, likely, level: LEVEL, weights: [...weights] };
}

/** Of each number of rounds, from none on, how likely it is. */
export function chancesOf(
  counting: readonly Told[],
  unlikely: readonly Told[],
  least: number,
  weights: readonly number[] = COUNT_WEIGHTS,
): number[] {
  const rounds = counting.map((shot) => ({ shot, atS: Number(nsOfUtc(shot.time) - nsOfUtc(counting[0]!.time)) / 1e9 }));
  rounds.sort((a, b) => a.atS - b.atS);
  const first = rounds.reduce((a, b) => (b.shot.arrivals.length > a.shot.arrivals.length ? b : a));
  let chances = [0, 1];
  for (const round of rounds) if (round !== first) chances = either(chances, separateChance(round, rounds, weights));
  for (const { probability } of unlikely) chances = either(chances, probability);
  for (const salvo of salvosOf(rounds)) chances = withHidden(chances, salvo, least, weights);
  return chances;
}

interface Round {
  shot: Told;
  atS: number;
}

/** One more with that chance. */
function either(chances: readonly number[], chance: number): number[] {
  return [...chances, 0].map((was, n) => (1 - chance) * was + chance * (chances[n - 1] ?? 0));
}

function separateChance(round: Round, rounds: readonly Round[], [, , , separate, image]: readonly number[]): number {
  let behindFront = false;
  for (const other of rounds) {
    if (other === round || Math.abs(other.atS - round.atS) > SALVO_S * 2) continue;
    const [before, after] = other.atS < round.atS ? [other, round] : [round, other];
    const told = commonGap(before.shot, after.shot);
    if (!told) continue;
    if (!told.isOfImage) return separate!;
    if (after === round && told.gapS <= LONGEST_ECHO_S) behindFront = true;
  }
  return behindFront ? image! : round.shot.probability;
}

function salvosOf(rounds: readonly Round[]): Round[][] {
  const salvos: Round[][] = [];
  for (const round of rounds) {
    const last = salvos.at(-1)?.at(-1);
    if (last && round.atS - last.atS <= SALVO_S) salvos.at(-1)!.push(round);
    else salvos.push([round]);
  }
  return salvos;
}

/** Hidden rounds of a salvo: as many failures before its rounds' successes, each with the chance that one would not have been told. */
function withHidden(
  chances: readonly number[],
  salvo: readonly Round[],
  least: number,
  weights: readonly number[],
): number[] {
  const hidden = hiddenChance(salvo, least, weights);
  const [, , , , , afterMore, afterOne, hard] = weights;
  const another = salvo.length > 1 ? afterMore : afterOne;
  const holes = holesOf(salvo);
  let out = [...chances];
  for (let k = 0; k < (holes ?? 0); k++) out = either(out, (HOLE * hidden) / (HOLE * hidden + 1 - hidden));
  // In an even cadence only the ends can hide more.
  const successes = holes === undefined ? salvo.length : Math.min(salvo.length, 2);
  const more = (chance: number) => {
    const each = [(1 - chance) ** successes];
    for (let h = 1; h <= MOST_HIDDEN; h++) each.push((each[h - 1]! * chance * (successes + h - 1)) / h);
    return each;
  };
  const [told, deaf] = [more(hidden * another!), more(Math.max(hidden, HARD) * another!)];
  const odds = told.map((one, h) => (1 - hard!) * one + hard! * deaf[h]!);
  const sum = new Array<number>(out.length + MOST_HIDDEN).fill(0);
  for (const [n, chance] of out.entries()) for (const [h, one] of odds.entries()) sum[n + h]! += chance * one;
  out = sum;
  while (out.length > 2 && out.at(-1)! < 1e-9) out.pop();
  return out;
}

/** Chance that one more round of this salvo would not have been told. */
function hiddenChance(
  salvo: readonly Round[],
  least: number,
  [need, nodesSigma, oddsSigma]: readonly number[],
): number {
  const first = salvo.reduce((a, b) => (b.shot.arrivals.length > a.shot.arrivals.length ? b : a));
  const later = salvo.filter((round) => round !== first);
  const could = first.shot.arrivals.reduce((sum, { probability }) => sum + toldChance(probability), 0);
  const heard = first.shot.arrivals.length;
  const sure = logit(first.shot.probability);
  const nodes = next(
    later.map(({ shot }) => shot.arrivals.length),
    { mean: LATER.share * could, sigma: LATER.shareSigma * could },
    Math.min(nodesSigma!, FEW_NODES.scatter * heard),
  );
  const belief = next(
    later.map(({ shot }) => logit(shot.probability)),
    { mean: sure + LATER.logOdds, sigma: LATER.logOddsSigma },
    oddsSigma!,
  );
  const short = below(Math.min(need!, Math.max(FEW_NODES.least, FEW_NODES.share * heard)), nodes);
  const doubted = least > 0 ? below(logit(least), belief) : 0;
  return Math.min(0.9, short + doubted - short * doubted);
}

/** Rounds missing from an even cadence; undefined where it is not even, or too short to tell. */
function holesOf(salvo: readonly Round[]): number | undefined {
  const gaps = salvo.slice(1).map(({ atS }, k) => atS - salvo[k]!.atS);
  if (gaps.length < EVEN.gaps) return undefined;
  const unit = Math.min(...gaps);
  const counts = gaps.map((gap) => Math.round(gap / unit));
  const isEven = gaps.every((gap, k) => Math.abs(gap / unit - counts[k]!) <= EVEN.share * counts[k]!);
  const single = counts.filter((count) => count === 1).length;
  if (unit < LEAST_GAP_S || !isEven || single < counts.length / 2) return undefined;
  return counts.reduce((sum, count) => sum + count - 1, 0);
}

const logit = (chance: number) => {
  const p = Math.min(Math.max(chance, 1e-9), 1 - 1e-9);
  return Math.log(p / (1 - p));
};

interface Guess {
  mean: number;
  sigma: number;
}

/** Of the next round: what the first lets expect and what the others of its salvo were, the last two where they were less. */
function next(seen: readonly number[], before: Guess, sigma: number): Guess {
  const lasting = Math.min(mean(seen), mean(seen.slice(-2)));
  const [own, prior] = [seen.length / sigma ** 2, 1 / before.sigma ** 2];
  const middle = seen.length === 0 ? before.mean : (lasting * own + before.mean * prior) / (own + prior);
  return { mean: middle, sigma: Math.sqrt(sigma ** 2 + 1 / (own + prior)) };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Logistic distribution: the scatter itself is but estimated. */
const below = (limit: number, { mean, sigma }: Guess) =>
  1 / (1 + Math.exp((Math.PI / Math.sqrt(3)) * ((mean - limit) / sigma)));
