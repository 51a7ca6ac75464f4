/** Every impulse of a sound as the device would hear it, and the file that Python trains from. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MODEL_SAMPLES, ONSET_SAMPLE, resampleClip } from "#core/acoustics/clip-resampler.ts";
import { type Candidate, createEar } from "#core/acoustics/ear.ts";

/** Samples kept on either side, so that augmentation can shift the onset. */
const MARGIN = 120;

export interface Heard {
  /** MODEL_SAMPLES + 2 * MARGIN at the classifier's rate. */
  clip: Float32Array;
  candidate: Candidate;
  onsetS: number;
}

export function hear(samples: Float32Array, sampleRateHz: number): Heard[] {
  const heard: Heard[] = [];
  const ear = createEar({
    sampleRateHz,
    onCandidate: (candidate) => {
      const clip = new Float32Array(MODEL_SAMPLES + 2 * MARGIN);
      const onsetS = candidate.onsetTick / sampleRateHz;
      resampleClip(samples, sampleRateHz, onsetS, clip, ONSET_SAMPLE + MARGIN);
      heard.push({ clip, candidate, onsetS });
    },
  });
  for (let i = 0; i < samples.length; i += 512) ear.push(samples.subarray(i, i + 512));
  ear.flush();
  return heard;
}

/** `name.f32`: clips one after another; `name.jsonl`: a line for each. */
export function clipWriter(folder: string, name: string): { write(heard: Heard, row: object): void; close(): void } {
  const clips = openSync(join(folder, `${name}.f32`), "w");
  const lines = openSync(join(folder, `${name}.jsonl`), "w");
  return {
    write({ clip, candidate, onsetS }, row) {
      writeSync(clips, new Uint8Array(clip.buffer));
      writeSync(lines, `${JSON.stringify({ ...row, onsetS, ...candidate, onsetPicked: undefined })}\n`);
    },
    close() {
      closeSync(clips);
      closeSync(lines);
    },
  };
}
