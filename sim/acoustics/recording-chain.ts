/** What recorders do to sound after the microphone: filters, limiters, codecs. For clips that must not all look like one system's. */
import type { Rng } from "../rng.ts";

export interface ChainStep {
  name: string;
  value: number;
}

/** Second-order section in direct form II transposed (Bristow-Johnson's cookbook), in place. */
function biquad(samples: Float32Array, b: readonly number[], a: readonly number[]): void {
  let z1 = 0;
  let z2 = 0;
  const [b0, b1, b2] = b as [number, number, number];
  const [a0, a1, a2] = a as [number, number, number];
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i]!;
    const y = (b0 * x) / a0 + z1;
    z1 = (b1 * x) / a0 - (a1 * y) / a0 + z2;
    z2 = (b2 * x) / a0 - (a2 * y) / a0;
    samples[i] = y;
  }
}

function pass(samples: Float32Array, kind: "low" | "high", hz: number, rateHz: number, q: number): void {
  const w = (2 * Math.PI * Math.min(hz, 0.49 * rateHz)) / rateHz;
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const edge = kind === "low" ? 1 - cos : 1 + cos;
  biquad(samples, [edge / 2, kind === "low" ? edge : -edge, edge / 2], [1 + alpha, -2 * cos, 1 - alpha]);
}

/** Causal low-pass of even order; its delay is the recorder's, the onset moves by it. */
export function lowPass(samples: Float32Array, hz: number, rateHz: number, order = 4): void {
  for (let i = 0; i < order / 2; i++)
    pass(samples, "low", hz, rateHz, 1 / (2 * Math.cos((Math.PI * (2 * i + 1)) / (2 * order))));
}

export function highPass(samples: Float32Array, hz: number, rateHz: number): void {
  pass(samples, "high", hz, rateHz, Math.SQRT1_2);
}

/** A bump or dip of the microphone's or housing's response. */
export function peaking(samples: Float32Array, hz: number, rateHz: number, gainDb: number, q: number): void {
  const w = (2 * Math.PI * hz) / rateHz;
  const size = 10 ** (gainDb / 40);
  const alpha = Math.sin(w) / (2 * q);
  const cos = -2 * Math.cos(w);
  biquad(samples, [1 + alpha * size, cos, 1 - alpha * size], [1 + alpha / size, cos, 1 - alpha / size]);
}

/** G.711's mu-law companding and back. */
export function muLaw(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const x = Math.max(-1, Math.min(1, samples[i]!));
    const y = Math.round((Math.sign(x) * Math.log1p(255 * Math.abs(x)) * 127) / Math.log(256)) / 127;
    samples[i] = (Math.sign(y) * Math.expm1(Math.abs(y) * Math.log(256))) / 255;
  }
}

const imaIndex = [-1, -1, -1, -1, 2, 4, 6, 8];
const imaSteps = Array.from({ length: 89 }, (_, i) => Math.round(7 * 1.1 ** i));

/** IMA ADPCM, 4 bits a sample, and back: what cheap recorders store. */
export function adpcm(samples: Float32Array): void {
  let predicted = 0;
  let index = 0;
  for (let i = 0; i < samples.length; i++) {
    const step = imaSteps[index]!;
    const off = Math.max(-1, Math.min(1, samples[i]!)) * 32_767 - predicted;
    const code = Math.min(7, Math.floor((Math.abs(off) * 4) / step));
    const change = ((code + 0.5) * step) / 4;
    predicted = Math.max(-32_768, Math.min(32_767, predicted + (off < 0 ? -change : change)));
    index = Math.max(0, Math.min(88, index + imaIndex[code]!));
    samples[i] = predicted / 32_768;
  }
}

/** A limiter with memory: gain falls within `attackS` once the envelope passes `threshold`, recovers over `releaseS`. */
export function limit(
  samples: Float32Array,
  rateHz: number,
  threshold: number,
  attackS: number,
  releaseS: number,
): void {
  const attack = Math.exp(-1 / (attackS * rateHz));
  const release = Math.exp(-1 / (releaseS * rateHz));
  let envelope = 0;
  for (let i = 0; i < samples.length; i++) {
    const size = Math.abs(samples[i]!);
    const keep = size > envelope ? attack : release;
    envelope = keep * envelope + (1 - keep) * size;
    if (envelope > threshold) samples[i] = (samples[i]! * threshold) / envelope;
  }
}

export function softClip(samples: Float32Array, knee: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = knee * Math.tanh(samples[i]! / knee);
}

export function quantise(samples: Float32Array, bits: number): void {
  const steps = 2 ** (bits - 1);
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.max(-steps, Math.min(steps - 1, Math.round(samples[i]! * steps))) / steps;
}

/** A random recorder, in place; says what it did. The same recorders serve every kind of sound. */
export function randomChain(samples: Float32Array, rateHz: number, rng: Rng): ChainStep[] {
  const steps: ChainStep[] = [];
  const told = (name: string, value: number) => steps.push({ name, value: Number(value.toFixed(4)) });
  if (rng.chance(0.5)) {
    const hz = rng.logUniform(20, 250);
    highPass(samples, hz, rateHz);
    told("highPassHz", hz);
  }
  for (let bumps = rng.int(0, 2); bumps > 0; bumps--) {
    const hz = rng.logUniform(120, Math.min(6000, 0.4 * rateHz));
    const gainDb = rng.normal(0, 4);
    peaking(samples, hz, rateHz, gainDb, rng.uniform(0.5, 2));
    told(`bumpAt${Math.round(hz)}HzDb`, gainDb);
  }
  if (rng.chance(0.6)) {
    const hz = rng.logUniform(1800, Math.min(7600, 0.48 * rateHz));
    lowPass(samples, hz, rateHz, rng.pick([2, 4, 8]));
    told("lowPassHz", hz);
  }
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
  if (rng.chance(0.15)) {
    const threshold = peak * rng.uniform(0.15, 0.7);
    limit(samples, rateHz, threshold, rng.logUniform(0.5e-3, 10e-3), rng.logUniform(0.03, 0.5));
    told("limiter", threshold);
  }
  if (rng.chance(0.15)) {
    const knee = peak * rng.uniform(0.3, 1);
    softClip(samples, knee);
    told("softClip", knee);
  }
  const codec = rng.uniform();
  if (codec < 0.12) {
    muLaw(samples);
    told("muLaw", 8);
  } else if (codec < 0.23) {
    adpcm(samples);
    told("adpcm", 4);
  } else if (codec < 0.38) {
    // Few bits hurt only what uses them: counted from the loudest sample.
    const bits = rng.int(8, 12);
    const scale = 2 ** Math.ceil(Math.log2(peak));
    for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! / scale;
    quantise(samples, bits);
    for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * scale;
    told("bits", bits);
  }
  return steps;
}
