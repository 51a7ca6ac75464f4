/**
 * How many rounds of a burst are told, how many that were not fired, and where the others were lost: the whole chain, over many cities.
 * `node --import tsx bin/demo/bursts.bench.ts [CITIES] [FIRST] [--kind burst|pair|single] [--keep DIR]`; with --keep what the lampposts heard
 * is kept, so that a change to the localiser is measured in seconds.
 */
import { parseArgs } from "node:util";
import { type CountedBurst, countRounds, hearBurst, KINDS, lossKinds } from "./bursts.ts";
import { newestClassifier } from "./newest-classifier.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: "string" }, kind: { type: "string" } },
});
const [cities = 1, first = 1000] = positionals.map(Number);
let opened: ReturnType<typeof newestClassifier> | undefined;
const classifier = () => (opened ??= newestClassifier());
for (const kind of KINDS.filter((one) => values.kind === undefined || one === values.kind)) {
  const counted: CountedBurst[] = [];
  for (let seed = first; seed < first + cities; seed++) {
    const one = countRounds(await hearBurst(kind, seed, classifier, values.keep));
    counted.push(one);
    process.stderr.write(
      `${kind} ${seed}: ${one.told} told of ${one.rounds}, ${Math.round(1000 * one.gapS)} ms apart; ${one.invented} invented, worst ${one.worstM.toFixed(1)} m${one.losses.length > 0 ? `; lost: ${one.losses.join(", ")}` : ""}\n`,
    );
  }
  const sum = (of: (one: CountedBurst) => number) => counted.reduce((total, one) => total + of(one), 0);
  const print = (figure: string, value: number, unit: string) =>
    console.log(JSON.stringify({ bench: "bursts", kind, figure, value, unit, cities, first }));
  print(
    "rounds fired",
    sum(({ rounds }) => rounds),
    "rounds",
  );
  print(
    "rounds told that were fired",
    sum(({ found }) => found),
    "rounds",
  );
  print(
    "rounds told that were not fired",
    sum(({ invented }) => invented),
    "rounds",
  );
  print(
    "told exactly as many",
    counted.filter(({ rounds, told }) => rounds === told).length / cities,
    "share of cities",
  );
  const reckoned = counted.flatMap(({ between, rounds }) => (between ? [{ ...between, rounds }] : []));
  print(
    "fired as many as the interval holds, of those told",
    reckoned.filter(({ low, high, rounds }) => low <= rounds && rounds <= high).length / reckoned.length,
    "share of cities",
  );
  print(
    "mean width of the interval",
    reckoned.reduce((sum, { low, high }) => sum + high - low, 0) / reckoned.length,
    "rounds",
  );
  print("nothing told", counted.filter(({ told }) => told === 0).length, "cities");
  print("farthest round", Math.max(...counted.map(({ worstM }) => worstM)), "m");
  for (const loss of lossKinds)
    print(
      `lost: ${loss}`,
      sum(({ losses }) => losses.filter((one) => one === loss).length),
      "rounds",
    );
}
if (opened) await (await opened).classifier.close();
