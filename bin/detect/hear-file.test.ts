import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import { pcm16Of, wavOf } from "#core/acoustics/wav-file.ts";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { newestModel } from "../newest-model.ts";
import { hearFile } from "./hear-file.ts";
import { liveliest, takeOffsetOff } from "./prepare-sound.ts";

const RATE = 48_000;
const classifier = await openOnnxClassifier(await newestModel(undefined));
const folder = mkdtempSync(join(tmpdir(), "tocsin-hear-file-"));
test.after(async () => {
  await classifier.close();
  rmSync(folder, { recursive: true });
});

function shotAt(atS: number, level = 1): Float32Array {
  const sound = noise(2 * RATE, 0.002 * level, 5);
  addBlast(sound, RATE, atS, 0.6 * level, 0.0011);
  addBlast(sound, RATE, atS + 0.006, 0.25 * level, 0.0014);
  addBlast(sound, RATE, atS + 0.055, -0.06 * level, 0.002);
  return sound;
}

function saved(name: string, samples: Float32Array, rateHz = RATE): string {
  const file = join(folder, name);
  writeFileSync(file, wavOf(pcm16Of(samples), rateHz));
  return file;
}

test("a converter's offset of 10 % of full scale, three times the shot, changes neither probability nor peak", async () => {
  const shot = shotAt(1, 0.05);
  const [plain] = (await hearFile(saved("plain.wav", shot), classifier)).detections;
  const [offset] = (
    await hearFile(
      saved(
        "offset.wav",
        shot.map((x) => x + 0.1),
      ),
      classifier,
    )
  ).detections;
  assert.ok(plain!.gunshot && offset!.gunshot, `${plain!.probability} ${offset!.probability}`);
  assert.ok(Math.abs(plain!.probability - offset!.probability) < 0.02);
  assert.ok(Math.abs(plain!.peakDbFs - offset!.peakDbFs) < 0.1, `${plain!.peakDbFs} ${offset!.peakDbFs}`);
  assert.ok(Math.abs(plain!.onsetS - offset!.onsetS) < 1e-5);
});

test("only a clear offset is taken off: no square wave's half, no padding, no step of 8 bits", () => {
  const square = Float32Array.from({ length: RATE }, (_, i) => (i % 480 < 240 ? 0.9 : -0.9));
  const taken = square.slice();
  takeOffsetOff(taken, RATE);
  assert.equal(taken, square);
  const padded = new Float32Array(RATE).fill(0.25, RATE / 2);
  takeOffsetOff(padded, RATE);
  assert.ok(padded.every((x) => x === 0));
  const lone = new Float32Array(RATE).fill(0.9, RATE / 2, RATE / 2 + 20);
  takeOffsetOff(lone, RATE);
  assert.is(lone[RATE / 2], Math.fround(0.9));
  const eight = noise(RATE, 0.008, 3).map((x) => Math.round(128 * x) / 128);
  const kept = eight.slice();
  takeOffsetOff(eight, RATE);
  assert.equal(eight, kept);
});

test("of a channel with loud hum, one of loud wind and one with a shot, the shot's is heard, also where a fourth hears it fainter", () => {
  const hum = Float32Array.from({ length: 2 * RATE }, (_, i) => 0.7 * Math.cos((2 * Math.PI * 50 * i) / RATE));
  const wind = noise(2 * RATE, 1, 8);
  let slow = 0;
  for (let i = 0; i < wind.length; i++) wind[i] = slow += 0.002 * (wind[i]! - slow);
  const shot = shotAt(1, 0.3);
  assert.is(liveliest([hum, wind, shot.map((x) => 0.3 * x), shot], RATE), 3);
  assert.is(liveliest([new Float32Array(RATE), noise(RATE, 0.01)], RATE), 1);
});

test("a shot whose first 0.2 ms the file does not hold: at 0, with a sigma that says so", async () => {
  const shot = shotAt(0.5).subarray(0.5002 * RATE);
  const [first] = (await hearFile(saved("cut-off.wav", shot), classifier)).detections;
  assert.ok(first!.onsetS < 1e-4 && first!.gunshot, JSON.stringify(first));
  assert.is(first!.onsetSigmaS, 0.007);
  assert.is(first!.atEdge, true);
});

test("0.3 s of noise at one level: an impulse begins them that the ear alone did not find, told as such and as no gunshot", async () => {
  const [first, ...others] = (await hearFile(saved("pressed.wav", noise(0.3 * RATE, 0.3, 6)), classifier)).detections;
  assert.ok(first!.begins && first!.onsetS < 0.001 && first!.onsetSigmaS >= 0.007, JSON.stringify(first));
  assert.ok(first!.probability < 0.3, `${first!.probability}`);
  assert.is(others.length, 0);
});

test("what a person should know of a file is said: a channel of zeros, a rate that cannot be heard, a channel that is not there", async () => {
  const { detections, remarks } = await hearFile(saved("zeros.wav", new Float32Array(RATE)), classifier);
  assert.is(detections.length, 0);
  assert.match(remarks.join(), "nothing but one value");
  const why = (file: string, channel?: number) =>
    hearFile(file, classifier, channel).then(
      () => "heard",
      (error: Error) => error.message,
    );
  assert.match(
    await why(saved("slow.wav", new Float32Array(3000).fill(0.1), 3000)),
    "slow.wav: its sample rate is 3000 Hz",
  );
  assert.match(await why(saved("mono.wav", shotAt(1)), 1), "mono.wav: has no channel 1; there is only 0");
});

test.run();
