/** People talk under a node, for tests: sentences in flite's voices as one sound, and PocketSphinx, which writes down what it understands. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { StreetNoise } from "#sim/acoustics/street-noise.ts";
import { Rng } from "#sim/rng.ts";
import { readAudioFile } from "../devices/audio-file.ts";

export const SPEECH_RATE_HZ = 16_000;
const sentences = [
  "please call my brother at home tonight",
  "the money is in the kitchen under the table",
  "we will meet at the station at seven",
  "the doctor said he has three weeks",
  "i live on maple street number forty two",
  "do not tell anyone about the letter",
  "my sister works for the hospital",
];
const voices = ["slt", "rms", "awb"];
const packages = join(import.meta.dirname, "..", "..", ".tocsin", "pocketsphinx");

/** What is not installed here of what speaks and understands. */
export const missingForSpeech = [
  spawnSync("flite", ["--version"]).error ? "flite" : "",
  existsSync(join(packages, "pocketsphinx")) ? "" : "pocketsphinx in .tocsin/",
].filter(Boolean);

/** Before the first sentence the ear learns the noise; each sentence has this much of the noise on either side. */
const LEAD_S = 1;
const PAD_S = 0.5;
const PEAK = 0.3;

export interface Talk {
  sound: Float32Array;
  /** Samples `[from, to)` of each sentence with the noise around it, without gaps. */
  parts: { words: string[]; from: number; to: number }[];
}

/** The sentences one after the other, 1 s apart, peaks at -10 dBFS, nothing else. */
export async function speak(folder: string): Promise<Talk> {
  const spoken: Float32Array[] = [];
  for (const [i, sentence] of sentences.entries()) {
    const file = join(folder, `said-${i}.wav`);
    const said = spawnSync("flite", ["-voice", voices[i % voices.length]!, "-t", sentence, "-o", file]);
    assert.is(said.status, 0, String(said.stderr));
    const { channels, sampleRateHz } = await readAudioFile(file);
    assert.is(sampleRateHz, SPEECH_RATE_HZ);
    const loudest = channels[0]!.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    spoken.push(channels[0]!.map((x) => (x * PEAK) / loudest));
  }
  const pad = PAD_S * SPEECH_RATE_HZ;
  let at = LEAD_S * SPEECH_RATE_HZ;
  const parts = spoken.map((speech, i) => {
    const from = at;
    at += speech.length + 2 * pad;
    return { words: sentences[i]!.split(" "), from, to: at };
  });
  const sound = new Float32Array(at + SPEECH_RATE_HZ);
  for (const [i, speech] of spoken.entries()) sound.set(speech, parts[i]!.from + pad);
  return { sound, parts };
}

/** The talk over a street's noise, its RMS `snrDb` below that of the speech while it lasts; a shot of 0.9 in each sentence's middle where asked. */
export function inStreet({ sound, parts }: Talk, snrDb: number, shots: boolean): Talk {
  const noise = new Float32Array(sound.length);
  const street = { levelDbSpl: 60, vehiclesPerMinute: 10, windMps: 1, highPassHz: 60 };
  new StreetNoise(new Rng(23), { rateHz: SPEECH_RATE_HZ, ...street }).addTo(noise, 0, noise.length);
  const said = sound.filter((x) => Math.abs(x) > 0.02 * PEAK);
  const gain = (rms(said) * 10 ** (-snrDb / 20)) / rms(noise);
  const heard = sound.map((x, i) => x + gain * noise[i]!);
  for (const { from, to } of shots ? parts : []) {
    const at = Math.round((from + to) / 2);
    for (let i = 0; i < 0.03 * SPEECH_RATE_HZ; i++) {
      const u = i / SPEECH_RATE_HZ / 0.003;
      heard[at + i]! += 0.9 * (1 - u) * Math.exp(-u);
    }
  }
  return { sound: heard, parts };
}

const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, each) => sum + each * each, 0) / x.length);

/** Words that are understood of each sound; sounds shorter than 0.1 s hold none. */
export function understand(folder: string, sounds: readonly Float32Array[]): string[][] {
  const lines = sounds.map((sound, i) => {
    const file = join(folder, `heard-${i}.raw`);
    const bytes = Buffer.alloc(2 * sound.length);
    for (const [k, x] of sound.entries())
      bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(32768 * x))), 2 * k);
    writeFileSync(file, bytes);
    return JSON.stringify({ file });
  });
  const done = spawnSync("python3", [join(import.meta.dirname, "fixtures", "recognise.py")], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: packages },
    maxBuffer: 2 ** 26,
  });
  assert.is(done.status, 0, done.stderr);
  return done.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { words: string[] }).words);
}

/** Share of the words said that were understood, in their order. */
export function recall(said: readonly string[][], understood: readonly string[][]): number {
  const total = said.reduce((sum, words) => sum + words.length, 0);
  return said.reduce((sum, words, i) => sum + wordsKept(words, understood[i]!), 0) / total;
}

/** Length of the longest common subsequence. */
export function wordsKept(said: readonly string[], heard: readonly string[]): number {
  let row = new Array<number>(heard.length + 1).fill(0);
  for (const word of said) {
    const next = [0];
    for (let j = 0; j < heard.length; j++) next.push(word === heard[j] ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    row = next;
  }
  return row.at(-1)!;
}
