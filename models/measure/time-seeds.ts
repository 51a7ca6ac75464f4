/**
 * How well first arrivals are timed on samples of rendered shots, one line of JSON for each.
 *
 *   npx node models/measure/time-seeds.ts judge-1 judge-2:500 ...      (1000 shots each if not said; 20 s of one core for 1000)
 */
import { measureTiming } from "./rendered.ts";

const asked = process.argv.slice(2);
if (asked.length === 0) throw new Error("usage: node models/measure/time-seeds.ts SEED[:SHOTS] ...");
const round = (x: number) => Number(x.toPrecision(3));
for (const each of asked) {
  const [seed, shots = "1000"] = each.split(":");
  const { lineOfSight, all, ...counts } = measureTiming(Number(shots), seed);
  const of = (summary: typeof all) => ({
    errorMsRmsFrom15Db: round(summary.rmsMsFrom15Db),
    within02MsFrom15Db: round(summary.within02MsFrom15Db),
    errorOverSigma: round(summary.normalisedRms6To40Db),
  });
  process.stdout.write(`${JSON.stringify({ seed, ...counts, lineOfSight: of(lineOfSight), all: of(all) })}\n`);
}
