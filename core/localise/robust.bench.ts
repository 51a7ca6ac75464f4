/** Echoes, false arrivals and silent nodes: what is found, how far off, how often wrong without saying so. */
import { type Figures, figuresOf } from "./case-figures.ts";

const round = (x: number) => Math.round(x * 1e4) / 1e4;
function tell(name: string, f: Figures, figures: [string, number, string, number][]) {
  for (const [figure, value, unit, bound] of figures)
    console.log(
      JSON.stringify({
        bench: "locate",
        figure: `${name}: ${figure}`,
        value: round(value),
        unit,
        bound,
        shots: f.shots,
      }),
    );
}

const crowded = { echoOnly: 0.25, extraEcho: 0.4, falsePerShot: 1 };
const f = figuresOf({ count: 1500, seed: 21, case: crowded, clock: () => performance.now() });
tell("echoes and false arrivals", f, [
  ["found, five direct or more", f.foundOfFive, "1", 0.98],
  ["95th percentile of the error over that of an oracle", f.p95M / f.oracleP95M, "1", 1.3],
  ["confidently wrong", f.confidentlyWrong, "1", 0.01],
  ["wrong, with or without a mark of doubt", f.wrong, "1", 0.01],
  ["invented", f.invented, "1", 0.01],
  ["milliseconds per shot", f.perShotUs / 1000, "ms", 50],
]);

const missing = figuresOf({ count: 1000, seed: 22, case: { ...crowded, missing: 0.15 } });
tell("the same and 15 % of nodes silent", missing, [
  ["found, five direct or more", missing.foundOfFive, "1", 0.98],
  ["confidently wrong", missing.confidentlyWrong, "1", 0.01],
  ["wrong, with or without a mark of doubt", missing.wrong, "1", 0.01],
  ["invented", missing.invented, "1", 0.01],
]);

const four = figuresOf({ count: 2000, seed: 23, case: { nodes: [4, 4] } });
tell("four direct arrivals", four, [
  ["found", four.found, "1", 1],
  ["confidently wrong", four.confidentlyWrong, "1", 0],
  ["marked as doubtful", four.unverified, "1", 1],
]);

const oneEcho = figuresOf({ count: 2000, seed: 24, case: { nodes: [4, 4], echoOnly: 0.25 } });
tell("four arrivals, one an echo", oneEcho, [
  ["confidently wrong", oneEcho.confidentlyWrong, "1", 0],
  ["marked as doubtful, of those fixed", oneEcho.unverified, "1", 1],
  ["fixed", oneEcho.found, "1", 1],
]);
