/**
 * Near shots by code that shares nothing with training or simulator: Friedlander waves of any length, bare, over the ground, among
 * walls, with a tail, in bursts or behind an N-wave, in three colours of noise, through any sample rate, some clipped, some through a
 * telephone's band.
 */
import { createEar } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { Rng } from "#sim/rng.ts";
import { classifyAll } from "./classify-all.ts";

const KINDS = ["bare", "ground", "walls", "tail", "walls and tail", "burst", "N-wave before", "long tail"] as const;
const RATES = [8000, 16000, 22050, 44100, 48000];
const ONSET_S = 1.2;
const LENGTH_S = 2.4;
/** Parts of a sample that a wave is averaged over. */
const OVER = 8;

interface NearBlast {
  kind: (typeof KINDS)[number];
  samples: Float32Array;
  rate: number;
  snrDb: number;
}

/** Adds a Friedlander wave's mean over each sample. */
function addWave(out: Float64Array, rate: number, atS: number, peak: number, positiveS: number): void {
  const from = Math.max(0, Math.ceil(atS * rate) - 1);
  const to = Math.min(out.length, from + Math.ceil(12 * positiveS * rate) + 2);
  for (let i = from; i < to; i++) {
    let sum = 0;
    for (let part = 0; part < OVER; part++) {
      const t = (i + (part + 0.5) / OVER - 0.5) / rate - atS;
      if (t >= 0) sum += (1 - t / positiveS) * Math.exp(-t / positiveS);
    }
    out[i] = out[i]! + (peak * sum) / OVER;
  }
}

function addTail(out: Float64Array, rate: number, rng: Rng, rt60S: number): void {
  const part = rng.logUniform(0.02, 0.4);
  const kept = Math.exp((-2 * Math.PI * rng.logUniform(400, 4000)) / rate);
  let low = 0;
  for (let i = Math.round((ONSET_S + 0.003) * rate); i < out.length; i++) {
    low = kept * low + (1 - kept) * 3 * rng.normal();
    out[i] = out[i]! + part * low * 10 ** ((-3 * (i / rate - ONSET_S)) / rt60S);
  }
}

/** 300 to 3400 Hz, of first order. */
function telephone(out: Float64Array, rate: number): void {
  const high = Math.exp((-2 * Math.PI * 3400) / rate);
  const low = Math.exp((-2 * Math.PI * 300) / rate);
  let [smooth, before, passed] = [0, 0, 0];
  for (let i = 0; i < out.length; i++) {
    smooth = high * smooth + (1 - high) * out[i]!;
    passed = low * (passed + smooth - before);
    before = smooth;
    out[i] = passed;
  }
}

/** White, or what a low-pass at 400 Hz leaves of it, or both; RMS 1. */
function noiseOf(length: number, rate: number, rng: Rng): Float64Array {
  const [white, dull] = rng.pick([
    [1, 0],
    [0, 1],
    [0.2, 3],
  ] as const);
  const kept = Math.exp((-2 * Math.PI * 400) / rate);
  let low = 0;
  let sum = 0;
  const out = Float64Array.from({ length }, () => {
    const x = rng.normal();
    low = kept * low + (1 - kept) * x;
    const y = white * x + dull * low;
    sum += y * y;
    return y;
  });
  const rms = Math.sqrt(sum / length);
  return out.map((x) => x / rms);
}

function nearBlast(rng: Rng, kind: NearBlast["kind"]): NearBlast {
  const rate = rng.pick(RATES);
  const wave = new Float64Array(Math.round(LENGTH_S * rate));
  const positiveS = rng.logUniform(1.5e-4, 4e-3);
  const ground = { lateS: rng.logUniform(3e-4, 8e-3), gain: rng.uniform(0.3, 0.95) };
  const walls = Array.from({ length: 6 }, () => ({ lateS: rng.logUniform(8e-3, 0.4), gain: rng.uniform(0.05, 0.6) }));
  const everyS = rng.uniform(0.06, 0.15);
  const rounds = kind === "burst" ? rng.int(3, 8) : 1;
  for (let round = 0; round < rounds; round++) {
    const atS = ONSET_S + round * everyS;
    addWave(wave, rate, atS, 1, positiveS);
    if (kind === "bare") continue;
    addWave(wave, rate, atS + ground.lateS, ground.gain, 1.1 * positiveS);
    if (kind !== "walls" && kind !== "walls and tail" && kind !== "burst") continue;
    for (const { lateS, gain } of walls) {
      addWave(wave, rate, atS + lateS, rng.chance(0.3) ? -gain : gain, positiveS * rng.uniform(1, 2));
    }
  }
  if (kind === "N-wave before") {
    const fromS = ONSET_S - rng.logUniform(3e-3, 0.08);
    const lengthS = rng.uniform(1e-4, 5e-4);
    const peak = rng.uniform(0.3, 2);
    for (let i = Math.ceil(fromS * rate); i < (fromS + lengthS) * rate; i++) {
      wave[i] = wave[i]! + peak * (1 - (2 * (i / rate - fromS)) / lengthS);
    }
  }
  if (kind === "tail" || kind === "walls and tail") addTail(wave, rate, rng, rng.uniform(0.2, 1.2));
  if (kind === "long tail") addTail(wave, rate, rng, rng.uniform(1.2, 3));
  if (rng.chance(0.2)) telephone(wave, rate);
  const snrDb = rng.uniform(15, 50);
  const peak = wave.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const noise = noiseOf(wave.length, rate, rng);
  const drive = rng.chance(0.3) ? rng.logUniform(1, 8) : rng.uniform(0.1, 0.95);
  const samples = Float32Array.from(wave, (x, i) => {
    const level = drive * (x / peak + noise[i]! * 10 ** (-snrDb / 20));
    return Math.round(Math.max(-1, Math.min(1, level)) * 32767) / 32768;
  });
  return { kind, samples, rate, snrDb };
}

/** Part of the shots with an impulse over the threshold within 20 ms of the blast, or from the N-wave to there; by kind, and of those of 30 dB and more. */
export async function measureNearBlasts(classifier: Classifier, count: number) {
  const found: { kind: string; snrDb: number; hit: boolean }[] = [];
  for (let i = 0; i < count; i++) {
    const { kind, samples, rate, snrDb } = nearBlast(new Rng(`near-blast/${i}`), KINDS[i % KINDS.length]!);
    const fromS = ONSET_S - (kind === "N-wave before" ? 0.1 : 0.02);
    const heard = await classifyAll(samples, rate, classifier, createEar);
    const isShot = ({ onsetS, scores }: (typeof heard)[number]) =>
      onsetS > fromS && onsetS < ONSET_S + 0.02 && scores.gunshot >= classifier.threshold;
    found.push({ kind, snrDb, hit: heard.some(isShot) });
  }
  const recall = (of: typeof found) => of.filter(({ hit }) => hit).length / of.length;
  return {
    shots: count,
    recall: recall(found),
    recallFrom30Db: recall(found.filter(({ snrDb }) => snrDb >= 30)),
    byKind: Object.fromEntries(KINDS.map((name) => [name, recall(found.filter(({ kind }) => kind === name))])),
  };
}
