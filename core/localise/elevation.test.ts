import { test } from "uvu";
import * as assert from "uvu/assert";
import { speedOfSoundMps } from "./air.ts";
import { shotProbability } from "./belief.ts";
import { elevationOf } from "./elevation.ts";
import { priorOf } from "./prior.ts";
import { addRow, columnsFor, type Heard, type Prior } from "./problem.ts";
import { noSolution, solve } from "./solve.ts";

/** Twelve lampposts, 5 m high, on two rings of 200 m and 450 m around the town hall. */
const posts = Array.from({ length: 12 }, (_, i) => {
  const rangeM = i % 2 ? 450 : 200;
  const angle = (i * Math.PI) / 6;
  return { eastM: rangeM * Math.cos(angle), northM: rangeM * Math.sin(angle), upM: 5 };
});
/** Some tenths of a millisecond, none of them by chance. */
const ERRORS_S = [3, -5, 2, 6, -4, -1, 5, -6, 1, 4, -3, -2].map((x) => x * 1e-4);

/** What they hear of a bang 60 m east of it, `upM` above the street, in air of `airTempC`. */
function heardFrom(upM: number, airTempC: number, probability = 0.8): Heard[] {
  return posts.map(({ eastM, northM, upM: ownM }, i) => ({
    id: `a${i}`,
    node: `n${i}`,
    eastM,
    northM,
    upM: ownM,
    toaS: Math.hypot(eastM - 60, northM, ownM - upM) / speedOfSoundMps(airTempC) + ERRORS_S[i]!,
    sigmaS: 1.2e-3,
    probability,
    classed: true,
  }));
}

/** The thermometers say 20 degrees. */
const believed: Prior = priorOf({ airTempC: 20, given: true }, 0, { upM: 1.5, sigmaM: 1 }, 1e-3);
const doubted: Prior = { ...believed, speedSigma: 0.02 };

function elevation(heard: readonly Heard[], prior: Prior) {
  const columns = columnsFor(heard.length);
  for (const h of heard) addRow(columns, h);
  const rows = Int32Array.from(heard, (_, i) => i);
  const ground = noSolution();
  assert.ok(solve(columns, rows, heard.length, prior, 0, 0, -0.1, ground));
  return elevationOf(heard, prior, ground)!;
}

test("a bang 80 m above the street is placed there, one at 1.5 m within 20 m of the ground", () => {
  const rocket = elevation(heardFrom(80, 20), believed);
  assert.ok(Math.abs(rocket.aboveM - 78.5) < 3 * rocket.sigmaM && rocket.sigmaM < 5, JSON.stringify(rocket));
  assert.ok(rocket.gain > 100, String(rocket.gain));
  const shot = elevation(heardFrom(1.5, 20), believed);
  assert.ok(Math.abs(shot.aboveM) < 20 && shot.gain < 1, JSON.stringify(shot));
});

/** What twelve lampposts of a simulated city told of a rocket that burst 97 m above them: metres east and north of the fix, and up; s; ms; probability. */
const ROCKET = [
  [299.5, -159.4, 5.9, 1.00926, 2.36, 0.24],
  [-32.1, 368.1, 5.8, 1.10488, 2.66, 0.57],
  [375.2, 83.9, 5.2, 1.14527, 2.36, 0.27],
  [266.1, 283.9, 5.8, 1.15741, 2.36, 0.67],
  [-297.1, 276.2, 5.3, 1.20133, 1.47, 0.74],
  [-415.1, 24.1, 5.9, 1.22627, 2.78, 0.72],
  [478.0, -289.1, 5.4, 1.65664, 1.98, 0.83],
  [579.5, -95.9, 5.3, 1.75004, 1.57, 0.7],
  [-270.9, 546.3, 5.6, 1.81236, 1.26, 0.8],
  [343.8, 523.1, 5.4, 1.8674, 2.8, 0.57],
  [718.1, 357.8, 5.8, 2.38961, 2.81, 0.74],
  [346.8, 786.6, 6.1, 2.56452, 2.68, 0.3],
] as const;

test("a rocket whose crackle fits the ground in air 5 degrees warmer than measured is still one", () => {
  const heard = ROCKET.map(([eastM, northM, upM, toaS, sigmaMs, probability], i): Heard => {
    return { id: `a${i}`, node: `n${i}`, eastM, northM, upM, toaS, sigmaS: sigmaMs / 1000, probability, classed: true };
  });
  const air = { speedMps: 334.679, windEastMps: -1.528, windNorthMps: -1.583 };
  const at = { direct: 56, share: 1, eastM: 0, northM: 0, upM: 1.5 };
  const height = elevation(heard, { ...doubted, air });
  assert.ok(height.aboveM > 50 && height.gain > 4, JSON.stringify(height));
  const probability = shotProbability(heard, { ...at, elevation: height });
  assert.ok(probability < 0.3, `${probability}; 0.90 with the height asked in the doubted air alone`);
});

test("a shot is not lifted above the roofs by thermometers that are 8 degrees off", () => {
  for (const airTempC of [12, 28]) {
    const { aboveM, gain } = elevation(heardFrom(1.5, airTempC), doubted);
    assert.ok(aboveM < 35 || gain < 2, `${airTempC} degrees: ${aboveM} m, gain ${gain}`);
  }
});

test("twelve detectors at 88 % on the ground are a shot, 80 m above it they are not", () => {
  const at = { direct: 60, share: 1, eastM: 60, northM: 0, upM: 1.5 };
  const ground = heardFrom(1.5, 20, 0.88);
  const aloft = heardFrom(80, 20, 0.88);
  const shot = shotProbability(ground, { ...at, elevation: elevation(ground, believed) });
  const rocket = shotProbability(aloft, { ...at, elevation: elevation(aloft, believed) });
  assert.ok(shot > 0.5 && rocket < 0.02, `${shot}, ${rocket}`);
});

test.run();
