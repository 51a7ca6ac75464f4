/**
 * Fits `WEIGHTS` of core/localise/belief.ts: logistic regression on every version of every shot that the chain tells of, in simulated
 * cities. `node --import tsx bin/demo/fit-belief.ts [DEMO_SEEDS] [FIRST] [HARD_SEEDS] [FIRST] [--keep DIR]`; the seeds are others than the
 * benches'. With --keep what the lampposts heard is kept, so that a fit that was broken off goes on and the next one is quick.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { features } from "#core/localise/belief.ts";
import { type ChainResult, hearCity, playOf, solveCity } from "./chain.ts";
import { distanceM } from "./judge.ts";
import { newestClassifier } from "./newest-classifier.ts";

interface Sample {
  x: number[];
  isShot: boolean;
  weight: number;
  share: number;
}

/** Of a true round: this near to it in place and time. */
const SAME = { metres: 40, seconds: 0.05 };
/** Pull of all weights towards zero. */
const RIDGE = 2e-3;
/** In a city shots are rare among sudden sounds; in the scenarios there are three for each rocket. */
const OTHERS_PER_SHOT = 4;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { keep: { type: "string" } } });
const [demoSeeds = 100, demoFirst = 6000, hardSeeds = 40, hardFirst = 2000] = positionals.map(Number);
const { classifier, version } = await newestClassifier();
const samples: Sample[] = [];
for (const [count, first, hard] of [
  [demoSeeds, demoFirst, false],
  [hardSeeds, hardFirst, true],
] as const) {
  for (let seed = first; seed < first + count; seed++) {
    samples.push(...samplesOf(await solvedCity(seed, hard)));
    process.stderr.write(`seed ${seed}: ${samples.length} versions\n`);
  }
}
await classifier.close();
const weights = fitted(inCityShares(samples));
const right = samples.filter(({ x, isShot, share }) => share * chance(x, weights) >= 0.5 === isShot);
console.log(
  JSON.stringify({
    model: version,
    seeds: { demo: [demoFirst, demoFirst + demoSeeds - 1], hard: [hardFirst, hardFirst + hardSeeds - 1] },
    versions: samples.length,
    weights: weights.map((w) => Number(w.toFixed(2))),
    rightShare: Number((right.length / samples.length).toFixed(4)),
  }),
);

async function solvedCity(seed: number, hard: boolean): Promise<ChainResult> {
  if (values.keep === undefined) return solveCity(await hearCity(seed, classifier, hard));
  const folder = join(values.keep, `m${version}-${hard ? "hard" : "demo"}`);
  const file = join(folder, `${seed}.json`);
  if (existsSync(file)) {
    const heard = JSON.parse(readFileSync(file, "utf8")) as ShotHeard[];
    return solveCity({ seed, ...playOf(seed, hard), heard });
  }
  const city = await hearCity(seed, classifier, hard);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(city.heard));
  renameSync(`${file}.part`, file);
  return solveCity(city);
}

function samplesOf({ told, truth, epochNs }: ChainResult): Sample[] {
  const versionsOf = Map.groupBy(
    told.filter((shot) => shot.withdrawn === undefined),
    ({ id }) => id,
  );
  const withdrawn = new Set(told.filter((shot) => shot.withdrawn !== undefined).map(({ id }) => id));
  return [...versionsOf].flatMap(([id, versions]) =>
    versions.map((shot, i) => {
      const atS = Number(nsOfUtc(shot.time) - epochNs) / 1e9;
      const isLast = i === versions.length - 1 && !withdrawn.has(id);
      return {
        x: features(
          shot.arrivals.map(({ probability }) => probability ?? 0.5),
          { direct: shot.solver?.logOdds ?? 0, elevation: shot.elevation },
        ),
        isShot: truth.shots.some((one) => Math.abs(atS - one.atS) < SAME.seconds && distanceM(shot, one) < SAME.metres),
        // A shot counts for what stands in the end, and once more for all that was told on the way.
        weight: (isLast ? 1 : 0) + 1 / versions.length,
        share: shot.solver?.share ?? 1,
      };
    }),
  );
}

/** Weighted so that what was no shot counts as often as it comes in a city. */
function inCityShares(from: readonly Sample[]): Sample[] {
  let [shots, others] = [0, 0];
  for (const { isShot, weight } of from) isShot ? (shots += weight) : (others += weight);
  const factor = (OTHERS_PER_SHOT * shots) / others;
  return from.map((each) => (each.isShot ? each : { ...each, weight: factor * each.weight }));
}

function chance(x: readonly number[], w: readonly number[]): number {
  return 1 / (1 + Math.exp(-x.reduce((sum, value, i) => sum + value * w[i]!, 0)));
}

/** Newton's method on the weighted log likelihood. */
function fitted(from: readonly Sample[]): number[] {
  const n = from[0]!.x.length;
  let w = new Array<number>(n).fill(0);
  const pull = RIDGE * from.reduce((sum, { weight }) => sum + weight, 0);
  for (let round = 0; round < 60; round++) {
    const hessian = w.map((_, i) => w.map((__, j) => (i === j ? pull : 0)));
    const gradient = w.map((value) => pull * value);
    for (const { x, isShot, weight } of from) {
      const p = chance(x, w);
      for (let i = 0; i < n; i++) {
        gradient[i]! += weight * (p - Number(isShot)) * x[i]!;
        for (let j = 0; j < n; j++) hessian[i]![j]! += weight * p * (1 - p) * x[i]! * x[j]!;
      }
    }
    const step = solved(hessian, gradient);
    w = w.map((value, i) => value - step[i]!);
  }
  return w;
}

/** Gauss-Jordan elimination of a small positive definite system. */
function solved(a: number[][], b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows[i]![i]!;
    for (let k = 0; k < rows.length; k++) {
      if (k === i) continue;
      const factor = rows[k]![i]! / pivot;
      for (let j = i; j <= rows.length; j++) rows[k]![j]! -= factor * rows[i]![j]!;
    }
  }
  return rows.map((row, i) => row[rows.length]! / row[i]!);
}
