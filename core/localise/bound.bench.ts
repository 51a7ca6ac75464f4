/** How close to the Cramér-Rao bound the fixes come, and how often the ellipses hold: the figures of clean, doubtful and warm air. */
import { figuresOf, type RunOptions, tempOf } from "./case-figures.ts";
import { cleanCase } from "./cases.ts";

function told(name: string, options: RunOptions, limit: number) {
  const f = figuresOf(options);
  const ratio = f.rmseM / f.boundM;
  console.log(
    JSON.stringify({
      bench: "locate",
      figure: `${name}: RMSE over Cramér-Rao bound`,
      value: round(ratio),
      unit: "1",
      bound: limit,
      rmseM: round(f.rmseM),
      cramerRaoM: round(f.boundM),
      // Few shots of poor geometry decide the ratio: what knowing the true place as the start would have given on these very arrivals.
      oracleOverBound: round(f.oracleRmseM / f.boundM),
      shots: f.shots,
      found: round(f.found),
    }),
  );
  console.log(
    JSON.stringify({
      bench: "locate",
      figure: `${name}: within the 95 % ellipse`,
      value: round(f.coverage95),
      unit: "1",
      bound: 0.95,
    }),
  );
}

const round = (x: number) => Math.round(x * 1e4) / 1e4;

told("clean, 6 to 9 nodes, sigma 0.2 to 1 ms", { count: 4000, seed: 11 }, 1.05);
told(
  "clean, level ground above the ellipsoid",
  { count: 4000, seed: 12, case: { nodeUpM: [255, 257], sourceUpM: 251.5 } },
  1.05,
);
told("a quarter of the clocks bad by 20 ms and saying so", { count: 4000, seed: 13, case: { badClocks: 0.25 } }, 1.15);
told(
  "air at 31 degrees, given",
  { count: 2000, seed: 14, case: { speedMps: 331.3 * Math.sqrt(1 + 31 / 273.15) }, site: { airTempC: 31 } },
  1.05,
);
told(
  "air temperature wrong by 10 degrees, 7 to 9 nodes, speed solved for",
  {
    count: 2000,
    seed: 15,
    case: { nodes: [7, 9] },
    site: { airTempC: tempOf(cleanCase.speedMps) + 10 },
    unknownSpeed: true,
  },
  1.1,
);
told(
  "air temperature wrong by -10 degrees, 7 to 9 nodes, --speed solve",
  {
    count: 2000,
    seed: 16,
    case: { nodes: [7, 9] },
    site: { airTempC: tempOf(cleanCase.speedMps) - 10 },
    localiser: { speed: "solve" },
    unknownSpeed: true,
  },
  1.1,
);
