import { test } from "uvu";
import * as assert from "uvu/assert";
import { measureSpeech } from "./voice-gate.ts";

const RATE = 16_000;

/** Park and Miller's generator: the same numbers every time. */
function noise(samples: number, level: number, seed = 5): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return level * 2 * (state / 2_147_483_647 - 0.5);
  });
}

/** A vowel: pulses of the glottis through two resonances (700 and 1200 Hz), its pitch gliding by a tenth. */
function vowel(sound: Float32Array, fromS: number, lengthS: number, pitchHz: number, level: number): void {
  let phase = 0;
  for (let i = 0; i < lengthS * RATE; i++) {
    phase += (pitchHz * (1 + (0.1 * i) / (lengthS * RATE))) / RATE;
    if (phase < 1) continue;
    phase -= 1;
    for (let k = 0; k < 0.012 * RATE; k++) {
      const t = k / RATE;
      const at = Math.round(fromS * RATE) + i + k;
      if (at < sound.length)
        sound[at]! +=
          level * Math.exp(-t / 0.003) * (Math.sin(2 * Math.PI * 700 * t) + 0.5 * Math.sin(2 * Math.PI * 1200 * t));
    }
  }
}

/** A muzzle blast and its reverberation, 0.6 s of noise that dies away. */
function blast(sound: Float32Array, atS: number): void {
  const tail = noise(Math.round(0.6 * RATE), 0.15, 77);
  for (let i = 0; i < tail.length; i++) {
    const u = i / RATE / 0.003;
    const at = Math.round(atS * RATE) + i;
    if (at < sound.length) sound[at]! += 0.8 * (1 - u) * Math.exp(-u) + tail[i]! * Math.exp(-i / RATE / 0.12);
  }
}

test("a shot with its reverberation over street noise is no speech: below 5 %", () => {
  const sound = noise(1.35 * RATE, 0.003);
  blast(sound, 0.5);
  const { speechProbability } = measureSpeech(sound, RATE);
  assert.ok(speechProbability < 0.05, `${speechProbability}`);
});

test("a vowel of 0.25 s is speech, at 110 and at 220 Hz, alone and before a shot", () => {
  for (const pitchHz of [110, 220]) {
    for (const shot of [false, true]) {
      const sound = noise(1.35 * RATE, 0.003);
      vowel(sound, 0.15, 0.25, pitchHz, 0.1);
      if (shot) blast(sound, 0.5);
      const { speechProbability } = measureSpeech(sound, RATE);
      assert.ok(speechProbability > 0.9, `${pitchHz} Hz, shot ${shot}: ${speechProbability}`);
    }
  }
});

test("the sampling rate does not matter: 48 kHz and 12 kHz say the same of the same vowel", () => {
  for (const rate of [12_000, 48_000]) {
    const at16 = noise(1.35 * RATE, 0.003);
    vowel(at16, 0.3, 0.3, 150, 0.1);
    const sound = Float32Array.from({ length: 1.35 * rate }, (_, i) => {
      const at = (i * RATE) / rate;
      const k = Math.min(at16.length - 2, Math.floor(at));
      return at16[k]! + (at - k) * (at16[k + 1]! - at16[k]!);
    });
    const { speechProbability, voicedFrames } = measureSpeech(sound, rate);
    assert.ok(speechProbability > 0.8, `${rate} Hz: ${speechProbability}, ${voicedFrames} frames`);
  }
});

test("silence and a clip too short to have pitch are no speech", () => {
  assert.ok(measureSpeech(new Float32Array(RATE), RATE).speechProbability < 0.01);
  assert.ok(measureSpeech(new Float32Array(100), RATE).speechProbability < 0.01);
});

test.run();
