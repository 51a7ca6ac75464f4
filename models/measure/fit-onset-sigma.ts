/**
 * Fits what an onset's sigma is made of (`STATED` and `WRONG` of core/acoustics) to rendered shots with known truth, and says how the shipped
 * weights do on the same.
 *
 *   npx node models/measure/fit-onset-sigma.ts SCRATCH [--check SEED:SHOTS,SEED:SHOTS]
 *
 * 58,000 shots are rendered (half an hour of one core; each sample stays in SCRATCH, so that what was rendered once is there the next time). Least mean of
 * ln v + e^2 / v + 0.03 (e^2 / v)^2, with v the square of sigma and e the error: a Gaussian's likelihood, and a price on errors of many
 * sigmas, as nothing foretells every wrong wave. Then all timing parts are scaled so that error over sigma is 1.2 in RMS in waves of over 30 noise
 * sigmas, which have no wrong ones to balance, and the others so that it is 0.97 in all.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  NOTHING_S,
  type Picked,
  STATED,
  type StatedWeights,
  statedSigmaS,
} from "#core/acoustics/onset-sigma-stated.ts";
import { WRONG, type WrongWeights, wrongSeen, wrongWaveProbability } from "#core/acoustics/onset-wrong.ts";
import { type FirstArrival, firstArrivals } from "./first-arrivals.ts";
import { minimise } from "./minimise.ts";
import { rms } from "./statistics.ts";

/** What was fitted on: seed and shots. */
const SAMPLES: [string, number][] = [
  ...["", "-2", "-3", "-4", "-5", "-6"].map((n): [string, number] => [`onset-timing${n}`, 1000]),
  ...["a", "b", "c", "d", "e", "f"].map((n): [string, number] => [`fit-${n}`, 2000]),
  ...["g", "h", "j", "k"].map((n): [string, number] => [`dev-${n}`, 2000]),
  ...["a", "b", "c", "d", "e", "f", "g", "h"].map((n): [string, number] => [`sig-${n}`, 4000]),
];
const PRICE = 0.03;
/** On the squares of the logistic's weights, each per standard deviation of what it weighs. */
const RIDGE = 1e-3;
/** Held while the rest is fitted, by a few values tried: before all are scaled. */
const HELD = { leastS: 8e-6, hint: 1, unseenS: 250e-6, unseenBluntS: 150e-6 };
const CLEAR = { sigmas: 30, rms: 1.2, othersMeanwhile: 0.65 };
const ALL_RMS = 0.97;
/** What each number of the search starts from. */
const START: Omit<StatedWeights, keyof typeof HELD> = {
  noise: 0.5,
  longer: 0.5,
  kernel: 0.1,
  apart: 0.1,
  fromSharp: 0.5,
  early: 0.2,
  dullS: 1e-5,
  wrongS: 0.005,
};
const STATED_FITTED = Object.keys(START) as (keyof typeof START)[];
const TIMING = ["noise", "longer", "kernel", "apart", "fromSharp", "early", "dullS", "leastS"] as const;
const OTHERS = ["wrongS", "hint", "unseenS", "unseenBluntS"] as const;
const SEEN = ["before", "lnClear", "lnLevel", "lnWhite", "lnLike"] as const;

interface Weights {
  stated: StatedWeights;
  wrong: WrongWeights;
}
type Timed = FirstArrival & { picked: Picked };

const { values, positionals } = parseArgs({ options: { check: { type: "string" } }, allowPositionals: true });
const [scratch] = positionals;
if (!scratch) throw new Error("usage: node models/measure/fit-onset-sigma.ts SCRATCH [--check SEED:SHOTS,...]");
mkdirSync(scratch, { recursive: true });

/** The shots of a sample of 6 dB and more whose first arrival was timed. */
function sample([seed, shots]: [string, number]): FirstArrival[] {
  const file = join(scratch!, `${seed}-${shots}.jsonl`);
  if (!existsSync(file)) {
    process.stderr.write(`fit-onset-sigma: rendering ${shots} shots of ${seed}\n`);
    const lines = Array.from(firstArrivals(seed, shots), (arrival) => JSON.stringify(arrival));
    writeFileSync(`${file}.part`, lines.join("\n"));
    renameSync(`${file}.part`, file);
  }
  const all: FirstArrival[] = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return all.filter(({ timed, snrDb }) => timed === "first" && snrDb >= 6);
}

function sigmaS({ picked, rateHz }: FirstArrival, { stated, wrong }: Weights): number {
  if (!picked) return NOTHING_S;
  return statedSigmaS({ ...picked, wrong: wrongWaveProbability(picked.wave, wrong) }, rateHz, stated);
}
const ratios = (shots: readonly FirstArrival[], weights: Weights) =>
  shots.map((shot) => shot.errorS / sigmaS(shot, weights));

function loss(shots: readonly Timed[], weights: Weights): number {
  let sum = 0;
  for (const shot of shots) {
    const s = sigmaS(shot, weights);
    const z2 = (shot.errorS / s) ** 2;
    sum += 2 * Math.log(s / 1e-5) + z2 + PRICE * z2 * z2;
  }
  return sum / shots.length;
}

function fit(shots: readonly Timed[]): Weights {
  const seen = shots.map(({ picked }) => wrongSeen(picked.wave));
  const mean = SEEN.map((name) => seen.reduce((sum, each) => sum + each[name], 0) / seen.length);
  const deviation = SEEN.map((name, k) => rms(seen.map((each) => each[name] - mean[k]!)));
  const read = (x: readonly number[]): Weights => {
    const stated = Object.fromEntries(STATED_FITTED.map((name, i) => [name, START[name] * Math.exp(x[i]!)]));
    const perSeen = SEEN.map((_, k) => x[STATED_FITTED.length + k]! / deviation[k]!);
    const bias = x.at(-1)! - perSeen.reduce((sum, w, k) => sum + w * mean[k]!, 0);
    const wrong = Object.fromEntries(SEEN.map((name, k) => [name, perSeen[k]!]));
    return { stated: { ...stated, ...HELD } as StatedWeights, wrong: { bias, ...wrong } as WrongWeights };
  };
  const ridge = (x: readonly number[]) => RIDGE * x.slice(STATED_FITTED.length, -1).reduce((sum, w) => sum + w * w, 0);
  const start = [...STATED_FITTED.map(() => 0), ...SEEN.map(() => 0), -5];
  const { x, value, steps } = minimise((x) => loss(shots, read(x)) + ridge(x), start, 1e-7);
  process.stderr.write(`fit-onset-sigma: ${steps} steps, ${value.toFixed(5)} with the price on large weights\n`);
  return read(x);
}

function scaled({ stated, wrong }: Weights, timing: number, others: number): Weights {
  const by = (names: readonly (keyof StatedWeights)[], factor: number) =>
    Object.fromEntries(names.map((name) => [name, stated[name] * factor]));
  return { stated: { ...stated, ...by(TIMING, timing), ...by(OTHERS, others) }, wrong };
}

/** The factor at which a falling function has that value, by halving. */
function where(f: (factor: number) => number, value: number): number {
  let [low, high] = [0.05, 5];
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high);
    if (f(middle) > value) low = middle;
    else high = middle;
  }
  return low;
}

const all = SAMPLES.flatMap(sample);
const timed = all.filter((shot): shot is Timed => shot.picked !== undefined);
const clear = timed.filter(({ picked }) => picked.clear > CLEAR.sigmas);
const raw = fit(timed);
const timing = where((k) => rms(ratios(clear, scaled(raw, k, CLEAR.othersMeanwhile))), CLEAR.rms);
const others = where((k) => rms(ratios(all, scaled(raw, timing, k))), ALL_RMS);
const refitted = scaled(raw, timing, others);
const shipped = { stated: STATED, wrong: WRONG };
const lossOf = (weights: Weights) => Number(loss(timed, weights).toFixed(5));
const checked = (values.check ?? "")
  .split(",")
  .filter(Boolean)
  .map((each): [string, number] => {
    const [seed, shots] = each.split(":");
    return [seed!, Number(shots ?? 1000)];
  });
const round = (x: number) => Number(x.toPrecision(3));
const rounded = (weights: object) => Object.fromEntries(Object.entries(weights).map(([name, x]) => [name, round(x)]));
const ratioOf = (shots: readonly FirstArrival[], weights: Weights) => ({
  lineOfSight: round(
    rms(
      ratios(
        shots.filter(({ direct }) => direct),
        weights,
      ),
    ),
  ),
  all: round(rms(ratios(shots, weights))),
});
process.stdout.write(
  `${JSON.stringify(
    {
      shots: all.length,
      loss: { shipped: lossOf(shipped), refitted: lossOf(refitted), refittedBeforeScaling: lossOf(raw) },
      errorOverSigma: { shipped: ratioOf(all, shipped), refitted: ratioOf(all, refitted) },
      shipped,
      refitted: { stated: rounded(refitted.stated), wrong: rounded(refitted.wrong) },
      checked: checked.map((each) => {
        const shots = sample(each);
        return {
          seed: each[0],
          shots: shots.length,
          shipped: ratioOf(shots, shipped),
          refitted: ratioOf(shots, refitted),
        };
      }),
    },
    undefined,
    1,
  )}\n`,
);
