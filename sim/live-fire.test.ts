/** The simulated city beside live fire: far pistol shots must ring as long and as loud as the recordings of Pittsburgh do. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeCity } from "./city.ts";
import { Rng } from "./rng.ts";
import { renderTrainingClip } from "./training-clip.ts";

const data = process.env.TOCSIN_DATA;
const folder = data && join(data, "pittsburgh");
const rateHz = 12_000;

/** Decibels against the first 10 ms after the arrival at sample `at`, above 150 Hz, noise taken off. */
interface Ringing {
  snrDb: number;
  /** Energy from 10 to 50 ms, and from 50 to 300 ms. */
  soonDb: number;
  lateDb: number;
  /** Highest peak from 50 to 300 ms against the arrival's. */
  latePeakDb: number;
}

function ringing(samples: Float32Array, at: number): Ringing {
  const band = highPassed(highPassed(samples));
  const energy = (from: number, to: number) => band.subarray(at + from, at + to).reduce((sum, x) => sum + x * x, 0);
  const peak = (from: number, to: number) =>
    band.subarray(at + from, at + to).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const noise = energy(-1200, -60) / 1140;
  const over = (from: number, to: number) =>
    Math.max(1e-3 * noise * (to - from), energy(from, to) - noise * (to - from));
  const first = over(-12, 120);
  return {
    snrDb: 20 * Math.log10(peak(-12, 240) / Math.sqrt(noise)),
    soonDb: 10 * Math.log10(over(120, 600) / first),
    lateDb: 10 * Math.log10(over(600, 3600) / first),
    latePeakDb: 20 * Math.log10(peak(600, 3600) / peak(-12, 240)),
  };
}

function highPassed(samples: Float32Array): Float32Array {
  const keep = Math.exp((-2 * Math.PI * 150) / rateHz);
  let last = 0;
  let state = 0;
  return samples.map((x) => {
    state = keep * (state + x - last);
    last = x;
    return state;
  });
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** Single shots, at every pulse that the vendor grouped. */
function liveFire(root: string): Ringing[] {
  const found: Ringing[] = [];
  for (const position of readdirSync(root).filter((name) => /^FP\d$/.test(name))) {
    for (const name of readdirSync(join(root, position))) {
      const path = join(root, position, name);
      if (json(join(path, `${name}.survey.json`)).num_rounds !== 1) continue;
      const grouped = new Set(
        json(join(path, `${name}.nlos-tuples.json`)).flatMap((group: { pulse_uuids: string[] }) => group.pulse_uuids),
      );
      const pulses = json(join(path, `${name}.allpulses.json`)) as {
        pulse_uuid: string;
        serial_number: string;
        arrival_time_utc: string;
      }[];
      for (const file of readdirSync(path).filter((each) => each.endsWith(".wav"))) {
        const { serial_number, timestamp } = json(join(path, file.replace(".wav", ".json")));
        const bytes = readFileSync(join(path, file)).subarray(44);
        const samples = Float32Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
        for (const pulse of pulses) {
          if (pulse.serial_number !== serial_number || !grouped.has(pulse.pulse_uuid)) continue;
          const at = Math.round(((Date.parse(pulse.arrival_time_utc) - Date.parse(timestamp)) / 1000) * rateHz);
          if (at > 2000 && at < samples.length - 6000) found.push(ringing(samples, at));
        }
      }
    }
  }
  return found;
}

function simulated(): Ringing[] {
  const cities = [1, 2, 3, 4].map((seed) => makeCity(seed, { nodes: 4 }));
  return Array.from({ length: 160 }, (_, seed) => {
    const weapon = (["45", "40", "9mm"] as const)[seed % 3]!;
    const options = {
      kind: "gunshot",
      weapon,
      rateHz,
      minDistanceM: 150,
      maxDistanceM: 800,
      clean: true,
      city: cities[seed % 4]!,
    } as const;
    const clip = renderTrainingClip(new Rng(seed), options);
    return ringing(clip.samples, Math.round(clip.onsetS! * rateHz));
  });
}

test("energy 10 to 50 ms and 50 to 300 ms after a far shot, and the late peaks, have the medians of live fire within 7 dB", () => {
  if (!folder || !existsSync(folder)) {
    console.log("skipped: TOCSIN_DATA does not point to a folder with pittsburgh/");
    return;
  }
  const clear = (all: Ringing[]) => all.filter((each) => each.snrDb > 18);
  const [real, sim] = [clear(liveFire(folder)), clear(simulated())];
  assert.ok(real.length > 60 && sim.length > 60, `${real.length} live, ${sim.length} simulated`);
  for (const figure of ["soonDb", "lateDb", "latePeakDb"] as const) {
    const median = (all: Ringing[]) => all.map((each) => each[figure]).sort((a, b) => a - b)[all.length >> 1]!;
    const off = median(sim) - median(real);
    assert.ok(Math.abs(off) < 7, `${figure}: simulated ${median(sim).toFixed(1)}, live ${median(real).toFixed(1)}`);
  }
});

test.run();
