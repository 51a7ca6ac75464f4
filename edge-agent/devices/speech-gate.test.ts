import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAudioFile } from "./audio-file.ts";
import { speechGate } from "./speech-gate.ts";

const data = process.env.TOCSIN_DATA;
/** What a node keeps of an impulse. */
const CLIP_S = 1.35;

test("a withheld clip carries no sound", () => {
  const rate = 16_000;
  const hum = Float32Array.from({ length: CLIP_S * rate }, (_, i) => 0.3 * Math.sin((2 * Math.PI * 140 * i) / rate));
  const verdict = speechGate.pass(hum, rate);
  assert.is(verdict.action, "withheld");
  assert.is(verdict.clip, undefined);
});

test("real clips: of 60 of people speaking 3 at most leave the node, of live-fire shots 95 % do", async () => {
  if (!data) return console.log("skipped: TOCSIN_DATA is not set");
  const rows = readFileSync(join(data, "sounds", "manifest.csv"), "utf8").split("\n");
  const speech = rows
    .filter((row) => row.split(",")[1] === "speech")
    .map((row) => join(data, "sounds", row.split(",")[0]!));
  assert.is(speech.length, 60);
  let left = 0;
  for (const file of speech) {
    const { channels, sampleRateHz } = await readAudioFile(file);
    if (speechGate.pass(channels[0]!.subarray(0, CLIP_S * sampleRateHz), sampleRateHz).action === "passed") left += 1;
  }
  const shots = ["FP1", "FP2", "FP3", "FP4", "FP5", "FP6"].flatMap((position) => {
    const folder = join(data, "pittsburgh", position);
    const recordings = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".wav"));
    return recordings.slice(0, 20).map((name) => join(folder, name));
  });
  let passed = 0;
  for (const file of shots) {
    const { channels, sampleRateHz } = await readAudioFile(file);
    const sound = channels[0]!;
    let peak = 0;
    for (let i = 0; i < sound.length; i++) if (Math.abs(sound[i]!) > Math.abs(sound[peak]!)) peak = i;
    const from = Math.max(0, peak - Math.round(0.5 * sampleRateHz));
    const clip = sound.subarray(from, from + Math.round(CLIP_S * sampleRateHz));
    if (speechGate.pass(clip, sampleRateHz).action === "passed") passed += 1;
  }
  console.log(`${left} of ${speech.length} speech clips left the node, ${passed} of ${shots.length} shots did`);
  assert.ok(left <= 3);
  assert.ok(passed >= 0.95 * shots.length);
});

test.run();
