/**
 * Runs the ear over recordings and writes what the classifier would hear of every impulse, for training and measuring.
 *
 *   node models/train/cut-clips.ts OUT DATA     DATA: the folder with pittsburgh/ and sounds/
 *
 * OUT/real.f32 holds one clip after the other, OUT/real.jsonl a line for each.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import { clipWriter, hear } from "./hear.ts";
import { listPulses, type Recording, recordings } from "./pittsburgh.ts";
import { foldsOf, readManifest } from "./sounds.ts";

function labelOf(recording: Recording, onsetS: number): { what: string; snrDb?: number; unsure?: boolean } {
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
  // Where the vendor grouped nothing, what is heard may well be the shots.
  return clear ? { what: "street", unsure: !pulses.some(({ grouped }) => grouped) } : { what: "echo" };
}

async function main(out: string, data: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const writer = clipWriter(out, "real");
  for (const recording of recordings(join(data, "pittsburgh"))) {
    const { channels, sampleRateHz } = await readAudioFile(recording.wav);
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      writer.write(heard, {
        source: "pittsburgh",
        group: recording.position,
        fold: Number(recording.position.slice(2)) - 1,
        file: recording.wav.slice(data.length + 1),
        sensor: recording.sensor,
        ...labelOf(recording, heard.onsetS),
      });
    }
  }
  const rows = readManifest(join(data, "sounds"));
  const folds = foldsOf(rows);
  for (const row of rows) {
    const { channels, sampleRateHz } = await readAudioFile(join(data, "sounds", row.file));
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      writer.write(heard, {
        source: "sounds",
        group: row.group,
        fold: folds.get(row.group)!,
        file: row.file,
        what: row.label,
        licence: row.licence,
      });
    }
  }
  writer.close();
}

const [out, data] = process.argv.slice(2);
if (!out || !data) throw new Error("usage: node models/train/cut-clips.ts OUT DATA");
await main(out, data);
