import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "../rng.ts";
import { Absorption, stillAir } from "./air.ts";
import { flatPickup } from "./block.ts";
import { Renderer } from "./render.ts";
import type { EventKind, SoundSource } from "./source.ts";
import { drawSource, gunshot } from "./sources.ts";

/** Pressure one metre away, each emission alone, level with the source. */
function nearby(source: SoundSource): { peakDbSpl: number; centroidHz: number; lengthS: number } {
  const rateHz = 48_000;
  const renderer = new Renderer({ rateHz, absorption: new Absorption(stillAir), soundMps: 343, pickup: flatPickup });
  const emission = source.emissions[source.main ?? 0]!;
  const path = { kind: "direct", travelS: 0.05, lengthM: 1, gain: 1, departure: [1, 0, 0] } as const;
  const out = new Float64Array(2 * rateHz);
  for (const { start, samples } of renderer.render(emission.wave, [path], (s) => s * rateHz)) {
    samples.forEach((x, i) => {
      if (start + i >= 0 && start + i < out.length) out[start + i] = out[start + i]! + x;
    });
  }
  const energy = out.reduce((sum, x) => sum + x * x, 0);
  let slope = 0;
  for (let i = 1; i < out.length; i++) slope += (out[i]! - out[i - 1]!) ** 2;
  let gone = 0;
  let lengthS = 0;
  for (let i = 0; i < out.length && gone < 0.95 * energy; i++) {
    gone += out[i]! ** 2;
    lengthS = i / rateHz - 0.05;
  }
  return {
    peakDbSpl: 20 * Math.log10(Math.max(...out.map(Math.abs)) / 20e-6),
    // Root mean square frequency, from the power of the difference.
    centroidHz: (rateHz / Math.PI) * Math.asin(Math.min(1, Math.sqrt(slope / energy) / 2)),
    lengthS,
  };
}

/** Levels at a metre that each kind stays within, dB SPL peak. */
const levels: Record<EventKind, readonly [number, number]> = {
  gunshot: [138, 168],
  firework: [138, 166],
  firecrackers: [128, 164],
  backfire: [114, 146],
  door: [92, 124],
  hammer: [94, 126],
  metal: [96, 136],
  glass: [88, 124],
  balloon: [104, 132],
  babble: [60, 98],
};

for (const [kind, [least, most]] of Object.entries(levels) as [EventKind, readonly [number, number]][]) {
  test(`a ${kind} is ${least} to ${most} dB SPL at a metre, eight times over`, () => {
    for (let seed = 0; seed < 8; seed++) {
      const { peakDbSpl } = nearby(drawSource(new Rng(seed), kind));
      assert.ok(peakDbSpl >= least && peakDbSpl <= most, `seed ${seed}: ${peakDbSpl}`);
    }
  });
}

test("a shot is over in milliseconds, a struck door rings for tens, glass is brighter than a door", () => {
  const median = (kind: EventKind, of: (x: ReturnType<typeof nearby>) => number) =>
    Array.from({ length: 7 }, (_, seed) => of(nearby(drawSource(new Rng(seed), kind)))).sort((a, b) => a - b)[3]!;
  assert.ok(median("gunshot", (x) => x.lengthS) < 0.006);
  assert.ok(median("door", (x) => x.lengthS) > 0.01);
  assert.ok(median("glass", (x) => x.centroidHz) > 3 * median("door", (x) => x.centroidHz));
});

test("three rounds at 0, 0.2 and 0.5 s are three emissions of one gun, loads within 4 dB of each other", () => {
  const source = gunshot(new Rng(3), { weapon: "9mm", roundsAtS: [0, 0.2, 0.5] });
  assert.equal(
    source.emissions.map((e) => e.atS),
    [0, 0.2, 0.5],
  );
  const peaks = source.emissions.map((_, main) => nearby({ ...source, main }).peakDbSpl);
  assert.ok(Math.max(...peaks) - Math.min(...peaks) < 4, peaks.join());
});

test("the same seed draws the same source", () => {
  const once = () => JSON.stringify(drawSource(new Rng(5), "firework"));
  assert.is(once(), once());
});

test.run();
