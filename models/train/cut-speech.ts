/**
 * Lets espeak-ng speak and writes what the classifier would hear of every impulse in it: recorded speech of a licence that
 * allows training is not at hand, and voices are what a lamppost hears most.
 *
 *   node models/train/cut-speech.ts OUT [COUNT]      writes OUT/speech.f32 and OUT/speech.jsonl
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import { Rng } from "#sim/rng.ts";
import { clipWriter, hear } from "./hear.ts";

const voices = ["en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "nl", "pl", "sv", "tr", "ko"];
const variants = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "croak", "whisper"];
const words = (
  "stop that please take the next bus back to the park and call peter about the broken gate kick open pack doctor " +
  "tomorrow people talk in the street quite loudly but today nobody can hear the car that passes by what time do you " +
  "come home bring bread butter cheese apples pepper tap it twice click clap cat kettle ticket pocket hello good morning " +
  "where is the station two three five eight ten twelve hundred the dog barks at the postman again and again"
).split(" ");

function main(out: string, count: number): void {
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "tocsin-speech-"));
  const rng = new Rng("speech");
  const writer = clipWriter(out, "speech");
  const next = async (index: number): Promise<void> => {
    if (index === count) return;
    const text = Array.from({ length: rng.int(4, 14) }, () => rng.pick(words)).join(rng.chance(0.3) ? ", " : " ");
    const file = join(folder, "speech.wav");
    const voice = `${rng.pick(voices)}+${rng.pick(variants)}`;
    const [speed, pitch] = [rng.int(110, 230), rng.int(15, 90)].map(String) as [string, string];
    execFileSync("espeak-ng", ["-v", voice, "-s", speed, "-p", pitch, "-w", file, text]);
    const { channels, sampleRateHz } = await readAudioFile(file);
    for (const heard of hear(channels[0]!, sampleRateHz)) {
      writer.write(heard, {
        source: "speech",
        group: `speech/${index}`,
        what: "speech",
        of: "speech",
        soundClass: "other",
      });
    }
    await next(index + 1);
  };
  void next(0).finally(() => {
    writer.close();
    rmSync(folder, { recursive: true });
  });
}

const [out, count] = process.argv.slice(2);
if (!out) throw new Error("usage: node models/train/cut-speech.ts OUT [COUNT]");
main(out, Number(count ?? 300));
