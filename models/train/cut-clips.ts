/**
 * Runs the ear over recordings and writes what the classifier would hear of every impulse, for training and measuring.
 *
 *   node models/train/cut-clips.ts OUT DATA     DATA: the folder with pittsburgh/ and sounds/
 *
 * OUT/real.f32 holds one clip of MODEL_SAMPLES + 2 * MARGIN after the other, OUT/real.jsonl a line for each.
 */
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MODEL_SAMPLES, ONSET_SAMPLE, resampleClip } from "#core/acoustics/clip-resampler.ts";
import { type Candidate, createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import { listPulses, type Recording, recordings } from "./pittsburgh.ts";
import { readManifest } from "./sounds.ts";

/** Samples kept on either side for augmentation to shift the onset. */
const MARGIN = 120;

export interface Heard {
  clip: Float32Array;
  candidate: Candidate;
  onsetS: number;
}

/** Every impulse of a sound, with its clip at the classifier's rate. */
export function hear(samples: Float32Array, sampleRateHz: number): Heard[] {
  const heard: Heard[] = [];
  const ear = createEar({
    sampleRateHz,
    onCandidate: (candidate) => {
      const clip = new Float32Array(MODEL_SAMPLES + 2 * MARGIN);
      resampleClip(samples, sampleRateHz, candidate.onsetTick / sampleRateHz, clip, ONSET_SAMPLE + MARGIN);
      heard.push({ clip, candidate, onsetS: candidate.onsetTick / sampleRateHz });
    },
  });
  for (let i = 0; i < samples.length; i += 512) ear.push(samples.subarray(i, i + 512));
  ear.flush();
  return heard;
}

function labelOf(recording: Recording, onsetS: number): { what: string; snrDb?: number } {
  const pulses = listPulses(recording);
  let nearest: (typeof pulses)[number] | undefined;
  for (const pulse of pulses) {
    if (!nearest || Math.abs(pulse.atS - onsetS) < Math.abs(nearest.atS - onsetS)) nearest = pulse;
  }
  if (nearest && Math.abs(nearest.atS - onsetS) < 0.012) {
    return { what: nearest.grouped ? "shot" : "ungrouped", snrDb: nearest.snrDb };
  }
  const since = pulses.filter((pulse) => pulse.grouped && pulse.atS < onsetS).map((pulse) => onsetS - pulse.atS);
  const until = pulses.filter((pulse) => pulse.atS >= onsetS).map((pulse) => pulse.atS - onsetS);
  // Between shots: neither in the echoes of one nor with one inside the clip.
  const clear = Math.min(...since, 99) > 1.5 && Math.min(...until, 99) > 1;
  return { what: clear ? "street" : "echo" };
}

async function main(out: string, data: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const clips = createWriteStream(join(out, "real.f32"));
  const lines = createWriteStream(join(out, "real.jsonl"));
  const write = (heard: Heard, row: object) => {
    clips.write(Buffer.from(heard.clip.buffer));
    lines.write(`${JSON.stringify({ ...row, onsetS: heard.onsetS, ...heard.candidate })}\n`);
  };
  for (const recording of recordings(join(data, "pittsburgh"))) {
    const { channels, sampleRateHz } = await readAudioFile(recording.wav);
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      write(heard, {
        source: "pittsburgh",
        group: recording.position,
        file: recording.wav.slice(data.length + 1),
        sensor: recording.sensor,
        ...labelOf(recording, heard.onsetS),
      });
    }
  }
  for (const row of readManifest(join(data, "sounds"))) {
    const { channels, sampleRateHz } = await readAudioFile(join(data, "sounds", row.file));
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      write(heard, {
        source: "sounds",
        group: `${row.source}/${row.group}`,
        file: row.file,
        what: row.label,
        licence: row.licence,
      });
    }
  }
  clips.end();
  lines.end();
}

if (import.meta.main) {
  const [out, data] = process.argv.slice(2);
  if (!out || !data) throw new Error("usage: node models/train/cut-clips.ts OUT DATA");
  for (const folder of ["pittsburgh", "sounds"]) readdirSync(join(data, folder));
  readFileSync(join(data, "sounds", "manifest.csv"));
  await main(out, data);
}
