/** Whole chain over many cities: how often all rounds are found, how far off, how many incidents without a shot. `node bin/demo/chain.bench.ts [SEEDS] [FIRST] [--hard]` */
import { type ChainResult, runChain } from "./chain.ts";
import { newestClassifier } from "./newest-classifier.ts";

const count = Number(process.argv[2] ?? 6);
const hard = process.argv.includes("--hard");
const firstSeed = Number(process.argv[3] ?? 1000);
const { classifier, version } = await newestClassifier();
const results: ChainResult[] = [];
for (let seed = firstSeed; seed < firstSeed + count; seed++) {
  const result = await runChain(seed, classifier, hard);
  results.push(result);
  const { rounds, trueRounds, fixErrorM, falseIncidents, heard } = result;
  process.stderr.write(
    `seed ${seed}: ${rounds} of ${trueRounds} rounds, fix ${fixErrorM?.toFixed(2) ?? "none"} m, ${falseIncidents} false, ${heard.length} arrivals told\n`,
  );
}
await classifier.close();
const errors = results.flatMap(({ fixErrorM }) => (fixErrorM === undefined ? [] : [fixErrorM])).sort((a, b) => a - b);
const share = (fact: (result: (typeof results)[number]) => boolean) => results.filter(fact).length / results.length;
const print = (figure: string, value: number, unit: string) =>
  console.log(
    JSON.stringify({ bench: "chain", figure, value, unit, seeds: count, city: hard ? "hard" : "demo", model: version }),
  );
print(
  "all rounds found, none more",
  share(({ rounds, trueRounds }) => rounds === trueRounds),
  "share of bursts",
);
print(
  "as it should be: all rounds, within 5 m, no false incident",
  share(
    ({ rounds, trueRounds, fixErrorM, falseIncidents }) =>
      rounds === trueRounds && fixErrorM !== undefined && fixErrorM <= 5 && falseIncidents === 0,
  ),
  "share of bursts",
);
print(
  "no incident without a shot",
  share(({ falseIncidents }) => falseIncidents === 0),
  "share of bursts",
);
print(
  "fix within 5 m",
  share(({ fixErrorM }) => fixErrorM !== undefined && fixErrorM <= 5),
  "share of bursts",
);
const afterS = results.flatMap(({ alertAfterSoundS: s }) => (s === undefined ? [] : [s])).sort((a, b) => a - b);
print("median alert after the sound, no machine's time", afterS[Math.floor(afterS.length / 2)] ?? Number.NaN, "s");
print("latest alert after the sound, no machine's time", afterS.at(-1) ?? Number.NaN, "s");
print("median fix error", errors[Math.floor(errors.length / 2)] ?? Number.NaN, "m");
print("largest fix error", errors.at(-1) ?? Number.NaN, "m");
